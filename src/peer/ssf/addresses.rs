//! Under which URLs everything is reached.

use url::Url;

/// Every URL that the transmitter gives out, and the paths behind them.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses {
    /// The issuer, without a slash at the end.
    pub issuer: String,
    /// The path of the issuer, without a slash at the end.
    pub path: String,
    /// Where poll endpoints are that are not below the issuer.
    polls: Option<String>,
}

pub(super) const STREAMS: &str = "/ssf/streams";
pub(super) const STATUS: &str = "/ssf/status";
pub(super) const ADD_SUBJECT: &str = "/ssf/subjects/add";
pub(super) const REMOVE_SUBJECT: &str = "/ssf/subjects/remove";
pub(super) const VERIFICATION: &str = "/ssf/verification";
pub(super) const POLL: &str = "/ssf/poll/";
pub(super) const TOKEN: &str = "/oauth/token";
pub(super) const REVOCATION: &str = "/oauth/revoke";
pub(super) const JWKS: &str = "/jwks.json";

/// Before the path of the resource (RFC 9728 section 3.1).
const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

impl Addresses {
    /// From the public URL, or where it listens, and a path that is added to it.
    pub fn new(public: &str, path: &str) -> Self {
        let issuer = format!("{}{path}", public.trim_end_matches('/')).trim_end_matches('/').to_owned();
        let path = Url::parse(&issuer).map_or(String::new(), |url| url.path().trim_end_matches('/').to_owned());
        Self { issuer, path, polls: None }
    }

    /// The same with poll endpoints on another port of the host.
    pub fn with_polls_at(mut self, port: u16, scheme: &str) -> Self {
        if let Ok(mut url) = Url::parse(&self.issuer) {
            // Neither fails for http and https, and an issuer is one of them.
            let _ = url.set_scheme(scheme);
            let _ = url.set_port(Some(port));
            self.polls = Some(url.as_str().trim_end_matches('/').to_owned());
        }
        self
    }

    /// What stands at a path, whether it is offered or not.
    pub fn endpoint(&self, path: &str) -> &'static str {
        if path == self.well_known_path("ssf-configuration") {
            return "metadata";
        }
        if path == self.well_known_path("oauth-authorization-server") {
            return "authorization-server";
        }
        if self.resource(path).is_some() {
            return "protected-resource";
        }
        match path.strip_prefix(&self.path) {
            Some(STREAMS) => "configuration",
            Some(STATUS) => "status",
            Some(ADD_SUBJECT) => "add-subject",
            Some(REMOVE_SUBJECT) => "remove-subject",
            Some(VERIFICATION) => "verification",
            Some(TOKEN) => "token",
            Some(REVOCATION) => "revocation",
            Some(JWKS) => "jwks",
            Some(path) if path.starts_with(POLL) => "poll",
            _ => "unknown",
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// RFC 8936 section 2.1; unique per stream (SSF section 6.1.2). `apart` is for the port of their own, if there is one.
    pub fn poll(&self, stream_id: &str, apart: bool) -> String {
        format!("{}{POLL}{stream_id}", self.polls.as_ref().filter(|_| apart).unwrap_or(&self.issuer))
    }

    /// The path of a well-known document: between host and path of the issuer (SSF section 7.2).
    pub fn well_known_path(&self, name: &str) -> String {
        format!("/.well-known/{name}{}", self.path)
    }

    pub fn well_known(&self, name: &str) -> String {
        format!("{}{}", self.origin(), self.well_known_path(name))
    }

    fn origin(&self) -> &str {
        self.issuer.strip_suffix(&self.path).unwrap_or(&self.issuer)
    }

    /// The protected resource that the metadata at a path are of (RFC 9728 section 3.1): the issuer, or one of the endpoints.
    pub fn resource(&self, path: &str) -> Option<String> {
        let of = path.strip_prefix(PROTECTED_RESOURCE)?;
        let is_issuer = of == self.path;
        (is_issuer || self.is_protected(of)).then(|| format!("{}{of}", self.origin()))
    }

    /// Where the metadata of the protected resource at a path are.
    pub fn resource_metadata(&self, path: &str) -> Option<String> {
        self.is_protected(path).then(|| format!("{}{PROTECTED_RESOURCE}{path}", self.origin()))
    }

    fn is_protected(&self, path: &str) -> bool {
        let endpoints = [STREAMS, STATUS, ADD_SUBJECT, REMOVE_SUBJECT, VERIFICATION];
        // What stands in a poll URL is up to those who ask.
        let is_plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-".contains(&byte));
        let own = path.strip_prefix(&self.path);
        own.is_some_and(|path| endpoints.contains(&path) || (path.starts_with(POLL) && is_plain(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    #[test]
    fn polls_may_have_a_port_of_their_own() {
        let usual = Addresses::new("https://tr.example.com:8443/", "/a");
        assert_eq!(usual.poll("s", true), "https://tr.example.com:8443/a/ssf/poll/s");
        let apart = usual.clone().with_polls_at(9443, "https");
        assert_eq!(apart.poll("s", false), usual.poll("s", false));
        assert_eq!(apart.poll("s", true), "https://tr.example.com:9443/a/ssf/poll/s");
        assert_eq!(apart.url("/jwks.json"), usual.url("/jwks.json"));
        let plain = Addresses::new("https://tr.example.com", "").with_polls_at(9080, "http");
        assert_eq!(plain.poll("s", true), "http://tr.example.com:9080/ssf/poll/s");
    }

    #[test]
    fn the_issuer_and_its_endpoints_are_protected_resources() {
        let addresses = Addresses::new("https://tr.example.com/a", "");
        let known = |path: &str| addresses.resource(&format!("/.well-known/oauth-protected-resource{path}"));
        for path in ["/a", "/a/ssf/streams", "/a/ssf/poll/5b"] {
            assert_eq!(known(path), Some(format!("https://tr.example.com{path}")));
        }
        for path in ["", "/", "/b", "/a/jwks.json", "/a/oauth/token", "/a/ssf/poll/\"x"] {
            assert_eq!(known(path), None, "{path}");
        }
        let of_status = addresses.resource_metadata("/a/ssf/status");
        let expected = "https://tr.example.com/.well-known/oauth-protected-resource/a/ssf/status";
        assert_eq!(of_status.as_deref(), Some(expected));
        assert_eq!(addresses.resource_metadata("/a/oauth/token"), None);
    }

    #[test]
    fn the_well_known_part_goes_before_the_path() {
        let table = [
            ("https://tr.example.com", "", "https://tr.example.com/.well-known/ssf-configuration"),
            ("https://tr.example.com/", "", "https://tr.example.com/.well-known/ssf-configuration"),
            ("https://tr.example.com/issuer1", "", "https://tr.example.com/.well-known/ssf-configuration/issuer1"),
            ("https://tr.example.com/a/b/", "", "https://tr.example.com/.well-known/ssf-configuration/a/b"),
            ("https://tr.example.com/a/", "/b", "https://tr.example.com/.well-known/ssf-configuration/a/b"),
        ];
        for (public, path, expected) in table {
            assert_eq!(Addresses::new(public, path).well_known("ssf-configuration"), expected);
        }
    }
}
