//! Who may look, and who may act: our own page, and nobody else's.
//!
//! A foreign page can make a browser send requests here, directly or through a name that points here (DNS rebinding). The first
//! shows in Origin and Sec-Fetch-Site, the second in Host. Whoever acts also shows the token of this process, which a foreign
//! page cannot read.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// The field in which the token is shown.
pub(super) const TOKEN_FIELD: &str = "x-setspec-token";

/// Knows our own address and token.
pub(super) struct Guard {
    addr: SocketAddr,
    token: String,
}

impl Guard {
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, token: uuid::Uuid::new_v4().simple().to_string() }
    }

    /// Whether only this machine can reach it.
    pub fn is_local(&self) -> bool {
        self.addr.ip().is_loopback()
    }

    /// The token; what is served to everybody holds it only where everybody is on this machine.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether a request may see something; `is_page` for the page itself, which may be linked to.
    ///
    /// # Errors
    /// In words, why not.
    pub fn may_look(&self, headers: &HeaderMap, is_page: bool) -> Result<(), String> {
        let host = one(headers, "host")?.ok_or("Host: expected one, got none")?;
        if !self.is_ours(&host) {
            return Err(format!("Host: expected {}, got {host:?}", self.addr));
        }
        if let Some(origin) = one(headers, "origin")?
            && !origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(&host))
        {
            return Err(format!("Origin: expected this page, got {origin:?}"));
        }
        let site = one(headers, "sec-fetch-site")?;
        let is_visit = is_page && one(headers, "sec-fetch-dest")?.as_deref() == Some("document");
        match site.as_deref() {
            None | Some("same-origin" | "none") => Ok(()),
            Some(_) if is_visit => Ok(()),
            Some(other) => Err(format!("Sec-Fetch-Site: expected same-origin, got {other:?}")),
        }
    }

    /// Whether a request may change something.
    ///
    /// # Errors
    /// In words, why not.
    pub fn may_act(&self, headers: &HeaderMap) -> Result<(), String> {
        self.may_look(headers, false)?;
        // A form of another page cannot send this type.
        if one(headers, "content-type")?.as_deref() != Some("application/json") {
            return Err("Content-Type: expected application/json".to_owned());
        }
        let shown = one(headers, TOKEN_FIELD)?.unwrap_or_default();
        if !same(shown.as_bytes(), self.token.as_bytes()) {
            return Err(format!(
                "{TOKEN_FIELD}: expected the token of this page; it is another one since the mock was started anew"
            ));
        }
        Ok(())
    }

    /// Names that lead here whatever a name server says: addresses, and `localhost`.
    fn is_ours(&self, host: &str) -> bool {
        let port = format!(":{}", self.addr.port());
        if host.strip_suffix(&port).is_some_and(|name| name.eq_ignore_ascii_case("localhost")) {
            return true;
        }
        if self.is_local() {
            return host == self.addr.to_string();
        }
        let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
        name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
    }
}

/// The value of a field that may stand there once.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    match values.next() {
        None => Ok(first),
        Some(_) => Err(format!("{name}: expected one value, got several")),
    }
}

/// Compares without telling by its time how much is right.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        map
    }

    fn guard(addr: &str) -> Guard {
        Guard::new(addr.parse().expect("an address"))
    }

    #[test]
    fn only_names_that_need_no_name_server_lead_here() {
        let local = guard("127.0.0.1:8937");
        for (host, ours) in [
            ("127.0.0.1:8937", true),
            ("localhost:8937", true),
            ("LOCALHOST:8937", true),
            ("localhost", false),
            ("127.0.0.1:80", false),
            ("evil.example:8937", false),
            ("127.0.0.1.evil.example:8937", false),
            ("10.0.0.1:8937", false),
            ("", false),
        ] {
            assert_eq!(local.may_look(&headers(&[("host", host)]), true).is_ok(), ours, "{host}");
        }
        assert!(local.may_look(&headers(&[]), true).is_err(), "no Host");
        let open = guard("0.0.0.0:8937");
        for (host, ours) in
            [("10.0.0.1:8937", true), ("[::1]:80", true), ("10.0.0.1", true), ("box.example:8937", false)]
        {
            assert_eq!(open.may_look(&headers(&[("host", host)]), true).is_ok(), ours, "{host}");
        }
    }

    #[test]
    fn other_pages_are_refused_and_links_are_followed() {
        let guard = guard("127.0.0.1:8937");
        let look = |more: &[(&'static str, &str)], is_page| {
            let mut fields = vec![("host", "127.0.0.1:8937")];
            fields.extend_from_slice(more);
            guard.may_look(&headers(&fields), is_page).is_ok()
        };
        assert!(look(&[("origin", "http://127.0.0.1:8937"), ("sec-fetch-site", "same-origin")], false));
        assert!(!look(&[("origin", "http://localhost:8937")], false), "another name is another origin");
        assert!(!look(&[("origin", "null")], false));
        assert!(!look(&[("origin", "https://127.0.0.1:8937")], false));
        assert!(!look(&[("sec-fetch-site", "cross-site")], false));
        assert!(!look(&[("sec-fetch-site", "same-site")], false), "another port of this machine");
        assert!(look(&[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")], true));
        assert!(!look(&[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")], false));
        assert!(!look(&[("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "iframe")], true));
        assert!(!look(&[("origin", "http://127.0.0.1:8937"), ("origin", "http://evil.example")], false));
    }

    #[test]
    fn whoever_acts_shows_the_token() {
        let guard = guard("127.0.0.1:8937");
        let act = |token: &str, kind: &str| {
            let fields = [("host", "127.0.0.1:8937"), ("content-type", kind), ("x-setspec-token", token)];
            guard.may_act(&headers(&fields)).is_ok()
        };
        assert!(act(guard.token(), "application/json"));
        assert!(!act(guard.token(), "text/plain"));
        assert!(!act("", "application/json"));
        assert!(!act(&guard.token()[1..], "application/json"));
        assert!(!act(super::Guard::new(guard.addr).token(), "application/json"));
    }
}
