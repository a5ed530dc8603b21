//! What the cases of a run share, and a login.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};
use url::Url;

use super::behind::Behind;
use super::settings::RpSettings;
use crate::expr::Scope;
use crate::http::{Client, Exchange};
use crate::peer::message::object_or_null;
use crate::peer::oidc::op::{Admission, COOKIE};
use crate::peer::oidc::{Op, random};
use crate::run::browser::{Browser, End, Visit, shown};
use crate::run::judge::Judge;
use crate::run::making::Making;
use crate::run::receiver::STRANGER;
use crate::set::{Jwks, Token};

/// After so many logins in a row that failed, the relying party is taken for gone.
const LOST_AFTER: u32 = 3;

/// Everything that cases share.
pub(crate) struct World {
    pub settings: RpSettings,
    pub op: Op,
    /// The logout endpoint.
    pub endpoint: Url,
    pub client: Client,
    pub judge: Judge,
    /// Judges what we send ourselves as the conformant provider.
    pub conscience: Judge,
    pub making: Making,
    pub jwks: Jwks,
    /// Logins in a row that failed.
    pub lost: AtomicU32,
    /// Whether the relying party took a token as it is, and none that was encrypted as ID Tokens are.
    pub takes_plain: AtomicBool,
    /// Our relying party behind the target.
    pub behind: Option<Arc<Behind>>,
}

/// A browser that is logged in, or was.
pub(crate) struct Session {
    browser: Browser,
    pub admission: Admission,
    /// The page that was open after the login.
    page: Url,
    /// The ID Token of the login.
    id_token: Token,
    pub open: bool,
}

/// Something that could not be done: why, and what was seen on the way.
pub(crate) struct Failed {
    pub reason: String,
    pub exchanges: Vec<Exchange>,
}

