//! Users and groups (RFC 7643 section 4).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::path::member;
use super::refusal::Refusal;

/// The type of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The path of the endpoint below the base.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    pub const fn schema(self) -> &'static str {
        match self {
            Self::User => "urn:ietf:params:scim:schemas:core:2.0:User",
            Self::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
        }
    }

    /// The attribute that is required.
    pub const fn key(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// The type of a path below the base, and the identifier if it has one.
    pub fn of(path: &str) -> Option<(Self, Option<&str>)> {
        Self::ALL.into_iter().find_map(|kind| {
            let rest = path.strip_prefix(kind.endpoint())?;
            match rest.strip_prefix('/') {
                Some(id) if !id.is_empty() && !id.contains('/') => Some((kind, Some(id))),
                None if rest.is_empty() => Some((kind, None)),
                _ => None,
            }
        })
    }
}

/// A user or a group.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub kind: Kind,
    pub id: String,
    version: u64,
    created: Timestamp,
    modified: Timestamp,
    /// What the client said, without what is the provider's own and without secrets.
    pub attributes: Map<String, Value>,
}

impl Resource {
    pub fn new(kind: Kind, id: String, attributes: Map<String, Value>) -> Result<Self, Refusal> {
        let now = Timestamp::now();
        let attributes = checked(kind, attributes)?;
        Ok(Self { kind, id, version: 1, created: now, modified: now, attributes })
    }

    /// The same with other attributes, one version later.
    pub fn changed(&self, attributes: Map<String, Value>) -> Result<Self, Refusal> {
        let attributes = checked(self.kind, attributes)?;
        Ok(Self { attributes, version: self.version + 1, modified: Timestamp::now(), ..self.clone() })
    }

    /// The path below the base.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind.endpoint(), self.id)
    }

    /// The weak entity tag (RFC 7644 section 3.14).
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub fn is_active(&self) -> bool {
        member(&self.attributes, "active").and_then(|(_, value)| value.as_bool()).unwrap_or(true)
    }

    /// The subject identifier of its events (RFC 9967 section 2.1).
    pub fn subject(&self) -> Value {
        let mut subject = json!({ "format": "scim", "uri": self.path() });
        if let Some((_, Value::String(external))) = member(&self.attributes, "externalId") {
            subject["externalId"] = json!(external);
        }
        subject
    }

    /// The resource as it is answered; `base` is that of the service provider.
    pub fn represent(&self, base: &str) -> Value {
        let mut members =
            Map::from_iter([("schemas".to_owned(), json!([self.kind.schema()])), ("id".to_owned(), json!(self.id))]);
        members.extend(self.attributes.clone());
        members.insert(
            "meta".to_owned(),
            json!({
                "resourceType": self.kind.name(),
                "created": self.created.to_string(),
                "lastModified": self.modified.to_string(),
                "location": format!("{base}{}", self.path()),
                "version": self.etag(),
            }),
        );
        Value::Object(members)
    }
}

/// Takes out what is not the client's to say, or must not be shown, and sees that what is required is there.
fn checked(kind: Kind, mut attributes: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    attributes.retain(|name, value| {
        let own = ["schemas", "id", "meta", "password"].iter().any(|known| known.eq_ignore_ascii_case(name));
        !own && !value.is_null()
    });
    let key = member(&attributes, kind.key()).and_then(|(_, value)| value.as_str()).unwrap_or_default();
    if key.is_empty() {
        return Err(Refusal::invalid("invalidValue", format!("{}: expected a text, got none", kind.key())));
    }
    Ok(attributes)
}
