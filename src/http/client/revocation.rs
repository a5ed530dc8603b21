//! Whether a certificate was revoked, by the list that it names (RFC 5280 sections 4.2.1.13 and 5).

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{Client, ClientOptions, RequestSpec};
use crate::http::tls::{is_revoked, revocation_lists};

/// The largest list that is read, in bytes.
const LARGEST: usize = 4 * 1024 * 1024;

/// Looks at the first list that is there. A certificate that names none, or whose list is not to be had, counts as good: most
/// clients would reach nobody otherwise.
pub async fn revoked(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    options: &ClientOptions,
    end: Instant,
) -> bool {
    let Some(leaf) = chain.first() else { return false };
    for url in revocation_lists(leaf) {
        // Over https, the list would need a list.
        let Some(url) = Url::parse(&url).ok().filter(|url| url.scheme() == "http") else { continue };
        let Ok(Some(list)) = timeout_at(end, fetch(url, options)).await else { continue };
        if let Ok(revoked) = is_revoked(&options.roots, chain, name, list) {
            return revoked;
        }
    }
    false
}

async fn fetch(url: Url, options: &ClientOptions) -> Option<Vec<u8>> {
    let options = ClientOptions { max_body: LARGEST, checks_revocation: false, ..options.clone() };
    let client = Client::new(options).ok()?;
    // A future that contained itself would have no size.
    let exchange = Box::pin(client.send(RequestSpec::new("GET", url))).await;
    let response = exchange.response.filter(|response| response.status == 200 && !response.truncated)?;
    Some(response.body)
}
