//! The JSON Schema of `setspec.toml`, with which editors complete it.

use serde_json::Value;

use super::Config;

/// The schema (JSON Schema 2020-12).
pub(in crate::cli) fn config_schema() -> Value {
    schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Config>().to_value()
}
