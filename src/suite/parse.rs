//! YAML to the typed model, with faults at their places.

use serde::de::DeserializeOwned;

use super::at::Position;
use super::error::{SourceText, SuiteError};

/// Reads `file` as a `T`. Scalars are what they look like: no YAML 1.1 booleans, no octal numbers, no tags.
pub(crate) fn parse<T: DeserializeOwned>(file: &SourceText) -> Result<T, SuiteError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
    };
    serde_saphyr::from_str_with_options(&file.text, options).map_err(|error| {
        let position =
            error.location().map(|place| Position { line: place.line() as usize, column: place.column() as usize });
        let text = error.without_snippet().to_string();
        let (message, help) = reword(&text);
        let fault = SuiteError::new(file, position, message);
        match help {
            Some(help) => fault.help(help),
            None => fault,
        }
    })
}

/// The message without the place that the parser puts into it, and what was expected apart.
fn reword(text: &str) -> (String, Option<String>) {
    let text = match text.find(" at line ") {
        Some(at) => &text[..at],
        None => text,
    };
    let text = match text.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, rest)) => rest,
        None => text,
    };
    match text.split_once(", expected ") {
        Some((message, expected)) => (message.to_owned(), Some(format!("expected {expected}"))),
        None => (text.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::model::section::Section;

    fn fault(text: &str) -> SuiteError {
        let file = SourceText { name: "t.yaml".to_owned(), text: text.into() };
        parse::<Section>(&file).map(|_| ()).expect_err("is refused")
    }

    #[test]
    fn a_misspelt_key_is_located() {
        let error = fault(
            "section: \"1\"\ntitle: t\ncases:\n  - name: a\n    title: b\n    steps:\n      - push: {}\n        expcet: {}\n",
        );
        assert_eq!(error.position, Some(Position { line: 8, column: 9 }), "{error}");
        assert!(error.message.contains("expcet"), "{error}");
        assert!(error.help.as_deref().is_some_and(|help| help.contains("expect")), "{error:?}");
    }

    #[test]
    fn duplicate_keys_and_wrong_types_are_refused() {
        assert!(fault("section: \"1\"\ntitle: t\ntitle: u\n").message.contains("duplicate"));
        let error = fault("section: \"1\"\ntitle: t\nrules:\n  - on: nonsense\n    expect: {}\n");
        assert_eq!(error.position.map(|place| place.line), Some(4), "{error}");
    }
}
