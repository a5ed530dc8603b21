//! The built-in OpenID provider: it approves every login at once.
//!
//! - [`discovery`]: the metadata and the keys.
//! - [`register`]: dynamic registration.
//! - [`authorize`]: the authorization endpoint; [`token`]: the token and userinfo endpoints.
//! - [`behind`]: a provider whose users log in at the relying party that it belongs to.
//! - [`end`]: the end of a session; [`logout`]: logout tokens and the requests that carry them.
//! - [`sessions`]: who is logged in where.

mod authorize;
mod behind;
mod discovery;
mod end;
mod logout;
mod register;
mod sessions;
mod token;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::any;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;

use super::FORM;
use super::behaviour::OF_OP;
use crate::expr::Scope;
use crate::http::{Client, Recorder, Server, ServerOptions};
use crate::peer::answer::Answer;
use crate::peer::behaviours::Behaviours;
use crate::peer::message::parameters;
use crate::peer::oidc::answer::page;
use crate::peer::tamper::Tamper;
use crate::set::SigningKey;
use crate::set::jwe::{Agreed, EncryptionKey};
pub(crate) use behind::Behind;
pub use behind::Downstream;
use register::Registration;
use sessions::Sessions;
pub use sessions::{Admission, Seen};

/// The cookie by which a browser is known.
pub const COOKIE: &str = "setspec_op";

/// Where relying parties send browsers to log in, below the issuer.
pub const AUTHORIZE: &str = "/authorize";

/// How an [`Op`] is set up.
pub struct OpOptions {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Under which address others reach it, and its issuer; where it listens unless given.
    pub public_url: Option<Url>,
    /// The key that it signs with.
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, for deviations that forge.
    pub other_key: Arc<SigningKey>,
    /// The relying parties that it knows.
    pub clients: Vec<RegisteredClient>,
    /// The user who logs in where nobody says who.
    pub user: String,
    /// What logout requests are sent with.
    pub client: Client,
    /// How it deviates.
    pub tamper: Tamper,
    /// Where the requests of browsers and relying parties are recorded.
    pub recorder: Recorder,
    /// Where its own logout requests are recorded.
    pub logouts: Recorder,
}

/// A relying party, as it is registered (Back-Channel Logout section 2.2).
#[derive(Debug, Clone)]
pub struct RegisteredClient {
    /// The client identifier.
    pub id: String,
    /// The client secret; any is taken unless given.
    pub secret: Option<SecretString>,
    /// Where browsers may be sent back to; anywhere unless given.
    pub redirect_uris: Vec<String>,
    /// `backchannel_logout_uri`.
    pub logout_uri: Option<Url>,
    /// The key that its ID Tokens are encrypted by, if they are, and how.
    pub encryption: Option<(EncryptionKey, Agreed)>,
    /// Whether it is given refresh tokens without `offline_access` too.
    pub refreshes: bool,
}

/// A running provider.
pub struct Op {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    options: OpOptions,
    behaviours: Behaviours,
    issuer: OnceLock<String>,
    sessions: Sessions,
    /// Relying parties that registered themselves.
    registered: Mutex<Vec<Registration>>,
    /// The relying party at which its users log in, if it belongs to one.
    behind: OnceLock<Behind>,
}

impl Op {
    /// Serves until the value is dropped or shut down.
    ///
    /// # Errors
    /// If the address cannot be listened on, or a deviation names a behaviour that a provider does not have.
    pub async fn start(options: OpOptions) -> io::Result<Self> {
        let behaviours = Behaviours::new(&options.tamper, OF_OP).map_err(io::Error::other)?;
        let (addr, recorder) = (options.addr, options.recorder.clone());
        let public = options.public_url.clone();
        let shared = Arc::new(Shared {
            options,
            behaviours,
            issuer: OnceLock::new(),
            sessions: Sessions::default(),
            registered: Mutex::default(),
            behind: OnceLock::new(),
        });
        let router = Router::new().fallback(any(handle)).with_state(shared.clone());
        let server = Server::bind(ServerOptions { addr, ..ServerOptions::default() }, router, recorder).await?;
        let issuer = public.map_or_else(|| server.url(), |url| url.as_str().trim_end_matches('/').to_owned());
        shared.issuer.get_or_init(|| issuer);
        Ok(Self { server, shared })
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        self.shared.issuer()
    }

