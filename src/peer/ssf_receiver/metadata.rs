//! The metadata of the transmitter (SSF section 7).

use serde_json::{Map, Value};
use url::{Host, Url};

use super::request::{Answer, Call};
use super::state::Shared;
use crate::expr::formats::well_known;
use crate::peer::ssf::{Operation, events};

/// Members that SSF section 7.1 and the specifications around it define.
const MEMBERS: [&str; 12] = [
    "spec_version",
    "issuer",
    "jwks_uri",
    "delivery_methods_supported",
    "configuration_endpoint",
    "status_endpoint",
    "add_subject_endpoint",
    "remove_subject_endpoint",
    "verification_endpoint",
    "critical_subject_members",
    "authorization_schemes",
    "default_subjects",
];

/// Metadata that have been validated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metadata {
    members: Map<String, Value>,
    issuer: String,
}

/// Reads the metadata where the issuer has them (SSF section 7.2.1).
pub(super) async fn discover(shared: &Shared) -> Result<Metadata, String> {
    let options = &shared.options;
    let issuer = &options.issuer;
    secure(&web_url(issuer, issuer).map_err(|why| format!("issuer: {why}"))?)?;
    let location = match &options.metadata_url {
        Some(url) => url.clone(),
        None => location(issuer, options.behaviour().keeps_slash)?,
    };
    let answer = Call::new(Operation::Metadata, "GET", location.clone()).public().ask(shared).await?;
    validated(shared, &answer).map_err(|why| format!("metadata {location}: {why}"))
}

/// The well-known part goes before the path of the issuer, which loses a slash at its end.
fn location(issuer: &str, keeps_slash: bool) -> Result<Url, String> {
    let mut url = web_url(&well_known(issuer, "ssf-configuration")?, issuer)?;
    if keeps_slash && issuer.ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// SSF section 7.2.4: information that does not validate is not used.
fn validated(shared: &Shared, answer: &Answer) -> Result<Metadata, String> {
    let behaviour = shared.options.behaviour();
    if answer.status != 200 {
        return Err(format!("expected status 200, got {}", answer.status));
    }
    let members = answer.object()?;
    let issuer = &shared.options.issuer;
    match members.get("issuer") {
        Some(Value::String(named)) if named == issuer => {}
        _ if behaviour.skips_metadata_issuer => {}
        other => {
            let got = other.map_or_else(|| "nothing".to_owned(), Value::to_string);
            return Err(format!("issuer: expected {issuer:?}, got {got}"));
        }
    }
    if behaviour.refuses_unknown_stream_members
        && let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str()))
    {
        return Err(format!("expected members that are known, got {unknown:?}"));
    }
    Ok(Metadata { members, issuer: issuer.clone() })
}

impl Metadata {
    /// An endpoint by the name of its member.
    pub fn endpoint(&self, name: &str) -> Result<Url, String> {
        match self.members.get(name) {
            Some(Value::String(url)) => web_url(url, &self.issuer).map_err(|why| format!("{name}: {why}")),
            Some(other) => Err(format!("{name}: expected a URL, got {other}")),
            None => Err(format!("the transmitter has no {name}")),
        }
    }

    pub fn value(&self) -> Value {
        Value::Object(self.members.clone())
    }

    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Members of complex subjects that have to be understood (SSF section 3.6).
    pub fn critical_members(&self) -> impl Iterator<Item = &str> {
        self.texts("critical_subject_members")
    }

    /// The event types to ask for: all that are known here, of those that the transmitter names.
    pub fn events(&self) -> Vec<String> {
        let supported: Vec<&str> = self.texts("events_supported").collect();
        events::known().filter(|known| supported.is_empty() || supported.contains(known)).map(str::to_owned).collect()
    }

    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.members.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }
}

/// A URL that the receiver may send a credential to: http only where the issuer is reached by http, too.
pub(super) fn web_url(text: &str, issuer: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("expected a URL, got {text:?}: {error}"))?;
    match url.scheme() {
        _ if !url.has_host() => Err(format!("expected a URL with a host, got {text:?}")),
        "https" => Ok(url),
        "http" if issuer.to_ascii_lowercase().starts_with("http:") => Ok(url),
        _ => Err(format!("expected an https URL, got {text:?}")),
    }
}

/// SSF section 7.1 has issuers use https; on this machine there is nobody to listen in.
fn secure(issuer: &Url) -> Result<(), String> {
    let loopback = match issuer.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    match issuer.scheme() == "https" || loopback {
        true => Ok(()),
        false => Err(format!("issuer: expected https, or http on a loopback address, got {issuer}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_location_of_the_metadata() {
        let table = [
            ("https://tx.example.com", false, "https://tx.example.com/.well-known/ssf-configuration"),
            ("https://tx.example.com/", false, "https://tx.example.com/.well-known/ssf-configuration"),
            ("https://tx.example.com/a/b/", false, "https://tx.example.com/.well-known/ssf-configuration/a/b"),
            ("https://tx.example.com/a/b/", true, "https://tx.example.com/.well-known/ssf-configuration/a/b/"),
            ("https://tx.example.com/a", true, "https://tx.example.com/.well-known/ssf-configuration/a"),
        ];
        for (issuer, keeps_slash, expected) in table {
            assert_eq!(location(issuer, keeps_slash).as_ref().map(Url::as_str), Ok(expected), "{issuer}");
        }
    }

    #[test]
    fn no_credential_goes_where_others_can_read_it() {
        for (url, issuer, good) in [
            ("https://tx.example.com/a", "https://tx.example.com", true),
            ("http://tx.example.com/a", "https://tx.example.com", false),
            ("http://127.0.0.1/a", "http://127.0.0.1", true),
            ("file:///etc/passwd", "http://127.0.0.1", false),
            ("data:,x", "http://127.0.0.1", false),
        ] {
            assert_eq!(web_url(url, issuer).is_ok(), good, "{url} of {issuer}");
        }
        for (issuer, good) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("http://a.example", false),
        ] {
            assert_eq!(secure(&issuer.parse().unwrap()).is_ok(), good, "{issuer}");
        }
    }
}
