//! Expectations: requirement to boolean expression.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::suite::at::At;
use crate::suite::ordered::Ordered;

/// Expectations by requirement. A short id means the section of the file; another section's is written in full.
pub type Expectations = Ordered<At<Expect>>;

/// What has to hold: an expression, or an expression with its conditions and leniencies.
#[derive(Debug, Clone)]
pub enum Expect {
    /// `slug: expression`
    Plain(String),
    /// `slug: { that: ..., when: ..., also: ..., because: ... }`
    Full(Box<FullExpect>),
}

/// The long form of an expectation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullExpect {
    /// The expression that has to hold.
    pub that: At<String>,
    /// A condition without which nothing is expected.
    pub when: Option<At<String>>,
    /// What is accepted too, though not ideal.
    pub also: Option<At<String>>,
    /// Why it is accepted.
    pub because: Option<String>,
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Expect;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression in CEL, or a mapping with `that`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Expect, E> {
                Ok(Expect::Plain(text.to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Expect, E> {
                Ok(Expect::Plain(value.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expect, A::Error> {
                FullExpect::deserialize(MapAccessDeserializer::new(map)).map(|full| Expect::Full(Box::new(full)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Expect {
    fn schema_name() -> Cow<'static, str> {
        "Expect".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<FullExpect>();
        schemars::json_schema!({
            "description": "A boolean expression in CEL, or one with its conditions and leniencies.",
            "anyOf": [{ "type": "string" }, full]
        })
    }
}
