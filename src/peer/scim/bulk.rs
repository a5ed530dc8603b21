//! Several operations in one request (RFC 7644 section 3.7).

use axum::http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::deferred::Told;
use super::dispatch::document;
use super::events;
use super::operation::{Done, Operation};
use super::path::member;
use super::provider::Shared;
use super::refusal::Refusal;
use super::resource::Kind;
use crate::peer::answer::Answer;

/// How many operations a request may have.
pub(super) const MOST_OPERATIONS: usize = 1_000;

/// How large a request may be, in bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// How a reference to a resource that another operation creates begins.
const REFERENCE: &str = "bulkId:";

/// What the response says of an operation that cannot be read.
type Refused = Map<String, Value>;

/// The operations of a request, in their order; those that cannot be read are refused when their turn comes.
#[derive(Debug)]
pub(super) struct Bulk {
    operations: Vec<Result<Operation, Refused>>,
    most_errors: usize,
}

impl Bulk {
    pub fn read(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let Some((_, Value::Array(items))) = member(body, "Operations") else {
            return Err(Refusal::invalid("invalidSyntax", "Operations: expected an array, got none"));
        };
        if items.len() > MOST_OPERATIONS {
            let detail = format!("Operations: expected {MOST_OPERATIONS} at most, got {}", items.len());
            return Err(Refusal::new(413, detail));
        }
        // Every resource has its identifier before anything is done, so that references can be put in.
        let names: Vec<(String, String)> = items
            .iter()
            .filter(|item| item["method"] == "POST")
            .filter_map(|item| item["bulkId"].as_str())
            .map(|name| (format!("{REFERENCE}{name}"), Uuid::new_v4().to_string()))
            .collect();
        let operations = items.iter().map(|item| operation(item, &names)).collect();
        let most_errors = member(body, "failOnErrors").and_then(|(_, value)| value.as_u64());
        Ok(Self { operations, most_errors: most_errors.map_or(usize::MAX, |most| most.max(1) as usize) })
    }

    /// Does everything; what others refer to comes first.
    pub fn work(&self, shared: &Shared, told: &Told) -> Answer {
        let mut results: Vec<Option<Map<String, Value>>> = vec![None; self.operations.len()];
        let mut completions = Vec::new();
        let mut errors = 0;
        for (turn, index) in self.order().into_iter().enumerate() {
            if errors >= self.most_errors {
                break;
            }
            let counted = match () {
                () if shared.has("counts-from-one") => index + 1,
                () if shared.has("counts-as-it-works") => turn,
                () => index,
            };
            let txn = format!("{}:{counted}", told.txn);
            match &self.operations[index] {
                Ok(operation) => {
                    let outcome = perform(shared, operation, &txn);
                    errors += usize::from(outcome.is_err());
                    results[index] = Some(operation.result(&outcome, shared.base()));
                    completions.push((index, events::completion(shared, operation, &outcome, &txn)));
                }
                Err(refused) => {
                    errors += 1;
                    results[index] = Some(refused.clone());
                }
            }
        }
        if told.completion {
            let last = self.operations.len().saturating_sub(1);
            let is_left_out = |index: usize| {
                (shared.has("one-set-for-a-bulk-request") && index > 0)
                    || (shared.has("one-set-too-few") && index == last)
            };
            completions.retain(|(index, _)| !is_left_out(*index));
            if shared.has("tells-of-bulk-in-reverse") {
                completions.reverse();
            }
            completions.iter().for_each(|(_, completion)| shared.complete(completion));
        }
        let results: Vec<_> = results.into_iter().flatten().collect();
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
        document(200, &json!({ "schemas": [schema], "Operations": results }))
    }

    /// The operations in an order in which each comes after those that create what it refers to.
    fn order(&self) -> Vec<usize> {
        let creates = |index: &usize| self.operations[*index].as_ref().is_ok_and(|one| one.method == Method::POST);
        let refers = |index: &usize, to: &usize| match (&self.operations[*index], &self.operations[*to]) {
            (Ok(one), Ok(other)) => one.id != other.id && mentions(&Value::Object(one.body.clone()), &other.id),
            _ => false,
        };
        let mut order = Vec::new();
        let mut left: Vec<usize> = (0..self.operations.len()).collect();
        while !left.is_empty() {
            let is_free = |index: &&usize| !left.iter().any(|other| creates(other) && refers(index, other));
            // Those that refer to each other have their identifiers already, so that any order will do.
            let next = left.iter().find(is_free).or(left.first()).copied().unwrap_or_default();
            left.retain(|index| *index != next);
            order.push(next);
        }
        order
    }
}

