//! What the transmitter says of its authorization (RFC 8414, RFC 9728), and the tokens that can be had there.

use serde_json::Value;
use url::Url;

use super::{Preflight, allowed};
use crate::expr::formats::well_known;
use crate::http::{Exchange, RequestSpec};
use crate::run::transmitter::messages::{self, json_of};
use crate::run::transmitter::world::World;
use crate::suite::model::case::Auth;
use crate::suite::model::section::Kind;

/// The scopes of a transmitter that names no others (CAEP Interoperability Profile section 2.7.2).
const READ: &str = "ssf.read";
const MANAGE: &str = "ssf.manage";

/// The tokens that cases may need, with the scope by which a client gets them; the last one it gets by revocation.
const LIMITED: [(Auth, Option<&str>); 3] =
    [(Auth::ReadOnly, Some(READ)), (Auth::ManageOnly, Some(MANAGE)), (Auth::Expired, None)];

/// Asks for the documents where a rule looks at them, and for tokens where a case needs them. The features that come of it.
pub(super) async fn run(world: &World, flight: &mut Preflight) -> Vec<&'static str> {
    let resource = match world.judge.looks_at(Kind::ProtectedResource) {
        true => resource(world, flight).await,
        false => Value::Null,
    };
    let mut features = Vec::new();
    let scopes = Scopes::of(&resource);
    features.extend((scopes.has(READ) && scopes.has(MANAGE)).then_some("ssf-scopes"));
    let by_client = match &world.first {
        Some(first) => first.is_granted().await,
        None => false,
    };
    features.extend(by_client.then_some("oauth-client"));
    let wanted = |auth: Auth| auth.feature().is_some_and(|feature| world.wanted.contains(feature));
    let revokes = by_client && wanted(Auth::Expired) && world.limited.is_open(Auth::Expired);
    let server = match revokes || world.judge.looks_at(Kind::AuthorizationServer) {
        true => server(world, &resource, by_client, flight).await,
        false => Value::Null,
    };
    if by_client && !flight.refused {
        tokens(world, &scopes, &server, wanted, flight).await;
    }
    features.extend(
        LIMITED.iter().filter(|(auth, _)| world.limited.get(*auth).is_some()).filter_map(|(auth, _)| auth.feature()),
    );
    features
}

/// The scopes that the metadata of a protected resource list.
enum Scopes {
    /// There are no metadata, so the usual ones are meant.
    Usual,
    Listed(Vec<String>),
}

