//! The tables `[[op.login]]`, `[[op.logout]]` and `[[rp.login]]`: forms on the way of a browser.

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::SecretReference;
use crate::cli::console::Failure;
use crate::run::browser::{FieldValue, FormStep};
use crate::run::settings::LogoutRevision;

/// The forms of an OpenID provider.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(in crate::cli) struct OpForms {
    pub login: Vec<FormConfig>,
    pub logout: Vec<FormConfig>,
}

/// The forms of a relying party.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(in crate::cli) struct RpForms {
    pub login: Vec<FormConfig>,
}

/// One form.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(in crate::cli) struct FormConfig {
    page: Option<String>,
    form: Option<String>,
    fields: BTreeMap<String, Field>,
    button: Option<String>,
}

/// The value of a field, or where it stands.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
enum Field {
    Plain(String),
    Reference(SecretReference),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Field;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, { env = \"NAME\" } or { file = \"PATH\" }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Field, E> {
                Ok(Field::Plain(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
                SecretReference::deserialize(MapAccessDeserializer::new(map)).map(Field::Reference)
            }
        }
        deserializer.deserialize_any(Fields)
    }
}

/// Forms with the values of their fields; `table` is the place that messages name.
pub(in crate::cli) fn form_steps(table: &str, forms: &[FormConfig]) -> Result<Vec<FormStep>, Failure> {
    forms.iter().map(|form| form.step(table)).collect()
}

impl FormConfig {
    fn step(&self, table: &str) -> Result<FormStep, Failure> {
        let mut fields = Vec::new();
        for (name, field) in &self.fields {
            let value = match field {
                Field::Plain(text) => FieldValue::Plain(text.clone()),
                Field::Reference(reference) => {
                    FieldValue::Secret(reference.resolve(&format!("{table}: the field `{name}`"))?)
                }
            };
            fields.push((name.clone(), value));
        }
        Ok(FormStep { page: self.page.clone(), form: self.form.clone(), fields, button: self.button.clone() })
    }
}

impl ValueEnum for LogoutRevision {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}
