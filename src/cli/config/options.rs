//! The options of each run as keys of the file. The command line defines them, once.

use clap::{Arg, Args as _, Command, Subcommand};

use crate::cli::run::{Target, VisitingArgs};
use crate::suite::model::profile::Role;

/// The roles of targets.
pub(in crate::cli) const ROLES: [Role; 4] = [Role::Receiver, Role::Transmitter, Role::Rp, Role::Op];

/// Options whose keys stand in a table of the file.
const IN_TABLES: [(&str, &str); 8] = [
    ("trigger", "trigger.command"),
    ("trigger_url", "trigger.url"),
    ("trigger_does", "trigger.does"),
    ("events", "trigger.events"),
    ("start", "receiver.start"),
    ("stop", "receiver.stop"),
    ("ask", "receiver.ask"),
    ("does", "receiver.does"),
];

/// Options that are no keys: which file it is, what is done in place of a run, and what is a matter of one screen.
const NO_KEYS: [&str; 5] = ["config", "list", "color", "help", "version"];

/// Keys that are no options: whom the file is for, and what is too much for one word of a command line.
const NO_OPTIONS: [(&str, &[Role]); 8] = [
    ("role", &ROLES),
    ("trigger.method", &[Role::Transmitter]),
    ("trigger.headers", &[Role::Transmitter]),
    ("trigger.body", &[Role::Transmitter]),
    ("trigger.subjects", &[Role::Transmitter]),
    ("op.login", &[Role::Op]),
    ("op.logout", &[Role::Op]),
    ("rp.login", &[Role::Rp]),
];

/// An option of a run, and its key.
#[derive(Debug)]
pub(in crate::cli) struct RunOption {
    /// `patience`, `trigger.does`.
    pub key: String,
    pub arg: Arg,
}

impl RunOption {
    fn of(arg: &Arg) -> Option<Self> {
        let id = arg.get_id().as_str();
        let table = IN_TABLES.iter().find(|(option, _)| *option == id).map(|(_, key)| (*key).to_owned());
        let key = table.unwrap_or_else(|| id.replace('_', "-"));
        (!NO_KEYS.contains(&id)).then(|| Self { key, arg: arg.clone() })
    }

    /// As the command line names it: `--patience`, `ISSUER`.
    pub fn flag(&self) -> String {
        match self.arg.get_long() {
            Some(long) => format!("--{long}"),
            None => self.arg.get_value_names().and_then(<[_]>::first).map_or_else(String::new, ToString::to_string),
        }
    }

    /// Whether its value is a credential.
    pub fn is_secret(&self) -> bool {
        self.arg.is_hide_env_values_set()
    }

    /// Whether its value is a command, whose arguments may be credentials.
    pub fn is_command(&self) -> bool {
        self.arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "COMMAND"))
    }

    /// What is used where nothing is given, as the help says it.
    pub fn default(&self) -> Option<String> {
        let help = self.arg.get_help()?.to_string();
        let (_, rest) = help.rsplit_once("[default: ")?;
        rest.split_once(']').map(|(text, _)| text.to_owned())
    }

    /// What it is, without the default and without what only the command line can do.
    pub fn help(&self) -> String {
        let help = self.arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.split(" [default: ").next().unwrap_or_default();
        help.split("; `@FILE`").next().unwrap_or_default().trim_end_matches('.').to_owned()
    }
}

/// The options of a run, in the order of the help.
pub(in crate::cli) fn of_role(role: Role) -> Vec<RunOption> {
    let command = command(role);
    command.get_arguments().filter_map(RunOption::of).collect()
}

/// The command line of a run.
fn command(role: Role) -> Command {
    let all = Target::augment_subcommands(Command::new("run"));
    all.find_subcommand(role.name()).cloned().unwrap_or_default()
}

/// The keys that a file for this role may have.
pub(super) fn keys(role: Role) -> Vec<String> {
    let alone = NO_OPTIONS.iter().filter(|(_, roles)| roles.contains(&role)).map(|(key, _)| (*key).to_owned());
    of_role(role).into_iter().map(|option| option.key).chain(alone).collect()
}

/// The keys that a file for a receiver has only if it visits (`visiting` itself apart), and only if it does not.
pub(super) fn keys_by_visit() -> (Vec<String>, Vec<String>) {
    let visitors = VisitingArgs::augment_args(Command::new("visiting"));
    let for_visitors = visitors.get_arguments().filter_map(RunOption::of).map(|option| option.key);
    let command = command(Role::Receiver);
    let visiting = command.get_arguments().find(|arg| arg.get_id() == "visiting");
    let others = visiting.map(|visiting| command.get_arg_conflicts_with(visiting)).unwrap_or_default();
    let for_others = others.into_iter().filter_map(RunOption::of).map(|option| option.key).collect();
    (for_visitors.filter(|key| key != "visiting").collect(), for_others)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::cli::config::schema;

    /// The keys of the schema, those of tables with the name of the table.
    fn of_schema() -> BTreeSet<String> {
        let schema = schema::config_schema();
        let table = |property: &Value| {
            let name = property.to_string().split("#/$defs/").nth(1)?.split('"').next()?.to_owned();
            ["TriggerConfig", "VisitorConfig", "OpForms", "RpForms"]
                .contains(&name.as_str())
                .then(|| schema["$defs"][name]["properties"].as_object().cloned())?
        };
        let properties = schema["properties"].as_object().expect("properties");
        let keys = properties.iter().flat_map(|(key, property)| match table(property) {
            Some(inner) => inner.keys().map(|name| format!("{key}.{name}")).collect(),
            None => vec![key.clone()],
        });
        keys.collect()
    }

    #[test]
    fn every_option_of_a_run_is_a_key_and_every_key_an_option() {
        let options: BTreeSet<String> = ROLES.into_iter().flat_map(keys).collect();
        assert_eq!(options, of_schema());
    }

    #[test]
    fn what_is_said_to_be_no_key_is_an_option_of_a_run() {
        let command = command(Role::Transmitter);
        for id in ["config", "list"] {
            assert!(command.get_arguments().any(|arg| arg.get_id() == id), "{id}");
        }
    }

    #[test]
    fn receivers_that_visit_and_those_that_do_not_have_keys_of_their_own() {
        let (visitors, others) = keys_by_visit();
        for key in ["wait", "tls-ca", "variations", "receiver.start"] {
            assert!(visitors.iter().any(|known| known == key), "{key}");
        }
        assert_eq!(others, ["url", "issuer", "authorization-header"]);
    }
}
