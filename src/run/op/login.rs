//! A login of our relying party at the provider: authorization, tokens, ID Token.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::listener::Returned;
use super::provider::{Provider, read};
use super::world::{Failed, World};
use crate::http::{Exchange, RequestSpec};
use crate::peer::message::object_or_null;
use crate::peer::oidc::{FORM, random};
use crate::run::browser::{Browser, End, FormStep, shown};
use crate::run::command;
use crate::set::{Token, verify};

/// A session at the provider.
pub(crate) struct Session {
    pub(super) browser: Browser,
    pub(super) id_token: Token,
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
        let mut url = self.authorization(provider, &state);
        url.query_pairs_mut()
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        let returned = self.listener.expect(&state);
        let mut browser = Browser::new(self.client.clone());
        let ended = self.send_there(Errand::Login, &mut browser, &url, exchanges).await?;
        let code = match timeout(self.patience(), returned).await {
            Ok(Ok(returned)) => returned.map_err(|error| match error {
                Some(error) => format!("the provider sends the error {error:?}"),
                None => "the provider sends neither code nor error".to_owned(),
            })?,
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

    /// An authorization request (OpenID Connect Core section 3.1.2.1).
    pub(super) fn authorization(&self, provider: &Provider, state: &str) -> Url {
        let mut url = provider.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id())
            .append_pair("redirect_uri", &self.listener.redirect_uri())
            .append_pair("scope", "openid")
            .append_pair("state", state);
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

    /// Whether a browser still has its session, asked without a page (OpenID Connect Core section 3.1.2.1, `prompt=none`); `None` if
    /// the provider does not say.
    pub(super) async fn is_logged_in(&self, session: &mut Session, exchanges: &mut Vec<Exchange>) -> Option<bool> {
        let provider = self.provider().ok()?;
        let state = random();
        let mut url = self.authorization(provider, &state);
        url.query_pairs_mut().append_pair("prompt", "none").append_pair("nonce", &random());
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

fn form(parameters: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(parameters).finish()
}
