//! From the text of the file to its values, each with its place; every fault, not the first alone.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::fault::{Fault, Place};
use super::{Config, options};
use crate::expr::nearest;

/// A value of the file.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Entry {
    /// `patience`, `trigger.does`.
    pub key: String,
    /// Where the key stands.
    pub at: Place,
    pub value: toml::Value,
}

/// What a text says, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub config: Config,
    pub entries: Vec<Entry>,
    pub faults: Vec<Fault>,
}

type Key<'t> = Spanned<toml::de::DeString<'t>>;
type Pair<'t> = (Key<'t>, Spanned<DeValue<'t>>);

/// Reads a text. What is faulty is left out of the configuration.
pub(super) fn read(text: &str) -> Reading {
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let faults = vec![Fault::of_parser(text, &error, &(0..0))];
            return Reading { faults, ..Reading::default() };
        }
    };
    let known: Vec<String> = options::ROLES.into_iter().flat_map(options::keys).collect();
    let reader = Reader { text, known };
    let mut reading = Reading::default();
    let whole = root.span();
    let mut sound = DeTable::new();
    for (key, value) in root.into_inner() {
        let Some(pair) = reader.keep(String::new(), (key, value), &mut reading) else { continue };
        match deserialize([pair.clone()].into_iter().collect(), whole.clone()) {
            Ok(_) => {
                sound.insert(pair.0, pair.1);
            }
            Err(error) => reading.faults.push(Fault::of_parser(text, &error, &pair.1.span())),
        }
    }
    match deserialize(sound, whole) {
        Ok(config) => reading.config = config,
        Err(error) => reading.faults.push(Fault::of_parser(text, &error, &(0..0))),
    }
    reading.entries.sort_by_key(|entry| entry.at);
    reading.faults.sort();
    reading
}

fn deserialize(table: DeTable<'_>, span: Range<usize>) -> Result<Config, toml::de::Error> {
    Config::deserialize(toml::Deserializer::from(Spanned::new(span, table)))
}

struct Reader<'t> {
    text: &'t str,
    known: Vec<String>,
}

impl Reader<'_> {
    /// The pair without what nobody knows, of which nothing may be left.
    fn keep<'p>(&self, above: String, (key, value): Pair<'p>, reading: &mut Reading) -> Option<Pair<'p>> {
        let name = format!("{above}{}", key.get_ref());
        let at = Place::of(self.text, &key.span());
        if self.known.contains(&name) {
            if let Ok(value) = toml::Value::deserialize(ValueDeserializer::from(value.clone())) {
                reading.entries.push(Entry { key: name, at, value });
            }
            return Some((key, value));
        }
        let below = format!("{name}.");
        let is_table = above.is_empty() && self.known.iter().any(|known| known.starts_with(&below));
        if !is_table {
            reading.faults.push(Fault { at, message: self.unknown(&name) });
            return None;
        }
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(inner) => {
                let kept = inner.into_iter().filter_map(|pair| self.keep(below.clone(), pair, reading)).collect();
                Some((key, Spanned::new(span, DeValue::Table(kept))))
            }
            other => Some((key, Spanned::new(span, other))),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let all = options::ROLES.into_iter().flat_map(options::of_role);
        if let Some(option) = all.into_iter().find(|option| option.arg.get_long() == Some(name)) {
            return format!("there is no key `{name}`; the key of {} is `{}`", option.flag(), option.key);
        }
        let tables = self.known.iter().filter_map(|key| Some(key.split_once('.')?.0));
        match nearest(name, self.known.iter().map(String::as_str).chain(tables)) {
            Some(near) => format!("there is no key `{name}`; did you mean `{near}`?"),
            None => format!("there is no key `{name}`; `setspec config check` lists those that there are"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        read(text).faults.into_iter().map(|fault| format!("{}: {}", fault.at, fault.message)).collect()
    }

    #[test]
    fn every_fault_is_found_at_its_place() {
        let text = "jbos = 4\ntimeout = \"long\"\nonly = [1]\n[triger]\ncommand = []\n[trigger]\nurls = 1\n";
        assert_eq!(
            faults(text),
            [
                "1:1: there is no key `jbos`; did you mean `jobs`?",
                "2:11: expected a number, got a text",
                "3:9: expected a text, got a whole number",
                "4:2: there is no key `triger`; did you mean `trigger`?",
                "7:1: there is no key `trigger.urls`; did you mean `trigger.url`?",
            ]
        );
    }

    #[test]
    fn the_name_of_an_option_leads_to_its_key() {
        assert_eq!(
            faults("start = \"./rx\"\n"),
            ["1:1: there is no key `start`; the key of --start is `receiver.start`"]
        );
    }

    #[test]
    fn what_is_sound_is_taken() {
        let reading = read("jbos = 4\njobs = 3\n[trigger]\ncommand = [\"./emit\", \"x\"]\n");
        assert_eq!(reading.config.jobs, Some(3));
        let entries: Vec<_> =
            reading.entries.iter().map(|entry| (entry.key.as_str(), entry.value.to_string())).collect();
        assert_eq!(entries, [("jobs", "3".to_owned()), ("trigger.command", "[\"./emit\", \"x\"]".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,200}") {
            let _ = read(&text);
        }
    }
}
