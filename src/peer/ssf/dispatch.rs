//! Every request comes in here, and every answer goes out here.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;

use super::addresses as at;
use super::refusal::{Outcome, Refusal};
use super::state::Shared;
use super::{Answer, Operation, RequestFacts};
use super::{auth, discovery, manage, poll, request, status, subjects, token, verification};
use crate::http::ExchangeId;

pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    Extension(exchange): Extension<ExchangeId>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut facts = request::facts(method, &uri, headers, body);
    facts.exchange = exchange.0;
    facts.endpoint = shared.addresses().endpoint(&facts.path);
    let found = find(&shared, &facts);
    if facts.endpoint == "poll" {
        facts.stream_id = facts.path.rsplit_once(at::POLL).map(|(_, id)| id.to_owned());
    }
    shared.options.hooks.asked(*found.as_ref().unwrap_or(&Operation::Unknown), &facts);
    let (operation, outcome) = match found {
        Ok(operation) => (operation, answer(&shared, operation, &mut facts).await),
        Err(refusal) => (Operation::Unknown, Err(refusal)),
    };
    let mut answer = outcome.unwrap_or_else(Answer::from);
    name_metadata(&shared, &facts.path, &mut answer);
    shared.options.hooks.answer(operation, &facts, answer).into_response().await
}

/// A challenge says where the metadata of the resource are (RFC 9728 section 5.1).
fn name_metadata(shared: &Shared, path: &str, answer: &mut Answer) {
    let url = shared.addresses().resource_metadata(path).filter(|_| shared.options.features.resource_metadata);
    let challenge = answer.headers.iter_mut().find(|(name, _)| name == "WWW-Authenticate");
    if let (Some(url), Some((_, challenge))) = (url, challenge) {
        challenge.push_str(&format!(r#", resource_metadata="{url}""#));
    }
}

/// Which operation a request asks for.
fn find(shared: &Shared, facts: &RequestFacts) -> Result<Operation, Refusal> {
    let features = &shared.options.features;
    let addresses = shared.addresses();
    let method = facts.method.as_str();
    let only = |allowed: &'static str, operations: &[(&str, Operation)]| {
        let found = operations.iter().find(|(name, _)| *name == method);
        found.map(|(_, operation)| *operation).ok_or_else(|| Refusal::Method { allowed, got: method.to_owned() })
    };
    let document = |operation| only("GET, HEAD", &[("GET", operation), ("HEAD", operation)]);
    let post = |operation| only("POST", &[("POST", operation)]);
    let is_risc = || facts.path == addresses.well_known_path("risc-configuration");
    if facts.path == addresses.well_known_path("ssf-configuration")
        || (shared.options.behaviour().serves_risc_configuration && is_risc())
    {
        return document(Operation::Metadata);
    }
    if facts.path == addresses.well_known_path("oauth-authorization-server") && features.token_endpoint {
        return document(Operation::AuthorizationServer);
    }
    if features.resource_metadata && addresses.resource(&facts.path).is_some() {
        return document(Operation::ProtectedResource);
    }
    let nothing = || Refusal::NoEndpoint(facts.path.clone());
    let path = facts.path.strip_prefix(&addresses.path).ok_or_else(nothing)?;
    let one = facts.query.iter().any(|(name, _)| name == "stream_id");
    match path {
        at::JWKS => document(Operation::Jwks),
        at::TOKEN if features.token_endpoint => post(Operation::Token),
        at::REVOCATION if features.token_endpoint => post(Operation::Revoke),
        at::STREAMS => only(
            "GET, POST, PATCH, PUT, DELETE",
            &[
                ("GET", if one { Operation::Read } else { Operation::List }),
                ("POST", Operation::Create),
                ("PATCH", Operation::Update),
                ("PUT", Operation::Replace),
                ("DELETE", Operation::Delete),
            ],
        ),
        at::STATUS if features.status => {
            only("GET, POST", &[("GET", Operation::ReadStatus), ("POST", Operation::UpdateStatus)])
        }
        at::ADD_SUBJECT if features.subjects => post(Operation::AddSubject),
        at::REMOVE_SUBJECT if features.subjects => post(Operation::RemoveSubject),
        at::VERIFICATION if features.verification => post(Operation::Verify),
        _ if features.poll && path.starts_with(at::POLL) => post(Operation::Poll),
        _ => Err(nothing()),
    }
}

async fn answer(shared: &Arc<Shared>, operation: Operation, facts: &mut RequestFacts) -> Outcome {
    match operation {
        Operation::Metadata => return Ok(Answer::of_json(200, &discovery::metadata(shared))),
        Operation::AuthorizationServer => return Ok(Answer::of_json(200, &discovery::authorization_server(shared))),
        Operation::ProtectedResource => {
            let resource = shared.addresses().resource(&facts.path).unwrap_or_default();
            return Ok(Answer::of_json(200, &discovery::protected_resource(shared, &resource)));
        }
        Operation::Jwks => return Ok(Answer::of_json(200, &shared.keys.public())),
        Operation::Token => return Ok(token::grant(shared, facts)),
        Operation::Revoke => return Ok(token::revoke(shared, facts)),
        _ => {}
    }
    let caller = auth::caller(shared, operation, facts)?;
    facts.receiver = Some(shared.name(caller.receiver).to_owned());
    if caller.read_only && !operation.is_reading() {
        return Err(Refusal::InsufficientScope);
    }
    match operation {
        Operation::Create => manage::create(shared, &caller, facts),
        Operation::Read => manage::read(shared, &caller, facts),
        Operation::List => manage::list(shared, &caller),
        Operation::Update => manage::update(shared, &caller, facts),
        Operation::Replace => manage::replace(shared, &caller, facts),
        Operation::Delete => manage::delete(shared, &caller, facts),
        Operation::ReadStatus => status::read(shared, &caller, facts),
        Operation::UpdateStatus => status::update(shared, &caller, facts),
        Operation::AddSubject => subjects::add(shared, &caller, facts),
        Operation::RemoveSubject => subjects::remove(shared, &caller, facts),
        Operation::Verify => verification::request(shared, &caller, facts),
        _ => {
            let polled = facts.stream_id.clone().unwrap_or_default();
            poll::answer(shared, &caller, facts, &polled).await
        }
    }
}
