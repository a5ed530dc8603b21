//! Cuts and stitches in encoded text, for [forgeries](super::forge).

use super::encode::base64url;

/// A token of these parts.
pub(crate) fn join<const N: usize>(parts: [&str; N]) -> Vec<u8> {
    parts.join(".").into_bytes()
}

/// base64url with padding.
pub(crate) fn padded(bytes: impl AsRef<[u8]>) -> String {
    let mut text = base64url(bytes);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Replaces the character in the middle.
pub(crate) fn with_asterisk(text: &str) -> String {
    let middle = text.len() / 2;
    text.char_indices().map(|(index, c)| if index == middle { '*' } else { c }).collect()
}

/// The text of an object without its closing brace.
pub(crate) fn cut_brace(object: &str) -> &str {
    object.strip_suffix('}').unwrap_or(object)
}

/// The text of an object with one member more, in front.
pub(crate) fn prepend(member: &str, object: &str) -> String {
    let rest = object.strip_prefix('{').unwrap_or(object);
    let comma = if rest == "}" { "" } else { "," };
    format!("{{{member}{comma}{rest}")
}

/// The text of an object with one member more, at the end, where it may be anything.
pub(crate) fn append(object: &str, member: &[u8]) -> Vec<u8> {
    let mut bytes = cut_brace(object).as_bytes().to_vec();
    if bytes != b"{" {
        bytes.push(b',');
    }
    bytes.extend_from_slice(member);
    bytes.push(b'}');
    bytes
}

/// A raw ECDSA signature as the DER `SEQUENCE` of two `INTEGER`s (RFC 3279 section 2.2.3).
pub(crate) fn der(raw: &[u8]) -> Vec<u8> {
    let (r, s) = raw.split_at(raw.len() / 2);
    let mut content = Vec::new();
    for number in [r, s] {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
        let digits = &number[start..];
        // The first bit is the sign, so a number that has it set gets a zero byte in front.
        let sign = digits.first().is_none_or(|byte| *byte >= 0x80);
        content.extend([2, digits.len() as u8 + u8::from(sign)]);
        content.extend(sign.then_some(0));
        content.extend_from_slice(digits);
    }
    // P-384 gives 104 bytes at most, so one length byte is always enough.
    let mut sequence = vec![0x30, content.len() as u8];
    sequence.extend(content);
    sequence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_added_with_a_comma_where_one_is_due() {
        assert_eq!(prepend("\"a\":1", "{}"), "{\"a\":1}");
        assert_eq!(prepend("\"a\":1", "{\"b\":2}"), "{\"a\":1,\"b\":2}");
        assert_eq!(append("{}", b"\"a\":1"), b"{\"a\":1}");
        assert_eq!(append("{\"b\":2}", b"\"a\":1"), b"{\"b\":2,\"a\":1}");
    }

    #[test]
    fn der_numbers_are_positive_and_minimal() {
        assert_eq!(der(&[0x80, 0x01]), [0x30, 7, 2, 2, 0, 0x80, 2, 1, 1]);
        assert_eq!(der(&[0, 0x7f, 0, 0]), [0x30, 6, 2, 1, 0x7f, 2, 1, 0]);
    }

    #[test]
    fn padding_and_asterisk() {
        assert_eq!((padded("a"), padded("abc")), ("YQ==".into(), "YWJj".into()));
        assert_eq!(with_asterisk("abcd"), "ab*d");
    }
}
