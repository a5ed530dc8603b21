//! Modification by PATCH (RFC 7644 section 3.5.2).

use serde_json::{Map, Value};

use super::path::{Path, member, spelling};
use super::refusal::Refusal;

/// How many operations a request may have.
const MOST: usize = 1_000;

/// The attributes after all operations of the body; nothing is changed where one of them fails.
pub(super) fn patched(
    attributes: &Map<String, Value>,
    body: &Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let Some((_, Value::Array(operations))) = member(body, "Operations") else {
        return Err(Refusal::invalid("invalidSyntax", "Operations: expected an array, got none"));
    };
    if operations.len() > MOST {
        return Err(Refusal::new(413, format!("Operations: expected {MOST} at most, got {}", operations.len())));
    }
    let mut attributes = attributes.clone();
    for operation in operations {
        apply(&mut attributes, operation)?;
    }
    Ok(attributes)
}

/// The names of what the body changes, as paths.
pub(super) fn touched(body: &Map<String, Value>) -> Vec<String> {
    let operations = member(body, "Operations").and_then(|(_, value)| value.as_array());
    let mut names = Vec::new();
    for operation in operations.into_iter().flatten() {
        match (operation["path"].as_str(), operation["value"].as_object()) {
            (Some(path), _) => names.push(path.to_owned()),
            (None, Some(members)) => names.extend(members.keys().cloned()),
            (None, None) => {}
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn apply(attributes: &mut Map<String, Value>, operation: &Value) -> Result<(), Refusal> {
    let wrong = |what: String| Refusal::invalid("invalidSyntax", format!("Operations: {what}"));
    let op = operation["op"].as_str().unwrap_or_default().to_ascii_lowercase();
    let value = operation.get("value").cloned();
    let path = operation["path"].as_str().map(Path::parse).transpose()?;
    match (op.as_str(), path, value) {
        ("add" | "replace", None, Some(Value::Object(members))) => {
            for (name, value) in members {
                write(attributes, &Path::parse(&name)?, value, op == "add")?;
            }
            Ok(())
        }
        ("add" | "replace", Some(path), Some(value)) => write(attributes, &path, value, op == "add"),
        ("remove", Some(path), _) => remove(attributes, &path),
        ("remove", None, _) => Err(Refusal::invalid("noTarget", "path: expected one to remove, got none")),
        ("add" | "replace", ..) => Err(wrong(format!("expected a value for {op}, got none that fits"))),
        _ => Err(wrong(format!("op: expected add, replace or remove, got {op:?}"))),
    }
}

fn write(attributes: &mut Map<String, Value>, path: &Path, value: Value, adds: bool) -> Result<(), Refusal> {
    let name = spelling(attributes, &path.attribute);
    if let Some(filter) = &path.filter {
        let items = attributes.get_mut(&name).and_then(Value::as_array_mut);
        let mut found = false;
        for item in items.into_iter().flatten().filter_map(Value::as_object_mut).filter(|item| filter.takes(item)) {
            found = true;
            match (&path.part, &value) {
                (Some(part), value) => {
                    let part = spelling(item, part);
                    item.insert(part, value.clone());
                }
                (None, Value::Object(members)) => item.extend(members.clone()),
                (None, _) => {
                    return Err(Refusal::invalid("invalidValue", "value: expected an object, got something else"));
                }
            }
        }
        return if found { Ok(()) } else { Err(no_target(path)) };
    }
    if let Some(part) = &path.part {
        let inner = attributes.entry(name).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else {
            return Err(Refusal::invalid("invalidPath", format!("path: {} has no parts", path.attribute)));
        };
        let part = spelling(inner, part);
        inner.insert(part, value);
        return Ok(());
    }
    match (attributes.get_mut(&name), value) {
        (Some(Value::Array(items)), Value::Array(more)) if adds => {
            let new: Vec<Value> = more.into_iter().filter(|item| !items.contains(item)).collect();
            items.extend(new);
        }
        (Some(Value::Array(items)), one) if adds => {
            if !items.contains(&one) {
                items.push(one);
            }
        }
        (Some(Value::Object(members)), Value::Object(more)) => members.extend(more),
        (_, value) => {
            attributes.insert(name, value);
        }
    }
    Ok(())
}

fn remove(attributes: &mut Map<String, Value>, path: &Path) -> Result<(), Refusal> {
    let name = spelling(attributes, &path.attribute);
    match (&path.filter, &path.part) {
        (None, None) => {
            attributes.shift_remove(&name);
        }
        (None, Some(part)) => {
            if let Some(Value::Object(inner)) = attributes.get_mut(&name) {
                let part = spelling(inner, part);
                inner.shift_remove(&part);
            }
        }
        (Some(filter), part) => {
            let Some(Value::Array(items)) = attributes.get_mut(&name) else { return Err(no_target(path)) };
            let is_meant = |item: &Value| item.as_object().is_some_and(|item| filter.takes(item));
            if !items.iter().any(is_meant) {
                return Err(no_target(path));
            }
            match part {
                None => items.retain(|item| !is_meant(item)),
                Some(part) => {
                    for item in items.iter_mut().filter_map(Value::as_object_mut).filter(|item| filter.takes(item)) {
                        let part = spelling(item, part);
                        item.shift_remove(&part);
                    }
                }
            }
        }
    }
    Ok(())
}

fn no_target(path: &Path) -> Refusal {
    Refusal::invalid("noTarget", format!("path: expected a value of {} that it takes, got none", path.attribute))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn after(operations: Value) -> Result<Value, Option<&'static str>> {
        let before = json!({
            "userName": "jdoe",
            "name": { "givenName": "John" },
            "emails": [{ "type": "work", "value": "a@example.com" }, { "type": "home", "value": "b@example.com" }],
        });
        let body = json!({ "Operations": operations });
        let (before, body) = (before.as_object().expect("an object"), body.as_object().expect("an object"));
        patched(before, body).map(Value::Object).map_err(|refusal| refusal.scim_type)
    }

    #[test]
    fn operations_are_done_in_turn() {
        let after = after(json!([
            { "op": "Replace", "path": "USERNAME", "value": "jane" },
            { "op": "add", "path": "name.familyName", "value": "Doe" },
            { "op": "add", "path": "emails", "value": [{ "type": "other", "value": "c@example.com" }] },
            { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "d@example.com" },
            { "op": "remove", "path": "emails[type eq \"home\"]" },
            { "op": "add", "value": { "active": false, "name": { "givenName": "Jane" } } },
        ]));
        let expected = json!({
            "userName": "jane",
            "name": { "givenName": "Jane", "familyName": "Doe" },
            "emails": [{ "type": "work", "value": "d@example.com" }, { "type": "other", "value": "c@example.com" }],
            "active": false,
        });
        assert_eq!(after, Ok(expected));
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        for (operation, expected) in [
            (json!({ "op": "move", "path": "userName" }), "invalidSyntax"),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "replace", "path": "emails[type eq \"none\"].value", "value": "x" }), "noTarget"),
            (json!({ "op": "add", "path": "userName.part", "value": "x" }), "invalidPath"),
            (json!({ "op": "add", "path": "emails[type sw \"w\"]", "value": {} }), "invalidFilter"),
            (json!({ "op": "add", "path": "userName" }), "invalidSyntax"),
        ] {
            assert_eq!(after(json!([operation])), Err(Some(expected)), "{operation}");
        }
        assert_eq!(after(json!("none")), Err(Some("invalidSyntax")));
    }

    #[test]
    fn what_is_touched_is_named_once() {
        let body = json!({ "Operations": [
            { "op": "add", "path": "emails", "value": [] },
            { "op": "remove", "path": "emails" },
            { "op": "add", "value": { "active": true } },
        ] });
        assert_eq!(touched(body.as_object().expect("an object")), ["emails", "active"]);
    }
}