impl Scopes {
    fn of(resource: &Value) -> Self {
        if resource.is_null() {
            return Self::Usual;
        }
        let listed = resource["scopes_supported"].as_array().into_iter().flatten();
        Self::Listed(listed.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    fn has(&self, scope: &str) -> bool {
        match self {
            Self::Usual => true,
            Self::Listed(scopes) => scopes.iter().any(|listed| listed == scope),
        }
    }
}

/// The metadata of the protected resource that the issuer is, or else its configuration endpoint; null where there are none.
async fn resource(world: &World, flight: &mut Preflight) -> Value {
    let issuer = world.settings.issuer.clone();
    let configuration = world.endpoints().configuration().map(ToString::to_string);
    let mut first = None;
    for identifier in std::iter::once(issuer).chain(configuration) {
        let Some(exchange) = document(world, &identifier, "oauth-protected-resource").await else { continue };
        let found =
            accepted(&exchange).filter(|found| found["resource"].as_str().is_some_and(|of| same(of, &identifier)));
        if let Some(found) = found {
            flight.observations.extend(messages::protected_resource(world, &exchange, &identifier));
            flight.ok("protected resource", exchange.request.url.to_string());
            flight.exchanges.push(exchange);
            return found;
        }
        first.get_or_insert((exchange, identifier));
    }
    if let Some((exchange, identifier)) = first {
        flight.observations.extend(messages::protected_resource(world, &exchange, &identifier));
        flight.exchanges.push(exchange);
    }
    Value::Null
}

/// The metadata of the authorization server that the resource names, or else of the issuer; null where there are none.
async fn server(world: &World, resource: &Value, by_client: bool, flight: &mut Preflight) -> Value {
    let named = resource["authorization_servers"].as_array().and_then(|all| all.first()).and_then(Value::as_str);
    let issuer = named.unwrap_or(&world.settings.issuer).to_owned();
    let grants: &[&str] = if by_client { &["client_credentials"] } else { &[] };
    let mut first = None;
    for name in ["oauth-authorization-server", "openid-configuration"] {
        let Some(exchange) = document(world, &issuer, name).await else { continue };
        let found = accepted(&exchange).filter(|found| found["issuer"].as_str().is_some_and(|of| same(of, &issuer)));
        if let Some(found) = found {
            flight.observations.extend(messages::authorization_server(world, &exchange, grants));
            flight.ok("authorization server", exchange.request.url.to_string());
            flight.exchanges.push(exchange);
            return found;
        }
        first.get_or_insert(exchange);
    }
    if let Some(exchange) = first {
        flight.observations.extend(messages::authorization_server(world, &exchange, grants));
        flight.exchanges.push(exchange);
    }
    Value::Null
}

/// A well-known document of an issuer or resource that may be asked.
async fn document(world: &World, of: &str, name: &str) -> Option<Exchange> {
    let url = match name {
        // OpenID Connect Discovery puts it after the path.
        "openid-configuration" => format!("{}/.well-known/{name}", of.trim_end_matches('/')),
        _ => well_known(of, name).ok()?,
    };
    let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    allowed(&world.settings.issuer, &url).ok()?;
    Some(world.client.send(RequestSpec::new("GET", url).header("Accept", "application/json")).await)
}

/// The JSON object of a successful answer.
fn accepted(exchange: &Exchange) -> Option<Value> {
    let response = exchange.response.as_ref().filter(|response| response.status == 200 && !response.truncated)?;
    Some(json_of(&response.body)).filter(Value::is_object)
}

fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// Gets the tokens that cases need and nobody gave.
async fn tokens(world: &World, scopes: &Scopes, server: &Value, wanted: impl Fn(Auth) -> bool, flight: &mut Preflight) {
    let Some(first) = &world.first else { return };
    for (auth, scope) in LIMITED {
        if !wanted(auth) || !world.limited.is_open(auth) {
            continue;
        }
        let exchanges = match (scope, revocation(world, server)) {
            (Some(scope), _) if scopes.has(scope) => world.limited.by_scope(auth, scope, first, &world.client).await,
            (Some(scope), _) => {
                world.limited.give_up(auth, &format!("the scope {scope} is not one of the protected resource"));
                continue;
            }
            (None, Ok(endpoint)) => world.limited.by_revocation(&endpoint, first, &world.client).await,
            (None, Err(why)) => {
                world.limited.give_up(auth, &why);
                continue;
            }
        };
        flight.observations.extend(exchanges.iter().flat_map(|exchange| messages::token(world, exchange)));
        flight.exchanges.extend(exchanges);
        let what =
            scope.map_or_else(|| "a token that was revoked".to_owned(), |scope| format!("a token of {scope} alone"));
        match world.limited.why_not(auth) {
            None => flight.ok("token", what),
            Some(why) => flight.advise(true, "token", format!("{what} is not to be had: {why}"), advice(auth)),
        }
    }
}

fn advice(auth: Auth) -> &'static str {
    match auth {
        Auth::ReadOnly => "--read-only-token gives one.",
        Auth::ManageOnly => "--manage-only-token gives one.",
        _ => "--expired-token gives one, or one that has expired.",
    }
}

/// Where tokens are ended before their time (RFC 7009).
fn revocation(world: &World, server: &Value) -> Result<Url, String> {
    let endpoint =
        server["revocation_endpoint"].as_str().ok_or("the authorization server names no revocation_endpoint")?;
    let url = Url::parse(endpoint).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or("revocation_endpoint: expected an http or https URL")?;
    allowed(&world.settings.issuer, &url)?;
    Ok(url)
}
