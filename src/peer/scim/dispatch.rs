//! Every request comes in here, and every answer goes out here.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bulk::{Bulk, MOST_BYTES, perform};
use super::call::Call;
use super::operation::{Done, Operation};
use super::path::Filter;
use super::provider::{BASE, Shared};
use super::refusal::Refusal;
use super::resource::Kind;
use super::results::PLACE;
use super::{configuration, deferred, events};
use crate::expr::Scope;
use crate::peer::answer::Answer;

/// The media type of SCIM (RFC 7644 section 8.1).
const MEDIA_TYPE: &str = "application/scim+json";

/// How many resources one page of a list has at most.
const PAGE: usize = 200;

type Outcome = Result<Answer, Refusal>;

/// An answer with a document.
pub(super) fn document(status: u16, document: &Value) -> Answer {
    let mut answer = Answer { status, body: document.to_string().into_bytes(), ..Answer::default() };
    answer.set_header("Content-Type", Some(MEDIA_TYPE));
    answer
}

pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(call) = Call::read(method, &uri, headers, body, BASE) else {
        return Refusal::nothing_at(uri.path()).answer().into_response().await;
    };
    let answer = answer(&shared, &call).await.unwrap_or_else(|refusal| refusal.answer());
    let scope = Scope::new().with("request", call.value());
    shared.options.tamper.now().reply("scim", answer, &scope).into_response().await
}

async fn answer(shared: &Arc<Shared>, call: &Call) -> Outcome {
    if call.path == "/ServiceProviderConfig" {
        return match call.method {
            Method::GET => Ok(document(200, &configuration::document(shared))),
            _ => Err(Refusal::new(405, "method: expected GET, got another one")),
        };
    }
    authenticate(shared, call)?;
    if let Some(txn) = call.path.strip_prefix(PLACE).filter(|_| call.method == Method::GET) {
        return shared.results.answer(txn);
    }
    if call.path == "/Bulk" && shared.options.bulk {
        return bulk(shared, call).await;
    }
    let (kind, id) = Kind::of(&call.path).ok_or_else(|| Refusal::nothing_at(&call.path))?;
    match (call.method.as_str(), id) {
        ("GET", Some(id)) => {
            let resource = shared.store.lock().get(kind, id)?;
            let mut answer = document(200, &resource.represent(shared.base()));
            answer.set_header("ETag", Some(&resource.etag()));
            Ok(answer)
        }
        ("GET", None) => list(shared, call, kind),
        ("POST", None) => change(shared, call, kind, Uuid::new_v4().to_string()).await,
        ("PUT" | "PATCH" | "DELETE", Some(id)) => change(shared, call, kind, id.to_owned()).await,
        (method, _) => Err(Refusal::new(405, format!("method: expected one that fits the path, got {method}"))),
    }
}

fn authenticate(shared: &Shared, call: &Call) -> Result<(), Refusal> {
    let open = (call.path.starts_with(PLACE) && shared.has("shows-results-to-anybody"))
        || (Kind::of(&call.path).is_some() && call.method == Method::GET && shared.has("shows-resources-to-anybody"));
    let tokens = &shared.options.tokens;
    let field = call.header("authorization").unwrap_or_default();
    let (scheme, token) = field.split_once(' ').unwrap_or_default();
    let is_it = |known: &[u8]| verify_slices_are_equal(known, token.trim().as_bytes()).is_ok();
    let known =
        scheme.eq_ignore_ascii_case("bearer") && tokens.iter().any(|known| is_it(known.expose_secret().as_bytes()));
    if tokens.is_empty() || known || open {
        return Ok(());
    }
    Err(Refusal::new(401, "Authorization: expected a bearer token that this service provider knows, got none"))
}

/// One page of the resources that a filter takes (RFC 7644 section 3.4.2).
fn list(shared: &Shared, call: &Call, kind: Kind) -> Outcome {
    let filter = call.parameter("filter").map(Filter::parse).transpose()?;
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let found = shared.store.lock().list(kind, filter.as_ref());
    let start = number("startIndex").unwrap_or(1).max(1);
    let count = number("count").unwrap_or(PAGE).min(PAGE);
    let page: Vec<Value> =
        found.iter().skip(start - 1).take(count).map(|resource| resource.represent(shared.base())).collect();
    let list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": found.len(),
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    });
    Ok(document(200, &list))
}

async fn change(shared: &Arc<Shared>, call: &Call, kind: Kind, id: String) -> Outcome {
    let body = if call.method == Method::DELETE { Default::default() } else { call.object()? };
    let version = call.header("if-match");
    let operation = Operation { method: call.method.clone(), kind, id, body, version, bulk_id: None };
    let path = operation.path();
    let work = move |shared: &Shared, told: &deferred::Told| {
        let index = if told.completion && shared.has("counts-every-request") { ":0" } else { "" };
        let txn = format!("{}{index}", told.txn);
        let outcome = perform(shared, &operation, &txn);
        if told.completion {
            shared.complete(&events::completion(shared, &operation, &outcome, &txn));
        }
        outcome.map_or_else(|refusal| refusal.answer(), |done| of_change(shared, &done))
    };
    Ok(deferred::respond(shared, call, Some(path), work).await)
}

fn of_change(shared: &Shared, done: &Done) -> Answer {
    if done.status == 204 {
        return Answer { status: 204, ..Answer::default() };
    }
    let mut answer = document(done.status, &done.resource.represent(shared.base()));
    answer.set_header("Location", Some(&format!("{}{}", shared.base(), done.resource.path())));
    answer.set_header("ETag", Some(&done.resource.etag()));
    answer
}

async fn bulk(shared: &Arc<Shared>, call: &Call) -> Outcome {
    if call.method != Method::POST {
        return Err(Refusal::new(405, "method: expected POST, got another one"));
    }
    if call.size() > MOST_BYTES {
        return Err(Refusal::new(413, format!("body: expected {MOST_BYTES} bytes at most, got more")));
    }
    let bulk = Bulk::read(&call.object()?)?;
    Ok(deferred::respond(shared, call, None, move |shared, told| bulk.work(shared, told)).await)
}
