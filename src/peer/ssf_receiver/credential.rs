//! What stands in the Authorization header of requests to the transmitter.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::metadata::web_url;
use super::options::{OAuthClient, SsfReceiverOptions};
use super::request::{self, Answer, Call, shown};
use super::state::{Pauses, Shared};
use crate::expr::formats::well_known;
use crate::peer::ssf::Operation;
use crate::peer::tamper::OutgoingRequest;

/// The longest token, in bytes: what a header field can hold with most servers.
const LONGEST_TOKEN: usize = 8192;

/// No token is used longer than this.
const LONGEST_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// How often a token endpoint is asked in a row.
const ATTEMPTS: u32 = 4;

/// A bearer token that is given, or one that is got when it is needed; or none.
pub(super) enum Credential {
    None,
    Fixed(SecretString),
    Granted(Box<Grants>),
}

/// Gets tokens by client credentials (RFC 6749 section 4.4).
pub(super) struct Grants {
    client: OAuthClient,
    state: Mutex<Granted>,
}

#[derive(Default)]
struct Granted {
    endpoint: Option<Url>,
    /// What the metadata of the protected resource say, once they have been asked for.
    resource: Option<Resource>,
    /// The whole value of the header, and when it is used no longer.
    held: Option<(SecretString, Option<Instant>)>,
    /// Whether the one that is held replaced one that was refused, and has not been good for anything yet.
    replaced: bool,
}

/// What a client takes from the metadata of a protected resource (RFC 9728 section 2); nothing where there are none.
#[derive(Default)]
struct Resource {
    authorization_server: Option<String>,
    /// The scopes, as the token endpoint is asked for them.
    scope: Option<String>,
}

impl Credential {
    pub fn new(options: &SsfReceiverOptions) -> Self {
        match (&options.token, &options.oauth) {
            (token, Some(client)) if token.is_none() || options.prefers_client => {
                let state = Granted { endpoint: client.token_endpoint.clone(), ..Granted::default() };
                Self::Granted(Box::new(Grants { client: client.clone(), state: Mutex::new(state) }))
            }
            (Some(token), _) => Self::Fixed(bearer(token.expose_secret())),
            (None, _) => Self::None,
        }
    }

    /// The whole value of the header.
    pub async fn authorization(&self, shared: &Shared) -> Result<Option<SecretString>, String> {
        match self {
            Self::None => Ok(None),
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Granted(grants) => grants.authorization(shared).await.map(Some),
        }
    }

    /// Forgets a token that was refused; whether there may be a better one.
    pub async fn expire(&self, refused: &SecretString) -> bool {
        let Self::Granted(grants) = self else { return false };
        let mut state = grants.state.lock().await;
        let current = state.held.as_ref().is_some_and(|(held, _)| held.expose_secret() == refused.expose_secret());
        if !current {
            return true;
        }
        state.held = None;
        !std::mem::replace(&mut state.replaced, true)
    }

    /// A request with the token was answered so: unless it was refused again, the next refusal is worth another try.
    pub async fn is_good(&self, status: u16) {
        if let Self::Granted(grants) = self
            && status != 401
        {
            grants.state.lock().await.replaced = false;
        }
    }
}

fn bearer(token: &str) -> SecretString {
    SecretString::from(format!("Bearer {token}"))
}

impl Grants {
    async fn authorization(&self, shared: &Shared) -> Result<SecretString, String> {
        let mut state = self.state.lock().await;
        if let Some((held, until)) = &state.held
            && until.is_none_or(|until| Instant::now() < until)
        {
            return Ok(held.clone());
        }
        if state.resource.is_none() {
            state.resource = Some(resource(shared).await);
        }
        let resource = state.resource.as_ref();
        let server = resource.and_then(|known| known.authorization_server.as_deref());
        let server = server.unwrap_or(&shared.options.issuer).to_owned();
        let scope = resource.and_then(|known| known.scope.clone()).or_else(|| self.client.scope.clone());
        let endpoint = match &state.endpoint {
            Some(known) => known.clone(),
            None => state.endpoint.insert(token_endpoint(shared, &server).await?).clone(),
        };
        let (token, lifetime) = self.fetch(shared, &endpoint, scope.as_deref()).await?;
        // A request with it has to arrive, too.
        let until = lifetime.map(|lifetime| Instant::now() + lifetime - Duration::from_secs(30).min(lifetime / 10));
        state.held = Some((token.clone(), until));
        Ok(token)
    }

