//! The built-in relying party: one protected page, a login, and the endpoint that takes logout tokens.
//!
//! - [`provider`]: what it knows of its provider.
//! - [`login`]: the way to the provider and back (OpenID Connect Core section 3.1).
//! - [`logout`]: the back-channel logout endpoint; [`validate`]: the validation of logout tokens.
//! - [`sessions`]: who is logged in.

mod login;
mod logout;
mod provider;
mod sessions;
mod validate;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::any;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::behaviour::OF_RP;
use super::cookie;
use super::op::{Behind, Downstream};
use crate::http::{Client, Recorder, Server, ServerOptions, ServerTls};
use crate::peer::answer::Answer;
use crate::peer::behaviours::Behaviours;
use crate::peer::message::parameters;
use crate::peer::oidc::answer::{form, page, redirect};
use crate::peer::tamper::Tamper;
use crate::set::jwe::{Agreed, DecryptionKey};
use crate::set::{Alg, Token, jwe};
use provider::{Identity, Known, Provider};
use sessions::Sessions;

/// The cookie of a session.
const COOKIE: &str = "setspec_rp";

/// How an [`Rp`] is set up.
pub struct RpOptions {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Under which address others reach it; where it listens unless given.
    pub public_url: Option<Url>,
    /// Its certificate and key; plain http unless given.
    pub tls: Option<ServerTls>,
    /// The issuer of its provider.
    pub issuer: String,
    /// Its client identifier.
    pub client_id: String,
    /// Its client secret; a public client has none.
    pub client_secret: Option<SecretString>,
    /// Whether it registers itself, and is known by what the provider says then.
    pub registers: bool,
    /// The algorithm of ID Tokens and logout tokens that it registered (`id_token_signed_response_alg`).
    pub alg: Alg,
    /// Its key where ID Tokens for it are encrypted, and how.
    pub encryption: Option<(DecryptionKey, Agreed)>,
    /// The provider that it is itself, if it is one.
    pub downstream: Option<Downstream>,
    /// What the provider is asked with.
    pub client: Client,
    /// How it deviates.
    pub tamper: Tamper,
    /// Where its exchanges are recorded.
    pub recorder: Recorder,
}

/// A running relying party.
pub struct Rp {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    options: RpOptions,
    behaviours: Behaviours,
    base: OnceLock<String>,
    provider: Provider,
    sessions: Sessions,
}

impl Rp {
    /// Serves until the value is dropped or shut down. The provider is asked when somebody logs in.
    ///
    /// # Errors
    /// If the address cannot be listened on, or a deviation names a behaviour that a relying party does not have.
    pub async fn start(options: RpOptions) -> io::Result<Self> {
        let behaviours = Behaviours::new(&options.tamper, OF_RP).map_err(io::Error::other)?;
        let (addr, recorder) = (options.addr, options.recorder.clone());
        let public = options.public_url.clone();
        let identity = Identity { id: options.client_id.clone(), secret: options.client_secret.clone() };
        let provider = Provider::new(&options.issuer, options.client.clone(), identity);
        let shared =
            Arc::new(Shared { options, behaviours, base: OnceLock::new(), provider, sessions: Sessions::default() });
        let router = Router::new().fallback(any(handle)).with_state(shared.clone());
        let tls = shared.options.tls.clone();
        let server = Server::bind(ServerOptions { addr, tls, ..ServerOptions::default() }, router, recorder).await?;
        let base = public.map_or_else(|| server.url(), |url| url.as_str().trim_end_matches('/').to_owned());
        shared.base.get_or_init(|| base);
        Ok(Self { server, shared })
    }

    /// What the provider that it is itself has to know of it.
    pub(crate) fn behind(&self) -> Behind {
        let shared = Arc::downgrade(&self.shared);
        let who = move |headers: &HeaderMap| {
            let cookie = cookie::find(headers, COOKIE)?;
            let session = shared.upgrade()?.sessions.find(cookie)?;
            Some((session.sub, cookie.to_owned()))
        };
        Behind { login: self.login_url(), who: Box::new(who) }
    }

