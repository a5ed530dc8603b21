//! JSON in one line, laid out in several. Nothing but white space is added: members stay in order and numbers as they were.

use serde::de::IgnoredAny;

/// What fits into a line or two is left as it is, in characters.
const SHORT: usize = 100;

/// How deep what is laid out may be nested: the white space of what is deeper would be most of the page.
const DEEPEST: usize = 12;

/// The text in several lines, if it is long, stands in one line and is a JSON object or array.
pub(super) fn laid_out(text: &str) -> Option<String> {
    let text = text.trim();
    let is_long = text.len() > SHORT && !text.contains('\n');
    if !is_long || !text.starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let (mut quoted, mut escaped) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while characters.next_if(|c| c.is_whitespace()).is_some() {}
                if let Some(end) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(end);
                    continue;
                }
                depth += 1;
                if depth > DEEPEST {
                    return None;
                }
                start_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                start_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                start_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    Some(out)
}

fn start_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_stay_as_they_are() {
        let text = r#"{"a":1.50,"a":[],"b":{"c d":"{\"x\\\",:[\\\\"},"n":[1e3, true ,null],"long":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
        let shown = laid_out(text).expect("it is JSON");
        assert!(
            shown.starts_with(
                "{\n  \"a\": 1.50,\n  \"a\": [],\n  \"b\": {\n    \"c d\": \"{\\\"x\\\\\\\",:[\\\\\\\\\"\n  },\n"
            ),
            "{shown}"
        );
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(bare(&shown), bare(text));
    }

    #[test]
    fn what_is_short_deep_or_no_json_is_left_alone() {
        let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
        for text in ["{}", r#"{"short":true}"#, &"{".repeat(200), &"x".repeat(200), &deep] {
            assert_eq!(laid_out(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_means_the_same(value in "[a-z\\\\\"\\[\\]{},: ]{100,200}") {
            let json = serde_json::json!({ "text": value, "list": [value, 1, {}] });
            let shown = laid_out(&json.to_string()).expect("it is JSON");
            proptest::prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), json);
        }
    }
}