    async fn fetch(
        &self,
        shared: &Shared,
        endpoint: &Url,
        scope: Option<&str>,
    ) -> Result<(SecretString, Option<Duration>), String> {
        let request = OutgoingRequest {
            method: "POST".to_owned(),
            url: endpoint.clone(),
            headers: vec![
                ("Accept".to_owned(), "application/json".to_owned()),
                ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
                ("Authorization".to_owned(), basic(&self.client.id, self.client.secret.expose_secret())),
            ],
            body: form(scope).into_bytes(),
        };
        let mut pauses = Pauses::new(&shared.options);
        let mut attempt = 1;
        loop {
            let outcome = request::send(shared, &shared.client, Operation::Token, None, request.clone()).await;
            let (why, asked) = match outcome {
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    (format!("status {}", answer.status), answer.retry_after)
                }
                Ok(answer) => {
                    return granted(&answer).map_err(|why| format!("token endpoint {}: {why}", shown(endpoint)));
                }
                Err(unanswered) => (unanswered.why, None),
            };
            if attempt >= ATTEMPTS {
                return Err(format!("token endpoint {}: {why}", shown(endpoint)));
            }
            attempt += 1;
            match pauses.next(asked) {
                Some(pause) => sleep(pause).await,
                None => return Err(format!("token endpoint {}: {why}", shown(endpoint))),
            }
        }
    }
}

/// RFC 6749 section 4.4.2.
fn form(scope: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if let Some(scope) = scope {
        form.append_pair("scope", scope);
    }
    form.finish()
}

/// Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1), so that a colon in an id does no harm.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// Takes a token response apart (RFC 6749 section 5.1). What is said of it never quotes it: it may hold a token anywhere.
fn granted(answer: &Answer) -> Result<(SecretString, Option<Duration>), String> {
    if answer.status != 200 {
        return Err(format!("expected status 200, got {}", answer.status));
    }
    let members = answer.object().map_err(|_| "expected a JSON object, got something else".to_owned())?;
    let token =
        members.get("access_token").and_then(Value::as_str).ok_or("access_token: expected a string, got none")?;
    // RFC 6749 appendix A.12; a space or a line break would end the credential, or the header.
    if token.is_empty() || token.len() > LONGEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("access_token: expected visible ASCII characters, got something else".to_owned());
    }
    if !members.get("token_type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err("token_type: expected Bearer, got something else".to_owned());
    }
    let lifetime = members.get("expires_in").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0);
    let lifetime =
        lifetime.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_LIFETIME).min(LONGEST_LIFETIME));
    Ok((bearer(token), lifetime))
}

/// Asks for the metadata of the protected resource that the issuer is: which scopes it has, and who gives out tokens for it (RFC 9728).
async fn resource(shared: &Shared) -> Resource {
    let issuer = shared.options.issuer.as_str();
    if shared.options.behaviour().ignores_resource_metadata {
        return Resource::default();
    }
    let url = well_known(issuer, "oauth-protected-resource").and_then(|url| web_url(&url, issuer));
    let Ok(url) = url else { return Resource::default() };
    let call = Call::new(Operation::ProtectedResource, "GET", url);
    let Ok(answer) = call.send(shared, &shared.client, None).await else { return Resource::default() };
    let members = answer.object().ok().filter(|_| answer.status == 200).unwrap_or_default();
    // RFC 9728 section 3.3: metadata of another resource are not used.
    if members.get("resource").and_then(Value::as_str) != Some(issuer) {
        return Resource::default();
    }
    let texts = |name: &str| -> Vec<String> {
        let listed = members.get(name).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let scopes = texts("scopes_supported");
    Resource {
        authorization_server: texts("authorization_servers").into_iter().next(),
        scope: (!scopes.is_empty()).then(|| scopes.join(" ")),
    }
}

/// Asks the metadata of the authorization server (RFC 8414), then those of OpenID Connect, where tokens are had.
async fn token_endpoint(shared: &Shared, issuer: &str) -> Result<Url, String> {
    let openid = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let mut faults = Vec::new();
    for document in [well_known(issuer, "oauth-authorization-server")?, openid] {
        let url = web_url(&document, issuer)?;
        let answer = Call::new(Operation::AuthorizationServer, "GET", url).send(shared, &shared.client, None).await;
        let found = match answer {
            Err(unanswered) => Err(unanswered.why),
            Ok(answer) if answer.status == 200 => answer.object().and_then(|members| named(&members, issuer)),
            Ok(answer) => Err(format!("expected status 200, got {}", answer.status)),
        };
        match found {
            Ok(url) => return Ok(url),
            Err(why) => faults.push(format!("{document}: {why}")),
        }
    }
    Err(format!("no token endpoint of {issuer} was found: {}", faults.join("; ")))
}

/// The token endpoint of a document that speaks for the issuer: RFC 8414 section 3.3 forbids to use another one.
fn named(members: &Map<String, Value>, issuer: &str) -> Result<Url, String> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if text("issuer").map(|named| named.trim_end_matches('/')) != Some(issuer.trim_end_matches('/')) {
        return Err(format!("issuer: expected {issuer}, got {:?}", text("issuer")));
    }
    web_url(text("token_endpoint").ok_or("token_endpoint: expected a URL, got none")?, issuer)
        .map_err(|why| format!("token_endpoint: {why}"))
}