    /// Where a login begins.
    pub fn login_url(&self) -> String {
        self.shared.url("/login")
    }

    /// The page that only those who are logged in see.
    pub fn protected_url(&self) -> String {
        self.shared.url("/protected")
    }

    /// Where the provider sends browsers back to.
    pub fn redirect_uri(&self) -> String {
        self.shared.url("/callback")
    }

    /// Its `backchannel_logout_uri` (Back-Channel Logout section 2.2).
    pub fn logout_uri(&self) -> String {
        self.shared.logout_uri()
    }

    /// Accepts no more, lets exchanges end for at most one second, and cuts the rest.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

impl Shared {
    fn logout_uri(&self) -> String {
        let query = if self.behaviours.has("gives-a-query") { "?from=provider" } else { "" };
        let fragment = if self.behaviours.has("gives-a-fragment") { "#logout" } else { "" };
        format!("{}{query}{fragment}", self.url("/backchannel-logout"))
    }

    /// What it knows of its provider; it registers itself on the way where it does so at all.
    async fn known(&self) -> Result<&Known, String> {
        self.provider.known(self.options.registers.then(|| self.registration())).await
    }

    /// The client metadata (Back-Channel Logout section 2.2).
    fn registration(&self) -> Value {
        let relative = self.behaviours.has("registers-a-relative-uri");
        let mut metadata = json!({
            "redirect_uris": [self.url("/callback")],
            "token_endpoint_auth_method": "client_secret_post",
            "id_token_signed_response_alg": self.options.alg,
            "backchannel_logout_uri": if relative { "/backchannel-logout".to_owned() } else { self.logout_uri() },
            "backchannel_logout_session_required": self.behaviours.has("requires-sid"),
        });
        if let Some((key, agreed)) = &self.options.encryption {
            metadata["id_token_encrypted_response_alg"] = json!(agreed.alg.name());
            metadata["id_token_encrypted_response_enc"] = json!(agreed.enc.name());
            metadata["jwks"] = json!({ "keys": [key.public_jwk(agreed.alg)] });
        }
        if self.behaviours.has("says-as-text-that-it-needs-sid") {
            metadata["backchannel_logout_session_required"] = json!("false");
        }
        if let Some(members) = metadata.as_object_mut().filter(|_| self.behaviours.has("says-nothing-of-sid")) {
            members.shift_remove("backchannel_logout_session_required");
        }
        metadata
    }

    /// A token, decrypted where it is encrypted and that can be done; and whether it was.
    fn opened(&self, text: &str) -> (Token, bool) {
        let token = Token::parse(text);
        let opened = self.options.encryption.as_ref().filter(|_| token.is_encrypted()).and_then(|(key, _)| {
            let opened = jwe::decrypt(text, key).ok()?;
            Some(Token::from_bytes(&opened.content))
        });
        opened.map_or((token, false), |token| (token, true))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.get().map_or("", String::as_str))
    }
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = parameters(query.unwrap_or_default().as_bytes());
    let answer = match uri.path() {
        "/" => page(200, "The built-in relying party of setspec: /login, /protected."),
        "/login" if method != Method::POST && shared.behaviours.has("has-a-page-before-the-login") => {
            form("Log in", "<button>Log in with the provider</button>")
        }
        "/login" => login::begin(&shared, &query).await,
        "/callback" => login::finish(&shared, &headers, &query).await,
        "/protected" => protected(&shared, &headers),
        "/backchannel-logout" => logout::answer(&shared, &method, &headers, &body).await,
        _ => page(404, "Nothing is here."),
    };
    answer.into_response().await
}

/// The page, or the way to the login.
fn protected(shared: &Shared, headers: &HeaderMap) -> Answer {
    let answer = if cookie::find(headers, COOKIE).is_some_and(|cookie| shared.sessions.has(cookie)) {
        page(200, "You are logged in.")
    } else if shared.behaviours.has("shows-its-login-in-place") {
        page(200, "Log in first.")
    } else {
        redirect(&shared.url("/login"))
    };
    answer.with("Cache-Control", "no-store")
}
