//! Why a request is refused, and the answer that says so (RFC 7644 section 3.12).

use serde_json::{Value, json};

use super::dispatch::document;
use crate::peer::answer::Answer;

/// The schema of errors.
const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    /// The keyword of RFC 7644 table 9, where there is one.
    pub scim_type: Option<&'static str>,
    /// The place, what was expected, and what came.
    pub detail: String,
}

impl Refusal {
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    pub fn invalid(scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    pub fn nothing_at(path: &str) -> Self {
        Self::new(404, format!("path: expected an endpoint or a resource, got {path:?}"))
    }

    /// The error as JSON.
    pub fn json(&self) -> Value {
        let mut error = json!({ "schemas": [SCHEMA], "status": self.status.to_string(), "detail": self.detail });
        if let Some(scim_type) = self.scim_type {
            error["scimType"] = json!(scim_type);
        }
        error
    }

    pub fn answer(&self) -> Answer {
        let mut answer = document(self.status, &self.json());
        if self.status == 401 {
            answer.set_header("WWW-Authenticate", Some("Bearer"));
        }
        answer
    }
}
