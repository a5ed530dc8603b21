//! The options that say how a visiting receiver is started, stopped and asked.

use crate::cli::config::{Config, VisitorConfig};
use crate::cli::console::Failure;
use crate::cli::run::repeat::Repeat;
use crate::run::visiting::control::{Commands, Control};
use crate::suite::model::case::Asked;

#[derive(Debug, clap::Args)]
pub(super) struct HookArgs {
    /// A command that starts the receiver; SETSPEC_ISSUER, SETSPEC_TOKEN, SETSPEC_AUDIENCE, ... are in its environment.
    #[arg(long, value_name = "COMMAND", requires = "visiting")]
    start: Option<String>,
    /// A command that stops it; SIGTERM to the command that started it unless given.
    #[arg(long, value_name = "COMMAND", requires = "visiting")]
    stop: Option<String>,
    /// A command that asks it for what SETSPEC_ASK says, with SETSPEC_ARGUMENTS as JSON.
    #[arg(long, value_name = "COMMAND", requires = "visiting")]
    ask: Option<String>,
    /// What it can be asked for.
    #[arg(long = "does", value_enum, value_name = "WHAT", requires = "visiting", hide_possible_values = true)]
    does: Vec<Asked>,
}

impl HookArgs {
    /// Options win over the file.
    pub fn resolve(&self, config: &Config) -> Result<Control, Failure> {
        let none = VisitorConfig::default();
        let file = config.receiver.as_ref().unwrap_or(&none);
        let start = command("start", self.start.as_ref(), file.start.as_ref())?;
        let stop = command("stop", self.stop.as_ref(), file.stop.as_ref())?;
        let ask = command("ask", self.ask.as_ref(), file.ask.as_ref())?;
        let does = if self.does.is_empty() { &file.does } else { &self.does }.clone();
        if !ask.is_empty() && does.is_empty() {
            let advice = format!("--does names it: {}", Asked::ALL.map(Asked::name).join(", "));
            return Err(
                Failure::usage("--ask: expected what the receiver can be asked for, got nothing").with_advice(advice)
            );
        }
        if ask.is_empty() && !does.is_empty() {
            return Err(Failure::usage("--does: expected a command that asks (--ask), got none"));
        }
        if start.is_empty() && ask.is_empty() {
            return Ok(Control::None);
        }
        Ok(Control::Commands(Commands { start, stop, ask, does }))
    }

    /// The same for a repeated run. Arguments may be credentials and are left to the environment.
    pub fn repeat(&self, repeat: &mut Repeat) {
        for (name, text) in [("start", &self.start), ("stop", &self.stop), ("ask", &self.ask)] {
            let plain = text.as_ref().filter(|text| shlex::split(text).is_some_and(|words| words.len() == 1));
            match plain {
                Some(text) => repeat.option(name, Some(text)),
                None => repeat.variable(name, text.is_some(), &name.to_ascii_uppercase()),
            }
        }
        self.does.iter().for_each(|what| repeat.value("does", Some(*what)));
    }
}

/// Words as a shell would see them; no shell is started.
fn command(name: &str, option: Option<&String>, file: Option<&Vec<String>>) -> Result<Vec<String>, Failure> {
    let words = match (option, file) {
        (Some(text), _) => shlex::split(text)
            .ok_or_else(|| Failure::usage(format!("--{name}: expected words, got a quote that is not closed")))?,
        (None, Some(words)) => words.clone(),
        (None, None) => return Ok(Vec::new()),
    };
    match words.first() {
        Some(program) if !program.is_empty() => Ok(words),
        _ => Err(Failure::usage(format!("--{name}: expected a program, got nothing"))),
    }
}
