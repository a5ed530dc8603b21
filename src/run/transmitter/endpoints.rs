//! The endpoints of a transmitter, and what a request to one of them asks for (SSF section 8).

use serde_json::Value;
use url::Url;

/// The endpoints that the metadata name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Endpoints {
    configuration: Option<Url>,
    status: Option<Url>,
    add_subject: Option<Url>,
    remove_subject: Option<Url>,
    verification: Option<Url>,
}

impl Endpoints {
    /// Reads them; a member that is no http or https URL counts as absent here, and is judged by the rules.
    pub fn of(metadata: &Value) -> Self {
        let url = |name: &str| {
            let url = metadata.get(name).and_then(Value::as_str).and_then(|text| Url::parse(text).ok())?;
            (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
        };
        Self {
            configuration: url("configuration_endpoint"),
            status: url("status_endpoint"),
            add_subject: url("add_subject_endpoint"),
            remove_subject: url("remove_subject_endpoint"),
            verification: url("verification_endpoint"),
        }
    }

    pub fn configuration(&self) -> Option<&Url> {
        self.configuration.as_ref()
    }

    pub fn add_subject(&self) -> Option<&Url> {
        self.add_subject.as_ref()
    }

    pub fn verification(&self) -> Option<&Url> {
        self.verification.as_ref()
    }

    /// The names of the endpoints that there are, as features.
    pub fn features(&self) -> impl Iterator<Item = &'static str> {
        [
            ("configuration_endpoint", &self.configuration),
            ("status_endpoint", &self.status),
            ("add_subject_endpoint", &self.add_subject),
            ("remove_subject_endpoint", &self.remove_subject),
            ("verification_endpoint", &self.verification),
        ]
        .into_iter()
        .filter(|(_, url)| url.is_some())
        .map(|(name, _)| name)
    }

    /// What a request to the management API asks for.
    pub fn operation(&self, method: &str, url: &Url) -> Option<&'static str> {
        let is = |endpoint: &Option<Url>| endpoint.as_ref().is_some_and(|endpoint| same_place(endpoint, url));
        match method {
            "POST" if is(&self.configuration) => Some("create"),
            "GET" if is(&self.configuration) => Some(match url.query_pairs().any(|(name, _)| name == "stream_id") {
                true => "read",
                false => "list",
            }),
            "PATCH" if is(&self.configuration) => Some("update"),
            "PUT" if is(&self.configuration) => Some("replace"),
            "DELETE" if is(&self.configuration) => Some("delete"),
            "GET" if is(&self.status) => Some("read-status"),
            "POST" if is(&self.status) => Some("update-status"),
            "POST" if is(&self.add_subject) => Some("add-subject"),
            "POST" if is(&self.remove_subject) => Some("remove-subject"),
            "POST" if is(&self.verification) => Some("verify"),
            _ => None,
        }
    }
}

fn same_place(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
        && a.path() == b.path()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_recognised_by_method_and_endpoint() {
        let metadata = json!({
            "configuration_endpoint": "https://t.example/ssf/streams",
            "status_endpoint": "https://t.example/ssf/status",
            "verification_endpoint": "not a url",
        });
        let endpoints = Endpoints::of(&metadata);
        let operation = |method: &str, url: &str| endpoints.operation(method, &Url::parse(url).expect("a URL"));
        assert_eq!(operation("GET", "https://t.example/ssf/streams"), Some("list"));
        assert_eq!(operation("GET", "https://t.example/ssf/streams?stream_id=1"), Some("read"));
        assert_eq!(operation("PUT", "https://t.example:443/ssf/streams"), Some("replace"));
        assert_eq!(operation("POST", "https://t.example/ssf/status"), Some("update-status"));
        assert_eq!(operation("POST", "https://other.example/ssf/status"), None);
        assert!(endpoints.verification().is_none());
        assert_eq!(endpoints.features().collect::<Vec<_>>(), ["configuration_endpoint", "status_endpoint"]);
    }
}
