//! Under which URLs everything is reached.

use url::Url;

/// Every URL that the transmitter gives out, and the paths behind them.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses {
    /// The issuer, without a slash at the end.
    pub issuer: String,
    /// The path of the issuer, without a slash at the end.
    pub path: String,
}

pub(super) const STREAMS: &str = "/ssf/streams";
pub(super) const STATUS: &str = "/ssf/status";
pub(super) const ADD_SUBJECT: &str = "/ssf/subjects/add";
pub(super) const REMOVE_SUBJECT: &str = "/ssf/subjects/remove";
pub(super) const VERIFICATION: &str = "/ssf/verification";
pub(super) const POLL: &str = "/ssf/poll/";
pub(super) const TOKEN: &str = "/oauth/token";
pub(super) const JWKS: &str = "/jwks.json";

impl Addresses {
    /// From the public URL, or where it listens.
    pub fn new(public: &str) -> Self {
        let issuer = public.trim_end_matches('/').to_owned();
        let path = Url::parse(&issuer).map_or(String::new(), |url| url.path().trim_end_matches('/').to_owned());
        Self { issuer, path }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// RFC 8936 section 2.1; unique per stream (SSF section 6.1.2).
    pub fn poll(&self, stream_id: &str) -> String {
        format!("{}{POLL}{stream_id}", self.issuer)
    }

    /// The path of a well-known document: between host and path of the issuer (SSF section 7.2).
    pub fn well_known_path(&self, name: &str) -> String {
        format!("/.well-known/{name}{}", self.path)
    }

    pub fn well_known(&self, name: &str) -> String {
        let origin = self.issuer.strip_suffix(&self.path).unwrap_or(&self.issuer);
        format!("{origin}{}", self.well_known_path(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;

    #[test]
    fn the_well_known_part_goes_before_the_path() {
        let table = [
            ("https://tr.example.com", "https://tr.example.com/.well-known/ssf-configuration"),
            ("https://tr.example.com/", "https://tr.example.com/.well-known/ssf-configuration"),
            ("https://tr.example.com/issuer1", "https://tr.example.com/.well-known/ssf-configuration/issuer1"),
            ("https://tr.example.com/a/b/", "https://tr.example.com/.well-known/ssf-configuration/a/b"),
        ];
        for (public, expected) in table {
            assert_eq!(Addresses::new(public).well_known("ssf-configuration"), expected);
        }
    }
}