impl World {
    /// Whether nobody can log in any more.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed) >= LOST_AFTER
    }

    /// The client identifier of the relying party: the one that it registered last, or the one that it was given.
    pub fn client_id(&self) -> String {
        self.op.registration().map_or_else(|| self.settings.client_id.clone(), |(id, _)| id)
    }

    /// The features that cases may need.
    pub fn features(&self) -> BTreeSet<&'static str> {
        let mut features = self.settings.features();
        if self.op.registration().is_some() {
            features.insert("registers");
        }
        if self.behind.is_some() {
            features.insert("downstream");
        }
        if self.op.encryption().is_some() {
            features.insert("encrypted");
        }
        let registered =
            self.op.registration().map(|(_, metadata)| metadata["backchannel_logout_session_required"] == true);
        if !self.settings.session_required && registered != Some(true) {
            features.insert("sub-alone");
        }
        features
    }

    /// The user of a login that is there for its own sake.
    pub fn anybody(&self) -> String {
        self.settings.subjects.first().cloned().unwrap_or_else(|| format!("user-{}", random()))
    }

    /// A browser that nobody is logged in with.
    pub fn stranger(&self) -> Browser {
        Browser::new(self.client.clone())
    }

    /// Logs a user in with a new browser, and sees that the protected page opens.
    ///
    /// # Errors
    /// If it does not come to that: where it ended.
    pub async fn login(&self, sub: &str, sid: Option<String>) -> Result<(Session, Vec<Exchange>), Failed> {
        let outcome = self.try_login(sub, sid).await;
        match &outcome {
            Ok(_) => self.lost.store(0, Ordering::Relaxed),
            Err(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        outcome
    }

    async fn try_login(&self, sub: &str, sid: Option<String>) -> Result<(Session, Vec<Exchange>), Failed> {
        let admission = self.op.admit(sub, sid);
        let mut browser = self.browser_of(&admission);
        let login = &self.settings.login;
        let visit = browser.walk(login, &self.settings.login_forms, |_| false).await;
        let forms = visit.forms();
        let mut exchanges = visit.exchanges;
        let seen = self.op.seen(&admission);
        let came_to = match visit.end {
            End::Page(url, status) if (200..300).contains(&status) => Ok(url),
            End::Page(url, status) if self.is_login(&url) => Err(format!(
                "our authorization endpoint refused the request with status {status}: \
                 expected the client id and a redirect URI that we know (--client-id, --redirect-uri)"
            )),
            End::Page(url, status) => Err(format!("it ended at {} with status {status}{forms}", shown(&url))),
            End::Stopped(url) => Err(format!("it ended before {}", shown(&url))),
            End::Lost(why) => Err(format!("it ended at {why}")),
        };
        let why = match (&came_to, seen.asked, seen.id_tokens.last()) {
            (Err(why), false, _) if !why.starts_with("our ") => {
                Some(format!("{why}, and never came to our authorization endpoint"))
            }
            (Err(why), _, _) => Some(why.clone()),
            (Ok(url), false, _) => {
                Some(format!("it ended at {}{forms}, and never came to our authorization endpoint", shown(url)))
            }
            (Ok(_), true, None) => Some("the relying party did not redeem the code at our token endpoint".to_owned()),
            (Ok(_), true, Some(_)) => None,
        };
        let (Ok(end), None, Some(id_token)) = (came_to, &why, seen.id_tokens.last()) else {
            let why = why.unwrap_or_default();
            return Err(Failed { reason: format!("the login at {login} did not succeed: {why}"), exchanges });
        };
        let protected = self.settings.protected.clone().unwrap_or(end);
        let visit = browser.open(&protected, |url| self.is_login(url)).await;
        let shows_it = self.shows_it(&visit);
        exchanges.extend(visit.exchanges);
        let page = match visit.end {
            End::Page(url, status) if (200..300).contains(&status) && shows_it != Some(false) => url,
            End::Page(url, status) if (200..300).contains(&status) => {
                let reason =
                    format!("after the login, {} has not the text of a logged-in page (--logged-in-text)", shown(&url));
                return Err(Failed { reason, exchanges });
            }
            other => {
                let reason = format!("after the login, {} does not open: {}", shown(&protected), told(&other));
                return Err(Failed { reason, exchanges });
            }
        };
        let id_token = Token::parse(id_token);
        Ok((Session { browser, admission, page, id_token, open: true }, exchanges))
    }

    /// Whether a browser gets in with a logout token in place of an ID Token: whether `page` opens for it.
    ///
    /// # Errors
    /// If it does not come to that token, or nothing can be told of the page.
    pub async fn lets_impostors_in(&self, sub: &str, page: &Url) -> Result<(bool, Vec<Exchange>), Failed> {
        let admission = self.op.admit(sub, None);
        self.op.confuse(&admission);
        let mut browser = self.browser_of(&admission);
        let visit = browser.walk(&self.settings.login, &self.settings.login_forms, |_| false).await;
        let mut exchanges = visit.exchanges;
        if self.op.seen(&admission).id_tokens.is_empty() {
            let reason = format!("the relying party did not come for its tokens: {}", told(&visit.end));
            return Err(Failed { reason, exchanges });
        }
        let visit = browser.open(page, |url| self.is_login(url)).await;
        let opens = self.opens(&visit, page);
        exchanges.extend(visit.exchanges);
        match opens {
            Ok(open) => Ok((open, exchanges)),
            Err(reason) => Err(Failed { reason, exchanges }),
        }
    }

    /// A new browser that is logged in at our provider.
    pub(super) fn browser_of(&self, admission: &Admission) -> Browser {
        let mut browser = self.stranger();
        if let Ok(op) = Url::parse(&self.op.authorization_endpoint()) {
            browser.give_cookie(COOKIE, &admission.cookie, &op);
        }
        browser
    }

    /// Whether a URL is our authorization endpoint: whoever is sent there has no session.
    pub fn is_login(&self, url: &Url) -> bool {
        let endpoint = self.op.authorization_endpoint();
        url.as_str().strip_prefix(endpoint.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
    }

    /// Looks whether the page still opens for a session.
    ///
    /// # Errors
    /// If that cannot be told: no answer, or one that says that the server failed.
    pub async fn look(&self, session: &mut Session) -> Result<Vec<Exchange>, Failed> {
        let visit = session.browser.open(&session.page.clone(), |url| self.is_login(url)).await;
        match self.opens(&visit, &session.page) {
            Ok(open) => session.open = open,
            Err(why) => {
                let reason = format!("whether {} still opens cannot be told: {why}", shown(&session.page));
                return Err(Failed { reason, exchanges: visit.exchanges });
            }
        }
        Ok(visit.exchanges)
    }

    /// Whether the protected page was opened as those see it who are logged in.
    ///
    /// # Errors
    /// In words, if that cannot be told: no answer, or one that says that the server failed.
    pub fn opens(&self, visit: &Visit, page: &Url) -> Result<bool, String> {
        match &visit.end {
            End::Page(url, status) if (200..300).contains(status) => match &self.settings.logged_in_text {
                Some(_) => {
                    self.shows_it(visit).ok_or_else(|| format!("{} is longer than any page that is read", shown(url)))
                }
                // Another page than the protected one is the way to a login.
                None => Ok(url.path() == page.path()),
            },
            End::Page(_, status) if *status < 500 => Ok(false),
            End::Stopped(_) => Ok(false),
            other => Err(told(other)),
        }
    }

    /// Whether a page has the text of those who are logged in; `None` if that is not known.
    fn shows_it(&self, visit: &Visit) -> Option<bool> {
        visit.has_text(self.settings.logged_in_text.as_deref()?)
    }

    /// The variables that every case starts with.
    pub fn scope(&self) -> Scope {
        let settings = &self.settings;
        let mut scope = Scope::new()
            .with("target", json!({ "url": settings.login.as_str(), "scheme": settings.login.scheme() }))
            .with("issuer", json!(self.op.issuer()))
            .with("audience", json!(self.client_id()))
            .with("stranger", json!(STRANGER))
            .with("features", json!(self.features()))
            .with("registration", self.op.registration().map_or(Value::Null, |(_, metadata)| metadata))
            .with("languages", json!([]))
            .with("timeouts", settings.timeouts.value())
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()))
            .with("metadata", self.op.metadata())
            .with("metadata_url", json!(self.op.metadata_url()))
            .with("logout_uri", json!(settings.logout));
        for name in ["request", "response", "sent", "set", "claims", "header", "jwe", "session", "history"] {
            scope.set(name, Value::Null);
        }
        scope
    }
}

impl Session {
    /// One that has just begun.
    pub(super) fn new(browser: Browser, admission: Admission, page: Url, id_token: Token) -> Self {
        Self { browser, admission, page, id_token, open: true }
    }

    /// The page that opens as long as it is there.
    pub fn page(&self) -> &Url {
        &self.page
    }

    /// The variable of the session.
    pub fn value(&self) -> Value {
        json!({
            "sub": self.admission.sub,
            "sid": self.admission.sid,
            "open": self.open,
            "id_token": {
                "header": object_or_null(self.id_token.header.as_ref()),
                "claims": object_or_null(self.id_token.claims.as_ref()),
            },
        })
    }
}

/// The end of a visit, in words.
pub(crate) fn told(end: &End) -> String {
    match end {
        End::Page(url, status) => format!("{} answers {status}", shown(url)),
        End::Stopped(_) => "the browser is sent to our provider".to_owned(),
        End::Lost(why) => why.clone(),
    }
}
