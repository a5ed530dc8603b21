//! The JSON Schema of `report.json`.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::record::Report;

/// The schema of `report.json` (JSON Schema 2020-12).
///
/// It describes what is written, so a field that is always there is required, also where it may be null.
pub fn report_schema() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Report>().to_value()
}
