//! Exchanges with a transmitter, taken apart and judged.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::world::World;
use crate::expr::Scope;
use crate::http::Exchange;
use crate::peer::message::{form_request_value, object_or_null, request_value, response_value, set_value, tls_value};
use crate::peer::scim;
use crate::run::conscience;
use crate::run::judge::{Judge, Observation, Origin};
use crate::run::settings::Timeouts;
use crate::run::steps::Stop;
use crate::set::{Token, json as strict_json};
use crate::suite::model::case::{Auth, Method};
use crate::suite::model::section::Kind;

/// How many SETs of one poll answer, or streams of one list, are looked at. Only those are acknowledged.
const MOST_SETS: usize = 100;

/// A SET that came.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// The variable `set`.
    pub set: Value,
    pub claims: Value,
    pub header: Value,
    /// The `jti` by which a poll answer names it, or that of its claims.
    pub jti: String,
    /// The variable `push`, where it was pushed.
    pub push: Option<Value>,
    /// When the exchange that brought it began.
    pub at: Timestamp,
}

/// The variable `sent` of a request.
pub(crate) fn sent(fault: Option<&str>, auth: Auth, body: &[u8]) -> Value {
    json!({ "fault": fault.unwrap_or_default(), "auth": auth, "json": json_of(body) })
}

/// A body as JSON; null where it is none.
pub(crate) fn json_of(body: &[u8]) -> Value {
    strict_json::parse(body).map(|parsed| parsed.value).unwrap_or(Value::Null)
}

/// What exchanges with a transmitter are judged by.
pub(crate) struct Ground<'a> {
    pub judge: &'a Judge,
    pub timeouts: Timeouts,
    /// Its metadata, null before they are known.
    pub metadata: Value,
    pub issuer: &'a str,
}

impl Ground<'_> {
    /// The variables that every rule on an exchange sees.
    pub fn scope(&self, exchange: &Exchange, sent: &Value) -> Scope {
        Scope::new()
            .with("request", request_value(&exchange.request))
            .with("response", response_value(exchange))
            .with("sent", sent.clone())
            .with("elapsed", json!(exchange.seconds()))
            .with("timeouts", self.timeouts.value())
            .with("metadata", self.metadata.clone())
            .with("issuer", json!(self.issuer))
    }

    /// Judges the answer to a request to the management API; `base` is the scope with the operation.
    pub fn management(&self, base: &Scope, operation: &str, exchange: &Exchange) -> Vec<Observation> {
        let id = Some(exchange.id.as_str());
        let mut seen = self.judge.message(Kind::Management, base, id);
        let answer = answer_of(base);
        let accepted = exchange.status().is_some_and(|status| (200..300).contains(&status));
        let documents: Vec<&Value> = match (operation, &answer) {
            _ if !accepted => Vec::new(),
            ("list", Value::Array(items)) => items.iter().take(MOST_SETS).filter(|item| item.is_object()).collect(),
            (_, Value::Object(_)) => vec![&answer],
            _ => Vec::new(),
        };
        let kind = match operation {
            "create" | "read" | "list" | "update" | "replace" => Some((Kind::Stream, "stream")),
            "read-status" | "update-status" => Some((Kind::Status, "status")),
            _ => None,
        };
        if let Some((kind, name)) = kind {
            for document in documents {
                seen.extend(self.judge.message(kind, &base.clone().with(name, document.clone()), id));
            }
        }
        seen
    }

    /// Judges a push; `set` is the variable, and `delivery` is what was asked for.
    pub fn push(&self, exchange: &Exchange, set: &Value, delivery: Value) -> (Scope, Vec<Observation>) {
        let scope = self
            .scope(exchange, &Value::Null)
            .with("set", set.clone())
            .with("tls", tls_value(exchange.tls.as_ref()))
            .with("delivery", delivery);
        let seen = self.judge.message(Kind::Push, &scope, Some(&exchange.id));
        (scope, seen)
    }

    /// Judges a fetch of the metadata.
    pub fn metadata(&self, exchange: &Exchange, features: &[&str]) -> Vec<Observation> {
        let document = exchange.response.as_ref().map_or(Value::Null, |response| json_of(&response.body));
        let scope = self
            .scope(exchange, &Value::Null)
            .with("metadata", object_or_null(Some(&document)))
            .with("features", json!(features));
        self.judge.message(Kind::Metadata, &scope, Some(&exchange.id))
    }

    /// Judges a fetch of the key set.
    pub fn jwks(&self, exchange: &Exchange) -> Vec<Observation> {
        let document = exchange.response.as_ref().map_or(Value::Null, |response| json_of(&response.body));
        let scope = self.scope(exchange, &Value::Null).with("jwks", object_or_null(Some(&document)));
        self.judge.message(Kind::Jwks, &scope, Some(&exchange.id))
    }
}