/// Does one operation, and tells of the change.
pub(super) fn perform(shared: &Shared, operation: &Operation, txn: &str) -> Result<Done, Refusal> {
    let done = operation.perform(&shared.store)?;
    events::tell(shared, operation, &done, txn).map_err(|error| Refusal::new(500, error.to_string()))?;
    Ok(done)
}

fn operation(item: &Value, names: &[(String, String)]) -> Result<Operation, Refused> {
    let method = item["method"].as_str().unwrap_or_default();
    let refused = |refusal: Refusal| {
        let mut result = Map::new();
        result.insert("method".to_owned(), json!(method));
        if let Some(bulk_id) = item["bulkId"].as_str() {
            result.insert("bulkId".to_owned(), json!(bulk_id));
        }
        result.insert("status".to_owned(), json!(refusal.status.to_string()));
        result.insert("response".to_owned(), refusal.json());
        result
    };
    let wrong = |what: &str| refused(Refusal::invalid("invalidSyntax", format!("Operations: expected {what}")));
    let resolved = |text: &str| {
        let found = names.iter().find(|(name, _)| name == text);
        found.map_or_else(|| text.to_owned(), |(_, id)| id.clone())
    };
    let path = item["path"].as_str().unwrap_or_default();
    let path = path.rsplit_once('/').map_or_else(|| path.to_owned(), |(end, id)| format!("{end}/{}", resolved(id)));
    let Some((kind, id)) = Kind::of(&path) else { return Err(wrong("the path of a resource")) };
    let bulk_id = item["bulkId"].as_str().map(str::to_owned);
    let id = match (method, id, &bulk_id) {
        ("POST", None, Some(name)) => resolved(&format!("{REFERENCE}{name}")),
        ("POST", None, None) => return Err(wrong("a bulkId beside POST")),
        ("PUT" | "PATCH" | "DELETE", Some(id), _) => id.to_owned(),
        _ => return Err(wrong("a method that fits the path")),
    };
    let mut data = item["data"].clone();
    put_in(&mut data, names);
    Ok(Operation {
        method: method.parse().map_err(|_| wrong("a method"))?,
        kind,
        id,
        body: data.as_object().cloned().unwrap_or_default(),
        version: item["version"].as_str().map(str::to_owned),
        bulk_id,
    })
}

/// Puts identifiers in the place of references.
fn put_in(value: &mut Value, names: &[(String, String)]) {
    match value {
        Value::String(text) => {
            if let Some((_, id)) = names.iter().find(|(name, _)| name == text) {
                text.clone_from(id);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_in(item, names)),
        Value::Object(members) => members.values_mut().for_each(|item| put_in(item, names)),
        _ => {}
    }
}

fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => text == id,
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        Value::Object(members) => members.values().any(|item| mentions(item, id)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(operations: Value) -> Vec<usize> {
        let body = json!({ "Operations": operations });
        Bulk::read(body.as_object().expect("an object")).expect("a bulk request").order()
    }

    #[test]
    fn what_others_refer_to_comes_first() {
        let group = |to: &str| {
            let data = json!({ "displayName": "g", "members": [{ "value": format!("bulkId:{to}") }] });
            json!({ "method": "POST", "path": "/Groups", "bulkId": "g", "data": data })
        };
        let user = json!({ "method": "POST", "path": "/Users", "bulkId": "u", "data": { "userName": "u" } });
        let other = json!({ "method": "DELETE", "path": "/Users/1" });
        assert_eq!(order(json!([other, user, group("u")])), [0, 1, 2]);
        assert_eq!(order(json!([group("u"), other, user])), [1, 2, 0]);
        // One that refers to itself, or to nothing, waits for nobody.
        assert_eq!(order(json!([group("g"), group("absent")])), [0, 1]);
    }

    #[test]
    fn a_circle_ends() {
        let one = |name: &str, to: &str| {
            let data = json!({ "displayName": name, "members": [{ "value": format!("bulkId:{to}") }] });
            json!({ "method": "POST", "path": "/Groups", "bulkId": name, "data": data })
        };
        assert_eq!(order(json!([one("a", "b"), one("b", "a")])), [0, 1]);
    }
}
