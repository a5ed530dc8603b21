//! A login of our relying party at the provider: authorization, tokens, ID Token.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;

use super::listener::Returned;
use super::provider::Provider;
use super::register::Identity;
use super::world::{Failed, World};
use crate::http::Exchange;
use crate::peer::message::object_or_null;
use crate::peer::oidc::random;
use crate::run::browser::{Browser, End, FormStep, shown};
use crate::run::command;
use crate::set::{Token, verify};

/// A session at the provider.
pub(crate) struct Session {
    pub(super) browser: Browser,
    pub(super) id_token: Token,
    /// Who we are in it.
    pub(super) identity: Identity,
    pub(super) refresh_token: Option<SecretString>,
}

/// What is asked for beside an ID Token.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// Access that outlives the session (OpenID Connect Core section 11).
    pub offline: bool,
    /// An ID Token that is encrypted.
    pub encrypted: bool,
}

/// What a browser is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    Login,
    End,
}

impl Errand {
    /// As the operator's command is told.
    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::End => "end",
        }
    }
}

impl World {
    /// Logs in with a new browser.
    ///
    /// # Errors
    /// If it does not come to an ID Token: where it ended.
    pub async fn login(&self, wanted: Wanted) -> Result<(Session, Vec<Exchange>), Failed> {
        self.login_by(Browser::new(self.client.clone()), wanted).await
    }

    /// The same with this browser.
    ///
    /// # Errors
    /// If it does not come to an ID Token: where it ended.
    pub async fn login_by(&self, browser: Browser, wanted: Wanted) -> Result<(Session, Vec<Exchange>), Failed> {
        let mut exchanges = Vec::new();
        match self.try_login(browser, wanted, &mut exchanges).await {
            Ok(session) => Ok((session, exchanges)),
            Err(why) => Err(Failed {
                reason: format!("the login at {} did not succeed: {why}", self.settings.issuer),
                exchanges,
            }),
        }
    }

    async fn try_login(
        &self,
        mut browser: Browser,
        wanted: Wanted,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<Session, String> {
        let provider = self.provider()?;
        let identity = self.identity(wanted.encrypted).await?;
        let (state, nonce, verifier) = (random(), random(), verifier());
        let scope = if wanted.offline { "openid offline_access" } else { "openid" };
        let mut url = self.authorization(provider, identity, scope, &state, &nonce, &verifier);
        if wanted.offline {
            // Without it offline_access is passed over.
            url.query_pairs_mut().append_pair("prompt", "consent");
        }
        let returned = self.listener.expect(&state);
        let ended = self.send_there(Errand::Login, &mut browser, &url, exchanges).await?;
        let code = match timeout(self.patience(), returned).await {
            Ok(Ok(returned)) => returned.map_err(|error| match error {
                Some(error) => format!("the provider sends the error {error:?}"),
                None => "the provider sends neither code nor error".to_owned(),
            })?,
            _ => return Err(format!("the browser did not come back to {}: {ended}", self.listener.redirect_uri())),
        };
        let (id_token, refresh_token) = self.redeem(provider, identity, &code, &verifier).await?;
        let (token, jwe) = self.opened(&id_token);
        if token.is_encrypted() {
            return Err("the ID Token is encrypted, and not for a key of ours (--encryption-key)".to_owned());
        }
        if wanted.encrypted && jwe.is_null() {
            return Err("the ID Token is not encrypted, as it was registered to be".to_owned());
        }
        if !verify(&token, &provider.jwks).is_valid() {
            return Err("the signature of the ID Token does not verify by the keys of the provider".to_owned());
        }
        if token.claims.as_ref().and_then(|claims| claims.get("nonce")).and_then(Value::as_str) != Some(nonce.as_str())
        {
            return Err("the ID Token has not the nonce of the login".to_owned());
        }
        Ok(Session { browser, id_token: token, identity: identity.clone(), refresh_token })
    }

    /// An authorization request (OpenID Connect Core section 3.1.2.1).
    fn authorization(
        &self,
        provider: &Provider,
        identity: &Identity,
        scope: &str,
        state: &str,
        nonce: &str,
        verifier: &str,
    ) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let mut url = provider.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &identity.id)
            .append_pair("redirect_uri", &self.listener.redirect_uri())
            .append_pair("scope", scope)
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// Our own browser has come back before it ends; a command may leave one behind that still has to.
    pub(super) fn patience(&self) -> Duration {
        if self.settings.hook.is_some() { self.settings.timeouts.delivery } else { Duration::ZERO }
    }

    /// Sends a browser to a page of the provider: ours, or the one of the operator's command. Gives where it ended.
    pub(super) async fn send_there(
        &self,
        errand: Errand,
        browser: &mut Browser,
        url: &Url,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<String, String> {
        if let Some(words) = &self.settings.hook {
            let ask = errand.name();
            let variables = vec![("SETSPEC_ASK", Some(ask.to_owned())), ("SETSPEC_URL", Some(url.to_string()))];
            let input = json!({ "ask": ask, "url": url.as_str() }).to_string();
            let work = command::run(words, &variables, &input);
            return match timeout(self.settings.timeouts.delivery, work).await {
                Ok(Ok(_)) => Ok("the command has ended".to_owned()),
                Ok(Err(why)) => Err(why),
                Err(_) => Err(format!("the command took more than {} s", self.settings.timeouts.delivery.as_secs())),
            };
        }
        let steps: &[FormStep] = match errand {
            Errand::Login => &self.settings.login_forms,
            Errand::End => &self.settings.logout_forms,
        };
        let visit = browser.walk(url, steps, |_| false).await;
        let forms = visit.forms();
        exchanges.extend(visit.exchanges);
        match visit.end {
            End::Page(url, status) => Ok(format!("it ended at {} with status {status}{forms}", shown(&url))),
            End::Stopped(url) => Ok(format!("it ended before {}", shown(&url))),
            End::Lost(why) => Err(why),
        }
    }

    /// Whether a browser still has its session, asked without a page (OpenID Connect Core section 3.1.2.1, `prompt=none`); `None` if
    /// the provider does not say.
    pub(super) async fn is_logged_in(&self, session: &mut Session, exchanges: &mut Vec<Exchange>) -> Option<bool> {
        let provider = self.provider().ok()?;
        let state = random();
        let mut url = self.authorization(provider, &session.identity, "openid", &state, &random(), &verifier());
        url.query_pairs_mut().append_pair("prompt", "none");
        let returned = self.listener.expect(&state);
        let visit = session.browser.open(&url, |_| false).await;
        exchanges.extend(visit.exchanges);
        let answer: Option<Returned> = timeout(Duration::ZERO, returned).await.ok().and_then(Result::ok);
        match answer? {
            Ok(_) => Some(true),
            Err(Some(error)) if error == "login_required" => Some(false),
            Err(_) => None,
        }
    }
}

impl Session {
    /// The variable of the session.
    pub fn value(&self) -> Value {
        let claims = object_or_null(self.id_token.claims.as_ref());
        json!({
            "sub": claims["sub"],
            "sid": claims["sid"],
            "id_token": { "header": object_or_null(self.id_token.header.as_ref()), "claims": claims },
        })
    }

    /// The session identifier of the ID Token.
    pub fn sid(&self) -> Option<&str> {
        self.id_token.claims.as_ref()?.get("sid")?.as_str()
    }
}

/// A PKCE verifier (RFC 7636 section 4.1).
fn verifier() -> String {
    format!("{}{}", random(), random())
}