impl World {
    fn ground(&self) -> Ground<'_> {
        Ground {
            judge: &self.judge,
            timeouts: self.settings.timeouts,
            metadata: self.metadata(),
            issuer: &self.settings.issuer,
        }
    }
}

/// The answer as JSON, of the scope of an exchange.
fn answer_of(scope: &Scope) -> Value {
    scope.get("response").and_then(|response| response.get("json")).cloned().unwrap_or(Value::Null)
}

/// The SETs in the answer to a poll, by name, as many as are looked at.
pub(crate) fn sets_of(answer: &Value) -> impl Iterator<Item = (&str, &str)> {
    let sets = answer.get("sets").and_then(Value::as_object).into_iter().flatten();
    sets.take(MOST_SETS).map(|(jti, text)| (jti.as_str(), text.as_str().unwrap_or_default()))
}

/// The variable `poll` of an answer; `claims` are those of its SETs.
pub(crate) fn poll_value(answer: &Value, jtis: &[&str], claims: Map<String, Value>) -> Value {
    match answer {
        Value::Object(_) => json!({
            "sets": answer.get("sets"),
            "jtis": jtis,
            "more": answer.get("moreAvailable") == Some(&Value::Bool(true)),
            "claims": claims,
        }),
        _ => Value::Null,
    }
}

/// Judges a request to the management API and what it was answered.
pub(crate) fn management(
    world: &World,
    operation: &str,
    exchange: &Exchange,
    sent: &Value,
) -> Result<Vec<Observation>, Stop> {
    let ground = world.ground();
    let base = ground.scope(exchange, sent).with("operation", json!(operation));
    if sent["fault"] == "" {
        conscience::clear(&world.conscience, &world.conscience.message(Kind::Management, &base, None))?;
    }
    Ok(ground.management(&base, operation, exchange))
}

/// What is worth telling of a poll answer: the variable `poll`, and the SETs in it.
pub(crate) async fn poll(
    world: &World,
    stream: &Value,
    exchange: &Exchange,
    sent: &Value,
) -> Result<(Value, Vec<Arrived>, Vec<Observation>), Stop> {
    let base = world.ground().scope(exchange, sent).with("stream", stream.clone());
    let answer = answer_of(&base);
    let mut arrived = Vec::new();
    let mut seen = Vec::new();
    let mut claims = Map::new();
    let accepted = exchange.status() == Some(200);
    let sets: Vec<(&str, &str)> = sets_of(&answer).filter(|_| accepted).collect();
    for &(jti, text) in &sets {
        let token = Token::parse(text);
        let (one, observations) = token_of(world, &token, stream, Method::Poll, exchange).await;
        claims.insert(jti.to_owned(), one.claims.clone());
        seen.extend(observations);
        arrived.push(Arrived { jti: jti.to_owned(), ..one });
    }
    let jtis: Vec<&str> = sets.iter().map(|(jti, _)| *jti).collect();
    let value = poll_value(&answer, &jtis, claims);
    let scope = base.with("poll", value.clone());
    if sent["fault"] == "" {
        conscience::clear(&world.conscience, &world.conscience.message(Kind::Poll, &scope, None))?;
    }
    let mut observations = world.judge.message(Kind::Poll, &scope, Some(&exchange.id));
    observations.extend(seen);
    Ok((value, arrived, observations))
}

