//! Where an issuer gives out tokens: authorization server metadata (RFC 8414), then those of OpenID Connect.

use serde_json::{Map, Value};
use url::Url;

use super::answer::{object, quote};
use super::talk::{Talk, shown};
use crate::expr::formats::well_known;
use crate::http::RequestSpec;

/// Asks one document after the other for its `token_endpoint`.
pub(super) async fn token_endpoint(talk: &mut Talk<'_>, issuer: &str) -> Result<Url, String> {
    let mut faults = Vec::new();
    for document in documents(issuer)? {
        let place = shown(&document);
        let exchange = talk.send(RequestSpec::new("GET", document).header("Accept", "application/json")).await;
        let found = match exchange.status() {
            // Where nobody answers, the next document is not there either.
            None => {
                let why = exchange.failure.map_or_else(|| "no answer came".to_owned(), |failure| failure.message);
                return Err(none(issuer, &[format!("{place}: {why}")]));
            }
            Some(200) => object(&exchange).and_then(|members| named(&members, issuer)),
            Some(other) => Err(format!("expected status 200, got {other}")),
        };
        match found {
            Ok(url) => return Ok(url),
            Err(why) => faults.push(format!("{place}: {why}")),
        }
    }
    Err(none(issuer, &faults))
}

fn none(issuer: &str, faults: &[String]) -> String {
    format!("no token endpoint of {} was found, give it with --token-endpoint: {}", quote(issuer), faults.join("; "))
}

/// RFC 8414 section 3.1 puts the well-known part before the path, OpenID Connect Discovery after it.
fn documents(issuer: &str) -> Result<[Url; 2], String> {
    let parsed = |text: String| Url::parse(&text).map_err(|error| format!("{}: {error}", quote(&text)));
    let openid = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    Ok([parsed(well_known(issuer, "oauth-authorization-server")?)?, parsed(openid)?])
}

/// The token endpoint of a document that speaks for the issuer.
pub(super) fn named(members: &Map<String, Value>, issuer: &str) -> Result<Url, String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    // RFC 8414 section 3.3: metadata that speak for somebody else are not used, least of all with credentials.
    match text("issuer") {
        Some(named) if named.trim_end_matches('/') == issuer.trim_end_matches('/') => {}
        Some(other) => return Err(format!("issuer: expected {}, got {}", quote(issuer), quote(other))),
        None => return Err(format!("issuer: expected {}, got none", quote(issuer))),
    }
    let endpoint = text("token_endpoint").ok_or("token_endpoint: expected a URL, got none")?;
    let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| format!("token_endpoint: expected an http or https URL, got {}", quote(endpoint)))?;
    if url.scheme() == "http" && !issuer.to_ascii_lowercase().starts_with("http:") {
        return Err("token_endpoint: expected https, as with the issuer, got http".to_owned());
    }
    Ok(url)
}
