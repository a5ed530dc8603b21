//! A visit of a browser, and where it ends. It follows no more redirects than browsers do.

use cookie_store::CookieStore;
use url::Url;

use super::form::{FormStep, Submission};
use super::html::forms;
use crate::http::{Client, Exchange, RequestSpec, Response};
use crate::run::redact::REDACTED;

/// How many redirects are followed in a row.
const MOST_REDIRECTS: usize = 20;

/// Parameters of URLs that let somebody in, or show who is in.
const SECRETS: [&str; 6] = ["code", "state", "nonce", "id_token", "id_token_hint", "access_token"];

/// How many forms are submitted in a row.
const MOST_FORMS: usize = 10;

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
    /// The page that it ended at.
    page: Page,
}

/// A page as it came.
#[derive(Default)]
struct Page {
    text: String,
    is_html: bool,
    /// Whether it is longer than what was read.
    cut: bool,
    /// Whether steps were left, none of which fits one of its forms.
    unfit: bool,
}

/// What is sent next.
struct Hop {
    url: Url,
    /// A form that is sent there, and the page that it stood on.
    form: Option<(Submission, Url)>,
}

impl Visit {
    /// Whether the page that it ended at has this text; `None` if it was too long to tell.
    pub fn has_text(&self, text: &str) -> Option<bool> {
        let found = self.page.text.contains(text);
        (found || !self.page.cut).then_some(found)
    }

    /// The forms of the page that it ended at, in words; empty if there are none.
    pub fn forms(&self) -> String {
        if !self.page.is_html {
            return String::new();
        }
        let told: Vec<String> = forms(&self.page.text).iter().take(2).map(|form| form.told()).collect();
        match (told.is_empty(), self.page.unfit) {
            (true, _) => String::new(),
            (false, false) => format!(", which has {}", told.join(" and ")),
            (false, true) => format!(", which has {}, and none of the steps that are left fits it", told.join(" and ")),
        }
    }
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
        self.walk(url, &[], stop).await
    }

    /// The same, and on each page on the way submits the form that one of the steps fits: the first one that has not been taken yet.
    pub async fn walk(&mut self, url: &Url, steps: &[FormStep], stop: impl Fn(&Url) -> bool) -> Visit {
        let mut left: Vec<&FormStep> = steps.iter().collect();
        let mut visit = self.follow(Hop { url: url.clone(), form: None }, &stop).await;
        for _ in 0..MOST_FORMS {
            let End::Page(url, status) = &visit.end else { return visit };
            if !visit.page.is_html || *status >= 500 || left.is_empty() {
                return visit;
            }
            let found = forms(&visit.page.text);
            let filled = left.iter().enumerate().find_map(|(place, step)| Some((place, step.fill(url, &found)?)));
            let Some((place, filled)) = filled else {
                visit.page.unfit = true;
                return visit;
            };
            left.remove(place);
            let submission = match filled {
                Ok(submission) => submission,
                Err(why) => {
                    visit.end = End::Lost(format!("{}: it has {why}", shown(url)));
                    return visit;
                }
            };
            let hop = Hop { url: submission.url.clone(), form: Some((submission, url.clone())) };
            let mut exchanges = std::mem::take(&mut visit.exchanges);
            visit = self.follow(hop, &stop).await;
            exchanges.append(&mut visit.exchanges);
            visit.exchanges = exchanges;
        }
        visit
    }

    async fn follow(&mut self, mut hop: Hop, stop: &impl Fn(&Url) -> bool) -> Visit {
        let mut exchanges = Vec::new();
        for _ in 0..=MOST_REDIRECTS {
            if stop(&hop.url) {
                return Visit { exchanges, end: End::Stopped(hop.url), page: Page::default() };
            }
            let exchange = self.send(&hop).await;
            let next = self.next(&hop.url, &exchange);
            let page = Page::of(exchange.response.as_ref());
            exchanges.push(masked(exchange, hop.form.is_some()));
            match next {
                Ok((to, same)) => hop = Hop { url: to, form: hop.form.filter(|_| same) },
                Err(end) => return Visit { exchanges, end, page },
            }
        }
        let why = format!("{}: more than {MOST_REDIRECTS} redirects in a row", shown(&hop.url));
        Visit { exchanges, end: End::Lost(why), page: Page::default() }
    }

    async fn send(&mut self, hop: &Hop) -> Exchange {
        let url = &hop.url;
        let mut spec = match &hop.form {
            Some((form, page)) => RequestSpec::new(form.method, url.clone()).header("Referer", shown(page)),
            None => RequestSpec::new("GET", url.clone()),
        }
        .header("Accept", "text/html, */*;q=0.5");
        if let Some((form, page)) = hop.form.as_ref().filter(|(form, _)| form.method == "POST") {
            // Some look at where a form comes from before they take it.
            spec = spec
                .header("Origin", page.origin().ascii_serialization())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form.body.clone());
        }
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

    /// Where it goes on to, and whether with the same request, or where it ends.
    fn next(&self, url: &Url, exchange: &Exchange) -> Result<(Url, bool), End> {
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
            Ok((to, matches!(response.status, 307 | 308)))
        } else {
            Err(End::Lost(format!("{}, and a Location that is no web address", place())))
        }
    }
}

impl Page {
    fn of(response: Option<&Response>) -> Self {
        let Some(response) = response else { return Self::default() };
        let is_html =
            response.media_type().is_some_and(|kind| matches!(kind.as_str(), "text/html" | "application/xhtml+xml"));
        Self { text: response.body_text(), is_html, cut: response.truncated, unfit: false }
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
fn masked(mut exchange: Exchange, is_form: bool) -> Exchange {
    if let Ok(mut url) = Url::parse(&exchange.request.url) {
        if is_form && exchange.request.method == "GET" {
            url.set_query(Some(REDACTED));
        }
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
    if !exchange.request.body.is_empty() {
        exchange.request.body.clear();
        exchange.request.truncated = true;
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