/// What is worth telling of a push; `delivery` is what we asked for.
pub(crate) async fn push(
    world: &World,
    stream: &Value,
    delivery: Value,
    exchange: &Exchange,
) -> (Arrived, Vec<Observation>) {
    let token = Token::from_bytes(&exchange.request.body);
    let (mut arrived, of_token) = token_of(world, &token, stream, Method::Push, exchange).await;
    let (scope, mut observations) = world.ground().push(exchange, &arrived.set, delivery);
    observations.extend(of_token);
    arrived.push = Some(json!({ "request": scope.get("request"), "set": arrived.set }));
    (arrived, observations)
}

async fn token_of(
    world: &World,
    token: &Token,
    stream: &Value,
    via: Method,
    exchange: &Exchange,
) -> (Arrived, Vec<Observation>) {
    let signature = match world.found() {
        Some(found) => found.keys.verify(token, &world.client).await,
        None => crate::set::Signature::NotChecked,
    };
    let origin = Origin { stream: stream.clone(), metadata: world.metadata(), via: Some(via) };
    let observations = world.judge.token(token, &signature, &origin, Some(&exchange.id));
    let claims = object_or_null(token.claims.as_ref());
    let mut events = claims["events"].as_object().into_iter().flat_map(|events| events.keys());
    if events.any(|event| event.starts_with(scim::EVENTS)) {
        world.heard.store(true, Ordering::Relaxed);
    }
    let jti = claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
    let arrived = Arrived {
        set: set_value(token, &signature),
        header: object_or_null(token.header.as_ref()),
        claims,
        jti,
        push: None,
        at: exchange.at,
    };
    (arrived, observations)
}

/// Judges the fetch of the metadata.
pub(crate) fn metadata(world: &World, exchange: &Exchange, features: &[&str]) -> Vec<Observation> {
    world.ground().metadata(exchange, features)
}

/// Judges a request for a token and its answer, from which secrets were taken out; what else is said to an authorization server is
/// left alone.
pub(crate) fn token(world: &World, exchange: &Exchange) -> Vec<Observation> {
    let request = form_request_value(&exchange.request);
    if !request["form"]["grant_type"].is_string() {
        return Vec::new();
    }
    let scope = world
        .ground()
        .scope(exchange, &Value::Null)
        .with("request", request)
        .with("token", object_or_null(Some(&answered(exchange))))
        .with("resource", Value::Null)
        .with("history", Value::Null);
    world.judge.message(Kind::Token, &scope, Some(&exchange.id))
}

/// Judges the fetch of the metadata of the authorization server; `grants` are those by which we have got tokens there.
pub(crate) fn authorization_server(world: &World, exchange: &Exchange, grants: &[&str]) -> Vec<Observation> {
    let scope = world
        .ground()
        .scope(exchange, &Value::Null)
        .with("server", object_or_null(Some(&answered(exchange))))
        .with("grants", json!(grants));
    world.judge.message(Kind::AuthorizationServer, &scope, Some(&exchange.id))
}

/// Judges the fetch of the metadata of a protected resource, which have to be of `identifier`.
pub(crate) fn protected_resource(world: &World, exchange: &Exchange, identifier: &str) -> Vec<Observation> {
    let scope = world
        .ground()
        .scope(exchange, &Value::Null)
        .with("resource", object_or_null(Some(&answered(exchange))))
        .with("identifier", json!(identifier));
    world.judge.message(Kind::ProtectedResource, &scope, Some(&exchange.id))
}

/// The answer as JSON; null where it is none.
fn answered(exchange: &Exchange) -> Value {
    exchange.response.as_ref().map_or(Value::Null, |response| json_of(&response.body))
}

/// Judges a fetch of the key set.
pub(crate) fn jwks(world: &World, exchange: &Exchange) -> Vec<Observation> {
    world.ground().jwks(exchange)
}

/// Whether a URL that the target named may be asked: nothing is sent in the clear that belongs to an https issuer.
pub(crate) fn may_be_asked(issuer: &str, url: &Url) -> Result<(), String> {
    if issuer.starts_with("https:") && url.scheme() != "https" {
        return Err(format!("{url} is not https although the issuer is, so nothing was sent there"));
    }
    Ok(())
}
