//! The SCIM service provider whose changes the SETs tell of (RFC 9967): where it is, what it says of itself, and what we
//! made there.

mod resources;

use std::sync::OnceLock;

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::credential::Credential;
use crate::peer::scim::EVENTS;
use crate::peer::ssf::events;
pub(crate) use resources::{Made, Resources};

/// How the names of everything that we make begin.
const PREFIX: &str = "setspec-";

/// How many users a case is given.
const USERS: usize = 4;

/// A SCIM service provider, for as long as a run lasts.
pub(crate) struct Scim {
    /// Its base URL, without a slash at the end.
    base: String,
    pub credential: Option<Credential>,
    /// Whether SETs are pushed to us without a stream that we made.
    pub pushes: bool,
    configuration: OnceLock<Value>,
    pub resources: Resources,
}

impl Scim {
    pub fn new(base: &Url, credential: Option<Credential>, pushes: bool) -> Self {
        let base = base.as_str().trim_end_matches('/').to_owned();
        Self { base, credential, pushes, configuration: OnceLock::new(), resources: Resources::default() }
    }

    /// The URL of a path below the base.
    pub fn url(&self, path: &str) -> Option<Url> {
        Url::parse(&format!("{}{path}", self.base)).ok()
    }

    /// The path below the base, if the URL is one of the service provider's.
    pub fn path<'a>(&self, url: &'a Url) -> Option<&'a str> {
        let base = Url::parse(&self.base).ok()?;
        let rest = url.path().strip_prefix(base.path().trim_end_matches('/'))?;
        (url.origin() == base.origin() && rest.starts_with('/')).then_some(rest)
    }

    /// Whether a URL leads to the same server, so that the credential may go there.
    pub fn is_there(&self, url: &Url) -> bool {
        Url::parse(&self.base).is_ok_and(|base| base.origin() == url.origin())
    }

    /// What it says of itself, once that is known.
    pub fn learn(&self, configuration: Value) {
        // The preflight runs once.
        let _ = self.configuration.set(configuration);
    }

    fn configuration(&self) -> &Value {
        self.configuration.get().unwrap_or(&Value::Null)
    }

    /// The variable `scim` of a case: each has users and a group of its own.
    pub fn variable(&self) -> Value {
        let case = Uuid::new_v4().simple().to_string();
        let name = |of: &str| format!("{PREFIX}{}-{of}", &case[..12]);
        let users: Vec<Value> = (0..USERS).map(|number| user(&name(&number.to_string()))).collect();
        let requested: Vec<&str> = events::all().filter(|uri| uri.starts_with(EVENTS)).collect();
        json!({
            "url": self.base,
            "config": self.configuration(),
            "events": requested,
            "users": users,
            "group": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": name("group"),
            },
        })
    }

    /// What it offers, as features; `supported` are the event types of its streams.
    pub fn features(&self, supported: Option<&[String]>) -> Vec<&'static str> {
        let configuration = self.configuration();
        let announced = &configuration["securityEvents"];
        let mode = announced["asyncRequest"].as_str().unwrap_or_default().to_ascii_lowercase();
        let listed = announced["eventUris"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut sent = listed.chain(supported.unwrap_or_default().iter().map(String::as_str));
        [
            ("scim", true),
            ("scim-authorization", self.credential.is_some()),
            ("scim-async", matches!(mode.as_str(), "long" | "request")),
            ("scim-bulk", configuration["bulk"]["supported"] == true),
            ("scim-deletions", sent.any(|uri| uri == "urn:ietf:params:scim:event:prov:delete")),
        ]
        .into_iter()
        .filter(|(_, has)| *has)
        .map(|(name, _)| name)
        .collect()
    }
}

fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "externalId": name,
        "displayName": name,
        "name": { "givenName": "Setspec", "familyName": "Test" },
        "emails": [{ "value": format!("{name}@example.com"), "type": "work", "primary": true }],
        "active": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scim() -> Scim {
        Scim::new(&Url::parse("https://scim.example.com/v2/").expect("a URL"), None, false)
    }

    #[test]
    fn what_is_below_the_base_is_known_by_its_path() {
        let scim = scim();
        for (url, path) in [
            ("https://scim.example.com/v2/Users/1?x=y", Some("/Users/1")),
            ("https://scim.example.com/v2", None),
            ("https://scim.example.com/v20/Users", None),
            ("https://scim.example.com:444/v2/Users", None),
            ("http://scim.example.com/v2/Users", None),
            ("https://example.com/v2/Users", None),
        ] {
            assert_eq!(scim.path(&Url::parse(url).expect("a URL")), path, "{url}");
        }
        assert!(scim.is_there(&Url::parse("https://scim.example.com/results/1").expect("a URL")));
    }

    #[test]
    fn features_come_of_the_configuration() {
        let scim = scim();
        scim.learn(json!({ "securityEvents": { "asyncRequest": "LONG" }, "bulk": { "supported": "true" } }));
        assert_eq!(scim.features(None), ["scim", "scim-async"]);
        let deletions = ["urn:ietf:params:scim:event:prov:delete".to_owned()];
        assert_eq!(scim.features(Some(&deletions)), ["scim", "scim-async", "scim-deletions"]);
    }

    #[test]
    fn no_two_cases_have_the_same_names() {
        let scim = scim();
        let (one, other) = (scim.variable(), scim.variable());
        assert_ne!(one["users"][0]["userName"], other["users"][0]["userName"]);
        assert_ne!(one["users"][0]["userName"], one["users"][1]["userName"]);
    }
}
