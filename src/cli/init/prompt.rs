//! How questions reach somebody.

use inquire::validator::Validation;
use inquire::{InquireError, Select, Text};

use crate::cli::console::Failure;
use crate::run::outcome::ExitCode;

/// Whether an answer will do, and if not, why.
pub(super) type Fits = fn(&str) -> Result<(), String>;

/// Who answers.
pub(super) trait Prompt {
    /// One of several; gives its index.
    fn select(&mut self, question: &str, choices: &[String]) -> Result<usize, Failure>;
    /// A text, which may be empty.
    fn text(&mut self, question: &str, help: &str, default: &str, fits: Fits) -> Result<String, Failure>;
}

/// Somebody at a terminal.
pub(super) struct Terminal;

impl Prompt for Terminal {
    fn select(&mut self, question: &str, choices: &[String]) -> Result<usize, Failure> {
        let answer = Select::new(question, choices.to_vec()).raw_prompt().map_err(failure)?;
        Ok(answer.index)
    }

    fn text(&mut self, question: &str, help: &str, default: &str, fits: Fits) -> Result<String, Failure> {
        let valid = move |text: &str| {
            Ok(match fits(text.trim()) {
                Ok(()) => Validation::Valid,
                Err(why) => Validation::Invalid(why.into()),
            })
        };
        let mut text = Text::new(question).with_validator(valid);
        if !help.is_empty() {
            text = text.with_help_message(help);
        }
        if !default.is_empty() {
            text = text.with_default(default);
        }
        Ok(text.prompt().map_err(failure)?.trim().to_owned())
    }
}

fn failure(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => {
            Failure { code: ExitCode::Interrupted, message: "nothing was written".to_owned(), advice: None }
        }
        other => Failure::usage(format!("the terminal cannot be asked: {other}")),
    }
}
