//! PEM (RFC 7468), as far as keys need it.

use super::encode::{base64_standard, from_base64_standard};
use super::error::KeyError;

/// One block: its label and its DER content.
pub(crate) struct Block {
    pub label: String,
    pub der: Vec<u8>,
}

const EXPECTED: &str = "a block labelled PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY";

/// The first private key in `text`. Blocks of other kinds before it (EC PARAMETERS, certificates) are passed over.
pub(crate) fn private_key(text: &str) -> Result<Block, KeyError> {
    let bad = |found: String| KeyError::Pem { expected: EXPECTED, found };
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let Some((label, after)) = after.split_once("-----") else {
            return Err(bad("a BEGIN line without its end".into()));
        };
        let end = format!("-----END {label}-----");
        let Some((body, after)) = after.split_once(end.as_str()) else {
            return Err(bad(format!("{label} without its END line")));
        };
        rest = after;
        if !label.ends_with("PRIVATE KEY") {
            labels.push(label.to_owned());
            continue;
        }
        if label.starts_with("ENCRYPTED") || body.contains("ENCRYPTED") {
            return Err(bad("a key encrypted with a passphrase".into()));
        }
        let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = from_base64_standard(&base64)
            .map_err(|error| bad(format!("{label} whose content is not base64 ({error})")))?;
        return Ok(Block { label: label.to_owned(), der });
    }
    Err(bad(match labels.as_slice() {
        [] => "text without a PEM block".into(),
        labels => format!("only {}", labels.join(", ")),
    }))
}

/// Writes one block, 64 characters a line.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, c) in base64_standard(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_block_is_read_again_behind_others() {
        let der: Vec<u8> = (0..=255).collect();
        let text = format!("junk\n{}{}", write("EC PARAMETERS", b"x"), write("PRIVATE KEY", &der));
        let block = private_key(&text).unwrap();
        assert_eq!((block.label.as_str(), block.der), ("PRIVATE KEY", der));
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn what_is_not_a_private_key_is_named() {
        let error = |text: &str| match private_key(text) {
            Ok(block) => panic!("read as {}", block.label),
            Err(error) => error.to_string(),
        };
        assert!(error("hello").contains("without a PEM block"));
        assert!(error(&write("PUBLIC KEY", b"x")).contains("only PUBLIC KEY"));
        assert!(error(&write("ENCRYPTED PRIVATE KEY", b"x")).contains("passphrase"));
        assert!(error("-----BEGIN PRIVATE KEY-----\nAA").contains("END"));
        assert!(error("-----BEGIN PRIVATE KEY").contains("BEGIN line"));
        assert!(error("-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----").contains("base64"));
    }
}
