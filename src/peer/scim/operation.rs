//! One change of one resource (RFC 7644 sections 3.3, 3.5 and 3.6).

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::patch::patched;
use super::refusal::Refusal;
use super::resource::{Kind, Resource};
use super::store::Store;

/// What a client asks for.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// POST, PUT, PATCH or DELETE.
    pub method: Method,
    pub kind: Kind,
    /// The resource; for POST the one that there will be.
    pub id: String,
    pub body: Map<String, Value>,
    /// The version that it is about, if the client says so (RFC 7644 section 3.14).
    pub version: Option<String>,
    /// The name of the operation in a bulk request.
    pub bulk_id: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub status: u16,
    /// As it is now, or was before it was deleted.
    pub resource: Resource,
    /// Whether it became active, or ceased to be.
    pub activated: Option<bool>,
}

impl Operation {
    /// The path of the resource below the base.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind.endpoint(), self.id)
    }

    /// Does it, or leaves everything as it is.
    pub fn perform(&self, store: &Store) -> Result<Done, Refusal> {
        let mut resources = store.lock();
        if self.method == Method::POST {
            let resource = Resource::new(self.kind, self.id.clone(), self.body.clone())?;
            resources.put(resource.clone())?;
            return Ok(Done { status: 201, resource, activated: None });
        }
        let before = resources.get(self.kind, &self.id)?;
        if self.version.as_ref().is_some_and(|version| version != "*" && *version != before.etag()) {
            return Err(Refusal::new(412, format!("version: expected {}, got another one", before.etag())));
        }
        if self.method == Method::DELETE {
            resources.remove(&self.id);
            return Ok(Done { status: 204, resource: before, activated: None });
        }
        let attributes = match self.method == Method::PATCH {
            true => patched(&before.attributes, &self.body)?,
            false => self.body.clone(),
        };
        let resource = before.changed(attributes)?;
        resources.put(resource.clone())?;
        let active = resource.is_active();
        Ok(Done { status: 200, activated: (active != before.is_active()).then_some(active), resource })
    }

    /// The outcome as an operation of a bulk response (RFC 7644 section 3.7), which is also what an event about its
    /// completion says (RFC 9967 section 2.5.1.3).
    pub fn result(&self, outcome: &Result<Done, Refusal>, base: &str) -> Map<String, Value> {
        let mut result = Map::from_iter([("method".to_owned(), json!(self.method.as_str()))]);
        if let Some(bulk_id) = &self.bulk_id {
            result.insert("bulkId".to_owned(), json!(bulk_id));
        }
        // What could not be created is nowhere.
        if outcome.is_ok() || self.method != Method::POST {
            result.insert("location".to_owned(), json!(format!("{base}{}", self.path())));
        }
        match outcome {
            Ok(done) => {
                if done.status != 204 {
                    result.insert("version".to_owned(), json!(done.resource.etag()));
                }
                result.insert("status".to_owned(), json!(done.status.to_string()));
            }
            Err(refusal) => {
                result.insert("status".to_owned(), json!(refusal.status.to_string()));
                result.insert("response".to_owned(), refusal.json());
            }
        }
        result
    }
}
