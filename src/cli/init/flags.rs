//! Options of the command line as values of the file.

use std::any::TypeId;

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches};
use toml::{Table, Value};

use super::draft::Draft;
use crate::cli::config::RunOption;
use crate::cli::console::Failure;

/// Takes over what the command line gives. The environment is left where it is.
pub(super) fn take(draft: &mut Draft, given: &ArgMatches) -> Result<(), Failure> {
    let options = std::mem::take(&mut draft.options);
    for option in &options {
        let id = option.arg.get_id().as_str();
        if given.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        let words: Vec<String> =
            given.get_raw(id).into_iter().flatten().map(|word| word.to_string_lossy().into_owned()).collect();
        let first = words.first().map_or("", String::as_str);
        if !option.is_secret() {
            draft.set(&option.key, value(option, &words)?);
        } else if let Some(path) = first.strip_prefix('@') {
            draft.set(&option.key, Table::from_iter([("file".to_owned(), Value::from(path))]));
        } else {
            let variable = option.arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            draft.given(&option.key, &variable, &option.flag(), first);
        }
    }
    draft.options = options;
    Ok(())
}

/// A value of the type that the option has.
fn value(option: &RunOption, words: &[String]) -> Result<Value, Failure> {
    let first = words.first().map_or("", String::as_str);
    let wrong = || Failure::usage(format!("{}: expected another value than {first:?}", option.flag()));
    if option.is_command() {
        let parts = shlex::split(first).filter(|parts| !parts.is_empty());
        let unclosed = || Failure::usage(format!("{}: expected words, got a quote that is not closed", option.flag()));
        return parts.map(Value::from).ok_or_else(unclosed);
    }
    let kind = option.arg.get_value_parser().type_id();
    Ok(match option.arg.get_action() {
        ArgAction::SetTrue => Value::from(true),
        ArgAction::Append => Value::from(words.to_vec()),
        _ if kind == TypeId::of::<f64>() => Value::from(first.parse::<f64>().map_err(|_| wrong())?),
        _ if kind == TypeId::of::<usize>() => Value::from(first.parse::<i64>().map_err(|_| wrong())?),
        _ => Value::from(first),
    })
}
