//! A browser: cookies, redirects, and nothing else. It follows no more redirects than browsers do.

use cookie_store::CookieStore;
use url::Url;

use crate::http::{Client, Exchange, RequestSpec};
use crate::run::redact::REDACTED;

/// How many redirects are followed in a row.
const MOST_REDIRECTS: usize = 20;

/// Parameters of URLs that let somebody in, or show who is in.
const SECRETS: [&str; 6] = ["code", "state", "nonce", "id_token", "id_token_hint", "access_token"];

/// One user agent with its cookies.
pub(crate) struct Browser {
    client: Client,
    jar: CookieStore,
}

/// Where a visit ended.
#[derive(Debug)]
pub(crate) enum End {
    /// At this page, with this status.
    Page(Url, u16),
    /// Before this page, which was not to be visited.
    Stopped(Url),
    /// Nowhere: why, with the place.
    Lost(String),
}

/// A visit: the way, without what must not be seen, and its end.
pub(crate) struct Visit {
    pub exchanges: Vec<Exchange>,
    pub end: End,
}

impl Browser {
    pub fn new(client: Client) -> Self {
        Self { client, jar: CookieStore::default() }
    }

    /// Gives it a cookie for the host of a URL.
    pub fn give_cookie(&mut self, name: &str, value: &str, url: &Url) {
        // A cookie that the jar does not take is missed at once: the browser is not known.
        let _ = self.jar.parse(&format!("{name}={value}; Path=/"), url);
    }

    /// Opens a page and follows redirects, except to a URL that `stop` holds for.
    pub async fn open(&mut self, url: &Url, stop: impl Fn(&Url) -> bool) -> Visit {
        let mut exchanges = Vec::new();
        let mut url = url.clone();
        for _ in 0..=MOST_REDIRECTS {
            if stop(&url) {
                return Visit { exchanges, end: End::Stopped(url) };
            }
            let exchange = self.get(&url).await;
            let next = self.next(&url, &exchange);
            exchanges.push(masked(exchange));
            match next {
                Ok(to) => url = to,
                Err(end) => return Visit { exchanges, end },
            }
        }
        let why = format!("{}: more than {MOST_REDIRECTS} redirects in a row", shown(&url));
        Visit { exchanges, end: End::Lost(why) }
    }

    async fn get(&mut self, url: &Url) -> Exchange {
        let mut spec = RequestSpec::new("GET", url.clone()).header("Accept", "text/html, */*;q=0.5");
        let pairs = self.jar.get_request_values(url);
        let cookies: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            spec = spec.header("Cookie", cookies.join("; "));
        }
        let exchange = self.client.send(spec).await;
        if let Some(response) = &exchange.response {
            for line in response.headers.get_all("set-cookie") {
                // A browser passes over cookies that it does not understand, or that are for another host.
                let _ = self.jar.parse(line, url);
            }
        }
        exchange
    }

    /// Where it goes on to, or where it ends.
    fn next(&self, url: &Url, exchange: &Exchange) -> Result<Url, End> {
        let Some(response) = &exchange.response else {
            let why = exchange.failure.as_ref().map_or("no answer", |failure| failure.message.as_str());
            return Err(End::Lost(format!("{}: {why}", shown(url))));
        };
        if let Some(failure) = exchange.failure.as_ref().filter(|_| !response.truncated) {
            return Err(End::Lost(format!("{}: {}", shown(url), failure.message)));
        }
        if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            return Err(End::Page(url.clone(), response.status));
        }
        let place = || format!("{}: status {}", shown(url), response.status);
        let to = response.headers.get("location").ok_or_else(|| End::Lost(format!("{}, and no Location", place())))?;
        let to =
            url.join(to).map_err(|error| End::Lost(format!("{}, and a Location that is no URL: {error}", place())))?;
        if matches!(to.scheme(), "http" | "https") && to.has_host() {
            Ok(to)
        } else {
            Err(End::Lost(format!("{}, and a Location that is no web address", place())))
        }
    }
}

/// A URL as messages show it: what stands in its query lets people in.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// An exchange of a browser as evidence: pages and codes are nobody's business.
fn masked(mut exchange: Exchange) -> Exchange {
    if let Ok(url) = Url::parse(&exchange.request.url) {
        let url = without_secrets(&url);
        exchange.request.target = url[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let base = url;
        if let Some(response) = &mut exchange.response {
            for (name, value) in &mut response.headers.0 {
                if name.eq_ignore_ascii_case("location")
                    && let Ok(to) = base.join(value)
                {
                    *value = without_secrets(&to).to_string();
                }
            }
        }
        exchange.request.url = base.to_string();
    }
    if let Some(response) = exchange.response.as_mut().filter(|response| !response.body.is_empty()) {
        response.body.clear();
        response.truncated = true;
    }
    exchange
}

fn without_secrets(url: &Url) -> Url {
    let is_secret = |name: &str| SECRETS.contains(&name);
    if !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return url.clone();
    }
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if is_secret(&name) { REDACTED.to_owned() } else { value.into_owned() };
            (name.into_owned(), value)
        })
        .collect();
    let mut masked = url.clone();
    masked.query_pairs_mut().clear().extend_pairs(pairs);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_taken_out_of_urls() {
        let url = Url::parse("https://rp.example/cb?code=c0de&iss=https%3A%2F%2Fop.example&state=s").expect("a URL");
        let masked = without_secrets(&url);
        assert!(!masked.as_str().contains("c0de"), "{masked}");
        assert!(masked.query_pairs().any(|(name, value)| name == "iss" && value == "https://op.example"), "{masked}");
        let plain = Url::parse("https://rp.example/page?lang=de").expect("a URL");
        assert_eq!(without_secrets(&plain), plain);
        assert_eq!(shown(&url), "https://rp.example/cb");
    }
}
