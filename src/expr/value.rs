//! Conversion between JSON and CEL values.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value as Cel;
use cel::objects::{Key, Map};
use serde_json::Value as Json;

/// JSON to CEL. Integers become `int` where they fit, so that `status == 202` compares like with like.
pub(crate) fn to_cel(json: &Json) -> Cel {
    match json {
        Json::Null => Cel::Null,
        Json::Bool(b) => Cel::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => Cel::Int(i),
            (None, Some(u)) => Cel::UInt(u),
            (None, None) => Cel::Float(n.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(s) => Cel::String(Arc::new(s.clone())),
        Json::Array(items) => Cel::List(Arc::new(items.iter().map(to_cel).collect())),
        Json::Object(members) => {
            let map: HashMap<Key, Cel> =
                members.iter().map(|(name, value)| (Key::String(Arc::new(name.clone())), to_cel(value))).collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}

/// CEL to JSON. Values without a JSON counterpart (functions, types) become their debug text.
pub(crate) fn to_json(value: &Cel) -> Json {
    match value {
        Cel::Null => Json::Null,
        Cel::Bool(b) => Json::Bool(*b),
        Cel::Int(i) => Json::from(*i),
        Cel::UInt(u) => Json::from(*u),
        Cel::Float(f) => serde_json::Number::from_f64(*f).map_or(Json::Null, Json::Number),
        Cel::String(s) => Json::String(s.to_string()),
        Cel::Bytes(b) => Json::String(String::from_utf8_lossy(b).into_owned()),
        Cel::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Cel::Map(map) => {
            let mut members: Vec<(String, Json)> =
                map.map.iter().map(|(key, value)| (key_text(key), to_json(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members.into_iter().collect())
        }
        other => Json::String(format!("{other:?}")),
    }
}

fn key_text(key: &Key) -> String {
    match key {
        Key::String(s) => s.to_string(),
        Key::Int(i) => i.to_string(),
        Key::Uint(u) => u.to_string(),
        Key::Bool(b) => b.to_string(),
    }
}

/// A value as a reader of a report wants to see it: JSON, cut to `limit` characters.
pub(crate) fn show(value: &Json, limit: usize) -> String {
    let text = value.to_string();
    if text.chars().count() <= limit {
        return text;
    }
    let kept: String = text.chars().take(limit).collect();
    format!("{kept}… ({} characters)", text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_round_trip() {
        let value = json!({"a": [1, -2, 1.5, null, true, "x"], "b": {"c": 18446744073709551615u64}});
        assert_eq!(to_json(&to_cel(&value)), value);
    }

    #[test]
    fn long_values_are_cut() {
        let shown = show(&json!("x".repeat(500)), 20);
        assert!(shown.starts_with("\"xxx"));
        assert!(shown.ends_with("(502 characters)"));
    }
}
