//! What is wrong with the file, and where.

use std::fmt;
use std::ops::Range;

/// A place in a text, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct Place {
    pub line: usize,
    /// In characters.
    pub column: usize,
}

impl Place {
    pub fn of(text: &str, span: &Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let tail = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: tail.chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

/// One fault. It never shows the line: that may hold a secret, also where its key is misspelt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) struct Fault {
    pub at: Place,
    pub message: String,
}

impl Fault {
    /// What the parser says of a piece of the file that begins at `otherwise` unless it knows better.
    pub fn of_parser(text: &str, error: &toml::de::Error, otherwise: &Range<usize>) -> Self {
        let span = error.span().unwrap_or_else(|| otherwise.clone());
        Self { at: Place::of(text, &span), message: reword(error.message().trim_end()) }
    }
}

/// The message of serde without the value that stands there.
fn reword(message: &str) -> String {
    let unfit = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    let Some((got, expected)) = unfit.and_then(|text| text.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let got = match got.split(' ').next().unwrap_or_default() {
        "string" => "a text",
        "integer" => "a whole number",
        "floating" => "a number",
        "boolean" => "true or false",
        "sequence" => "an array",
        "map" => "a table",
        _ => "something else",
    };
    let expected = match expected {
        "a string" | "path string" => "a text",
        "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    format!("expected {expected}, got {got}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "a = 1\nä = \"ö\" b";
        assert_eq!(Place::of(text, &(0..1)).to_string(), "1:1");
        let at = text.find('b').expect("a letter");
        assert_eq!(Place::of(text, &(at..at + 1)).to_string(), "2:9");
        assert_eq!(Place::of(text, &(1000..1001)).line, 2);
    }

    #[test]
    fn messages_do_not_repeat_values() {
        let said = reword("invalid type: string \"s3cret, expected nothing\", expected usize");
        assert_eq!(said, "expected a whole number, got a text");
        assert_eq!(reword("unknown variant `a`, expected `b`"), "unknown variant `a`, expected `b`");
    }
}
