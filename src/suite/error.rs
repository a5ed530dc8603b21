//! Faults in suite files and fixtures, each with its place.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::at::Position;

/// One fault: the file, the place, what was wrong and what was expected.
#[derive(Debug, Clone)]
pub struct SuiteError {
    /// The name of the file: its path in the binary (`suites/rfc8935/2.2-success-response.yaml`) or on the disk.
    pub file: String,
    /// Where in the file; absent if the whole file is meant.
    pub position: Option<Position>,
    /// What is wrong, without the place: ``unknown field `expcet` ``.
    pub message: String,
    /// What to do about it: ``did you mean `expect`?``.
    pub help: Option<String>,
    /// The text of the file, for the excerpt.
    text: std::sync::Arc<str>,
}

impl SuiteError {
    pub(crate) fn new(file: &SourceText, position: Option<Position>, message: impl Into<String>) -> Self {
        Self { file: file.name.clone(), position, message: message.into(), help: None, text: file.text.clone() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The fault with an excerpt of the file, as a terminal shows it.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let Some((start, end)) = self.position.and_then(|place| byte_span(&self.text, place)) else {
            let mut text = format!("error: {}\n --> {}", self.message, self.file);
            if let Some(help) = &self.help {
                text.push_str(&format!("\n  = help: {help}"));
            }
            return text;
        };
        let snippet =
            Snippet::source(&*self.text).path(self.file.as_str()).annotation(AnnotationKind::Primary.span(start..end));
        let mut group = Level::ERROR.primary_title(self.message.as_str()).element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group]).to_string()
    }
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(place) => write!(f, "{}:{}:{}: {}", self.file, place.line, place.column, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for SuiteError {}

/// A file that has been read: the name that errors show, and its text.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// The path that errors show.
    pub name: String,
    /// The whole file; empty if it could not be read.
    pub text: std::sync::Arc<str>,
}

/// From the place to the end of the word or quoted text that stands there.
fn byte_span(text: &str, place: Position) -> Option<(usize, usize)> {
    let mut offset = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number + 1 == place.line {
            let content = line.trim_end_matches(['\n', '\r']);
            let start = content.char_indices().nth(place.column.saturating_sub(1)).map_or(content.len(), |(at, _)| at);
            let rest = &content[start..];
            let length = rest.find([' ', ',', '}', ':']).filter(|at| *at > 0).unwrap_or(rest.len()).max(1);
            // A place behind the end of a line stays in that line.
            let end = (start + length).min(content.len());
            return Some((offset + start, (offset + end).min(text.len())));
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_place() {
        let file = SourceText { name: "suites/x.yaml".to_owned(), text: "a: 1\nexpcet: {}\n".into() };
        let error = SuiteError::new(&file, Some(Position { line: 2, column: 1 }), "unknown field `expcet`")
            .help("did you mean `expect`?");
        let shown = error.render(false);
        assert!(shown.contains("suites/x.yaml:2:1"), "{shown}");
        assert!(shown.contains("expcet: {}"), "{shown}");
        assert!(shown.contains("^^^^^^"), "{shown}");
        assert!(shown.contains("did you mean"), "{shown}");
        assert_eq!(error.to_string(), "suites/x.yaml:2:1: unknown field `expcet`");
    }

    #[test]
    fn places_outside_the_text_are_harmless() {
        let file = SourceText { name: "x".to_owned(), text: "".into() };
        for position in [Position { line: 1, column: 1 }, Position { line: 9, column: 9 }, Position::default()] {
            SuiteError::new(&file, Some(position), "m").render(false);
        }
    }
}
