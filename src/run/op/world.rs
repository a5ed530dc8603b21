//! What the cases of a run share: our relying party, a login at the provider, and its end.

use std::sync::{Mutex, OnceLock, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::listener::Listener;
use super::provider::{Provider, read};
use super::register::Identity;
use super::settings::OpSettings;
use crate::expr::Scope;
use crate::http::{Client, Exchange, RequestSpec, Subscription};
use crate::peer::message::object_or_null;
use crate::peer::oidc::{FORM, random};
use crate::run::command;
use crate::run::judge::Judge;
use crate::run::receiver::STRANGER;
use crate::run::rp::browser::{Browser, End, shown};
use crate::set::{Token, verify};

/// Everything that cases share.
pub(crate) struct World {
    pub settings: OpSettings,
    pub listener: Listener,
    /// What comes to our relying party.
    pub requests: tokio::sync::Mutex<Subscription>,
    pub client: Client,
    pub judge: Judge,
    pub provider: OnceLock<Provider>,
    /// Who we are there.
    pub identity: OnceLock<Identity>,
    /// The session that was last ended: what logout requests are about.
    pub ended: Mutex<Value>,
}

/// A session at the provider.
pub(crate) struct Session {
    browser: Browser,
    id_token: Token,
}

/// Something that could not be done: why, and what was seen on the way.
pub(crate) struct Failed {
    pub reason: String,
    pub exchanges: Vec<Exchange>,
}

impl World {
    fn provider(&self) -> Result<&Provider, String> {
        self.provider.get().ok_or_else(|| "the provider was not asked for its metadata".to_owned())
    }

    /// Our client identifier; empty before we are registered.
    pub fn client_id(&self) -> &str {
        self.identity.get().map_or("", |identity| &identity.id)
    }

    /// What the provider is known to offer.
    pub fn features(&self) -> Vec<&'static str> {
        let metadata = self.provider.get().map(|provider| &provider.metadata);
        let says = |name: &str| metadata.and_then(|metadata| metadata.get(name)) == Some(&Value::Bool(true));
        if says("backchannel_logout_session_supported") { vec!["logout-sessions"] } else { Vec::new() }
    }

    /// Logs in with a new browser.
    ///
    /// # Errors
    /// If it does not come to an ID Token: where it ended.
    pub async fn login(&self) -> Result<(Session, Vec<Exchange>), Failed> {
        let mut exchanges = Vec::new();
        match self.try_login(&mut exchanges).await {
            Ok(session) => Ok((session, exchanges)),
            Err(why) => Err(Failed {
                reason: format!("the login at {} did not succeed: {why}", self.settings.issuer),
                exchanges,
            }),
        }
    }

    async fn try_login(&self, exchanges: &mut Vec<Exchange>) -> Result<Session, String> {
        let provider = self.provider()?;
        let (state, nonce, verifier) = (random(), random(), format!("{}{}", random(), random()));
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let mut url = provider.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id())
            .append_pair("redirect_uri", &self.listener.redirect_uri())
            .append_pair("scope", "openid")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let returned = self.listener.expect(&state);
        let mut browser = Browser::new(self.client.clone());
        let ended = self.send_there("login", &mut browser, &url, exchanges).await?;
        let code = match timeout(self.patience(), returned).await {
            Ok(Ok(returned)) => returned?,
            _ => return Err(format!("the browser did not come back to {}: {ended}", self.listener.redirect_uri())),
        };
        let id_token = self.redeem(provider, &code, &verifier).await?;
        let token = Token::parse(&id_token);
        if !verify(&token, &provider.jwks).is_valid() {
            return Err("the signature of the ID Token does not verify by the keys of the provider".to_owned());
        }
        if token.claims.as_ref().and_then(|claims| claims.get("nonce")).and_then(Value::as_str) != Some(nonce.as_str())
        {
            return Err("the ID Token has not the nonce of the login".to_owned());
        }
        Ok(Session { browser, id_token: token })
    }

    /// Our own browser has come back before it ends; a command may leave one behind that still has to.
    fn patience(&self) -> std::time::Duration {
        if self.settings.hook.is_some() { self.settings.timeouts.delivery } else { std::time::Duration::ZERO }
    }

    /// Sends a browser to a page of the provider: ours, or the one of the operator's command. Gives where it ended.
    async fn send_there(
        &self,
        ask: &'static str,
        browser: &mut Browser,
        url: &Url,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<String, String> {
        if let Some(words) = &self.settings.hook {
            let variables = vec![("SETSPEC_ASK", Some(ask.to_owned())), ("SETSPEC_URL", Some(url.to_string()))];
            let input = json!({ "ask": ask, "url": url.as_str() }).to_string();
            let work = command::run(words, &variables, &input);
            return match timeout(self.settings.timeouts.delivery, work).await {
                Ok(Ok(_)) => Ok("the command has ended".to_owned()),
                Ok(Err(why)) => Err(why),
                Err(_) => Err(format!("the command took more than {} s", self.settings.timeouts.delivery.as_secs())),
            };
        }
        let visit = browser.open(url, |_| false).await;
        exchanges.extend(visit.exchanges);
        match visit.end {
            End::Page(url, status) => Ok(format!("it ended at {} with status {status}", shown(&url))),
            End::Stopped(url) => Ok(format!("it ended before {}", shown(&url))),
            End::Lost(why) => Err(why),
        }
    }

    /// The ID Token for a code (OpenID Connect Core section 3.1.3). The exchange holds secrets and is not kept.
    async fn redeem(&self, provider: &Provider, code: &str, verifier: &str) -> Result<String, String> {
        let identity = self.identity.get().ok_or("we are not registered")?;
        let mut spec = RequestSpec::new("POST", provider.token_endpoint.clone())
            .header("Content-Type", FORM)
            .header("Accept", "application/json")
            .body(form(&[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &self.listener.redirect_uri()),
                ("code_verifier", verifier),
                ("client_id", &identity.id),
            ]));
        if let Some(secret) = &identity.secret {
            let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&identity.id), encode(secret.expose_secret()));
            spec = spec.header("Authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        let answer =
            read(&self.client.send(spec).await, &[200]).map_err(|why| format!("{}: {why}", provider.token_endpoint))?;
        let id_token = answer.get("id_token").and_then(Value::as_str);
        id_token.map(str::to_owned).ok_or_else(|| format!("{}: no id_token", provider.token_endpoint))
    }

    /// Has the provider end a session (RP-Initiated Logout section 2).
    ///
    /// # Errors
    /// If it cannot be asked.
    pub async fn end(&self, session: &mut Session) -> Result<Vec<Exchange>, Failed> {
        let mut exchanges = Vec::new();
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = session.value();
        match self.try_end(session, &mut exchanges).await {
            Ok(()) => Ok(exchanges),
            Err(why) => Err(Failed { reason: format!("the session cannot be ended: {why}"), exchanges }),
        }
    }

    async fn try_end(&self, session: &mut Session, exchanges: &mut Vec<Exchange>) -> Result<(), String> {
        let provider = self.provider()?;
        let missing = "the metadata name no end_session_endpoint; a command that ends sessions can be given (--hook)";
        let mut url = match (&provider.end_session_endpoint, &self.settings.hook) {
            (Some(url), _) => url.clone(),
            (None, Some(_)) => provider.authorization_endpoint.clone(),
            (None, None) => return Err(missing.to_owned()),
        };
        if provider.end_session_endpoint.is_some() {
            url.query_pairs_mut()
                .append_pair("id_token_hint", &session.id_token.raw)
                .append_pair("client_id", self.client_id())
                .append_pair("post_logout_redirect_uri", &self.listener.post_logout_redirect_uri());
        }
        self.send_there("end", &mut session.browser, &url, exchanges).await.map(drop)
    }

    /// The variables that every case starts with.
    pub fn scope(&self) -> Scope {
        let settings = &self.settings;
        let metadata = self.provider.get().map_or(Value::Null, |provider| provider.metadata.clone());
        let mut scope = Scope::new()
            .with("target", json!({ "url": settings.issuer, "scheme": settings.issuer.split(':').next() }))
            .with("issuer", json!(settings.issuer))
            .with("audience", json!(self.client_id()))
            .with("stranger", json!(STRANGER))
            .with("features", json!(self.features()))
            .with("languages", json!([]))
            .with("timeouts", settings.timeouts.value())
            .with("nonce", json!(random()))
            .with("metadata", metadata)
            .with("logout_uri", json!(self.listener.logout_uri()));
        for name in ["request", "response", "sent", "set", "claims", "header", "session", "history"] {
            scope.set(name, Value::Null);
        }
        scope
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
}

fn form(parameters: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(parameters).finish()
}
