//! The JSON Schema of suite files, so that editors complete them.

use serde_json::Value;

use super::model::section::Section;

/// The schema of a section file (JSON Schema 2020-12).
pub fn section_schema() -> Value {
    schemars::schema_for!(Section).to_value()
}
