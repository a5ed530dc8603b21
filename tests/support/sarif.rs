//! SARIF as code scanning takes it: what SARIF 2.1.0 requires of the members that we write, and the limits of GitHub.

use serde_json::{Value, json};

/// # Panics
/// With the fault, if the log would be refused.
#[track_caller]
pub fn check(text: &str) -> Value {
    // GitHub takes 10 MB after compression.
    assert!(text.len() < 10_000_000, "{} bytes", text.len());
    let log: Value = serde_json::from_str(text).expect("JSON");
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", schema()).expect("a schema");
    let schema = compiler.compile("sarif.json", &mut schemas).expect("it compiles");
    if let Err(error) = schemas.validate(&log, schema) {
        panic!("{error:#}");
    }
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in run["results"].as_array().expect("results") {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let mut ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rules.len(), "ids of rules are unique");
    log
}

/// An object with these members, of which the first `required` have to be there, and no others.
fn object(required: usize, members: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = members.iter().take(required).map(|(name, _)| *name).collect();
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    json!({ "type": "object", "required": names, "properties": properties, "additionalProperties": false })
}

fn list(of: &Value, least: usize, most: usize) -> Value {
    json!({ "type": "array", "items": of, "minItems": least, "maxItems": most })
}

fn text(longest: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": longest })
}

fn schema() -> Value {
    let level = json!({ "enum": ["none", "note", "warning", "error"] });
    let said = |longest: usize| object(1, &[("text", text(longest))]);
    let artifact = object(
        1,
        &[
            ("uri", json!({ "type": "string", "format": "uri-reference", "minLength": 1 })),
            ("uriBaseId", json!({ "const": "%SRCROOT%" })),
        ],
    );
    let region = object(1, &[("startLine", json!({ "type": "integer", "minimum": 1 }))]);
    let physical = object(2, &[("artifactLocation", artifact), ("region", region)]);
    let location = object(1, &[("physicalLocation", physical)]);
    let rule_properties = object(
        1,
        &[
            ("tags", list(&text(200), 0, 20)),
            ("precision", json!({ "enum": ["very-high", "high", "medium", "low"] })),
            ("problem.severity", json!({ "enum": ["error", "warning", "recommendation"] })),
        ],
    );
    let rule = object(
        4,
        &[
            ("id", text(255)),
            ("shortDescription", said(1_024)),
            ("fullDescription", said(1_024)),
            ("help", said(10_000)),
            ("defaultConfiguration", object(1, &[("level", level.clone())])),
            ("helpUri", json!({ "type": "string", "format": "uri" })),
            ("properties", rule_properties),
        ],
    );
    let suppression = object(
        1,
        &[
            ("kind", json!({ "enum": ["inSource", "external"] })),
            ("status", json!({ "enum": ["accepted", "underReview", "rejected"] })),
            ("justification", text(2_000)),
        ],
    );
    let result = object(
        6,
        &[
            ("ruleId", text(255)),
            ("ruleIndex", json!({ "type": "integer", "minimum": 0 })),
            ("level", level.clone()),
            ("message", said(5_000)),
            ("locations", list(&location, 1, 10)),
            ("partialFingerprints", object(1, &[("primaryLocationLineHash", text(100))])),
            ("occurrenceCount", json!({ "type": "integer", "minimum": 1 })),
            ("suppressions", list(&suppression, 1, 10)),
        ],
    );
    let notification = object(2, &[("message", said(5_000)), ("level", level)]);
    let invocation = object(
        1,
        &[
            ("executionSuccessful", json!({ "type": "boolean" })),
            ("toolExecutionNotifications", list(&notification, 0, 100)),
        ],
    );
    let driver = object(3, &[("name", text(100)), ("rules", list(&rule, 0, 25_000)), ("version", text(300))]);
    let run = object(
        2,
        &[
            ("tool", object(1, &[("driver", driver)])),
            ("results", list(&result, 0, 25_000)),
            ("automationDetails", object(1, &[("id", text(500))])),
            ("columnKind", json!({ "enum": ["utf16CodeUnits", "unicodeCodePoints"] })),
            ("invocations", list(&invocation, 1, 1)),
            ("properties", json!({ "type": "object" })),
        ],
    );
    object(
        2,
        &[
            ("version", json!({ "const": "2.1.0" })),
            ("runs", list(&run, 1, 20)),
            ("$schema", json!({ "type": "string", "format": "uri" })),
        ],
    )
}