    /// Where its metadata is (OpenID Connect Discovery section 4).
    pub fn metadata_url(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.issuer())
    }

    /// Its metadata.
    pub fn metadata(&self) -> Value {
        self.shared.metadata()
    }

    /// The authorization endpoint.
    pub fn authorization_endpoint(&self) -> String {
        format!("{}{AUTHORIZE}", self.issuer())
    }

    /// Where sessions are ended (RP-Initiated Logout section 2).
    pub fn end_session_endpoint(&self) -> String {
        format!("{}/end-session", self.issuer())
    }

    /// Lets a user in before any browser comes: the browser with this cookie has the session.
    pub fn admit(&self, sub: &str, sid: Option<String>) -> Admission {
        self.shared.sessions.admit(sub, sid.unwrap_or_else(super::random))
    }

    /// The relying party that registered itself last: its client identifier, and the metadata that it sent.
    pub fn registration(&self) -> Option<(String, Value)> {
        self.shared.registered().last().map(|known| (known.client.id.clone(), known.metadata.clone()))
    }

    /// How tokens are encrypted for the relying party that registered itself last, or else for the first one that is known.
    pub fn encryption(&self) -> Option<(EncryptionKey, Agreed)> {
        let registered = self.shared.registered().last().map(|known| known.client.encryption.clone());
        registered.unwrap_or_else(|| self.shared.options.clients.first().and_then(|client| client.encryption.clone()))
    }

    /// Gives a logout token in place of the ID Tokens of a session (Back-Channel Logout section 4.1).
    pub fn confuse(&self, admission: &Admission) {
        self.shared.sessions.confuse(&admission.cookie);
    }

    /// What became of a session that was admitted.
    pub fn seen(&self, admission: &Admission) -> Seen {
        self.shared.sessions.seen(&admission.cookie)
    }

    /// Accepts no more, lets exchanges end for at most one second, and cuts the rest.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

/// A request, taken apart.
struct Call {
    method: Method,
    headers: HeaderMap,
    /// The parameters of the query, and of the body where it is a form.
    parameters: Map<String, Value>,
}

impl Call {
    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).and_then(Value::as_str)
    }
}

impl Shared {
    fn issuer(&self) -> &str {
        self.issuer.get().map_or("", String::as_str)
    }

    fn registered(&self) -> MutexGuard<'_, Vec<Registration>> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, id: &str) -> Option<RegisteredClient> {
        let known = self.options.clients.iter().find(|client| client.id == id).cloned();
        known.or_else(|| self.registered().iter().map(|known| &known.client).find(|client| client.id == id).cloned())
    }

    /// The answer as the deviations have it.
    fn reply(&self, operation: &str, answer: Answer, call: &Call) -> Answer {
        let request = json!({ "method": call.method.as_str(), "query": call.parameters });
        self.options.tamper.reply(operation, answer, &Scope::new().with("request", request))
    }
}

async fn handle(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: axum::http::Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut all = parameters(query.unwrap_or_default().as_bytes());
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM)) {
        all.extend(parameters(&body));
    }
    let call = Call { method, headers, parameters: all };
    let answer = match uri.path() {
        "/.well-known/openid-configuration" => {
            let answer = Answer::of_json(200, &shared.metadata());
            shared.reply("metadata", answer, &call)
        }
        "/jwks.json" => shared.reply("jwks", Answer::of_json(200, &shared.keys()), &call),
        "/register" => register::answer(&shared, &body).await,
        AUTHORIZE => authorize::answer(&shared, &call),
        "/token" => shared.reply("token", token::answer(&shared, &call), &call),
        "/userinfo" => token::userinfo(&shared, &call),
        "/end-session" => end::answer(&shared, &call).await,
        path => match path.strip_prefix("/register/") {
            Some(id) => register::end(&shared, &call, id),
            None => page(404, "Nothing is here."),
        },
    };
    answer.into_response().await
}
