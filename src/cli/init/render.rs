//! The text of the file: each value under what it is, then what else is often wanted.

use clap::ArgAction;
use toml::Value;

use super::draft::Draft;
use crate::cli::config::RunOption;

const HEAD: &str = "\
# What `setspec run` goes by. `setspec config check` says what it means. Every option of the run can stand here,
# options win over it, and secrets never do: they are named, as { env = \"NAME\" } or { file = \"PATH\" }.
";

/// Keys that are often wanted, for a comment.
const OFTEN: [&str; 10] =
    ["profile", "only", "skip", "listen", "public-url", "ca", "timeout", "strict", "reports", "junit"];

pub(super) fn render(draft: &Draft) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&format!("\n# What the target is.\nrole = \"{}\"\n", draft.role.name()));
    for (key, value) in draft.values().filter(|(key, _)| !key.contains('.')) {
        text.push_str(&commented(draft, key, value));
    }
    text.push_str("\n# Also often wanted:\n");
    let given = |key: &str| draft.value(key).is_some();
    for option in OFTEN.iter().filter(|key| !given(key)).filter_map(|key| draft.option(key)) {
        text.push_str(&format!("# {} = {}  # {}\n", option.key, example(option), first_sentence(&option.help())));
    }
    // Tables come last: what stands below the head of one belongs to it.
    for table in ["trigger", "receiver"] {
        let below = format!("{table}.");
        let inside: Vec<_> = draft.values().filter(|(key, _)| key.starts_with(&below)).collect();
        if !inside.is_empty() {
            text.push_str(&format!("\n[{table}]\n"));
            let lines = inside.into_iter().map(|(key, value)| commented(draft, key, value));
            text.push_str(lines.collect::<String>().trim_start_matches('\n'));
        }
    }
    text
}

fn commented(draft: &Draft, key: &str, value: &Value) -> String {
    let help = draft.option(key).map(|option| format!("\n# {}.", option.help())).unwrap_or_default();
    let name = key.rsplit('.').next().unwrap_or(key);
    format!("{help}\n{name} = {}\n", inline(value))
}

/// On one line, whatever it is.
fn inline(value: &Value) -> String {
    let list = |all: Vec<String>| all.join(", ");
    match value {
        Value::Array(values) => format!("[{}]", list(values.iter().map(inline).collect())),
        Value::Table(values) => {
            let pairs = values.iter().map(|(name, value)| format!("{} = {}", quoted(name), inline(value)));
            format!("{{ {} }}", list(pairs.collect()))
        }
        other => other.to_string(),
    }
}

fn quoted(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if bare { name.to_owned() } else { Value::from(name).to_string() }
}

/// What a value looks like: the default, or the word that stands for it.
fn example(option: &RunOption) -> String {
    let word = option.arg.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str());
    match (option.arg.get_action(), option.default()) {
        (ArgAction::SetTrue, _) => "true".to_owned(),
        (ArgAction::Append, _) => format!("[\"{word}\"]"),
        (_, Some(default)) if default.parse::<f64>().is_ok() => default,
        (_, Some(default)) => format!("\"{default}\""),
        (_, None) => format!("\"{word}\""),
    }
}

fn first_sentence(help: &str) -> &str {
    help.split([';', ':']).next().unwrap_or(help)
}
