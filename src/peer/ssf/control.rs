//! The control interface: what an operator asks of the transmitter, on a loopback port of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use url::Url;

use super::emit::{EventRequest, emit};
use super::refusal::{Outcome, Refusal};
use super::request::{member_text, object};
use super::state::Shared;
use super::stream::{Delivery, Status};
use super::{Answer, RequestFacts, request, status, verification};

/// What the handlers of the control interface share.
#[derive(Clone)]
pub(super) struct Control {
    pub shared: Arc<Shared>,
    /// Where it listens, once it does.
    pub addr: Arc<std::sync::OnceLock<SocketAddr>>,
}

pub(super) async fn serve(
    State(control): State<Control>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let facts = request::facts(method, &uri, headers, body);
    let outcome = match guard(&control, &facts.headers) {
        Ok(()) => act(&control.shared, &facts).await,
        Err(refusal) => Err(refusal),
    };
    outcome.unwrap_or_else(Answer::from).into_response().await
}

/// Web pages must not reach it, neither directly nor through a name that points here (DNS rebinding).
fn guard(control: &Control, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(addr) = control.addr.get() else { return Err(Refusal::Forbidden("not ready".to_owned())) };
    let ours = |host: &str| {
        let known = [addr.to_string(), format!("localhost:{}", addr.port())];
        known.iter().any(|known| known.eq_ignore_ascii_case(host))
    };
    let host = headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !ours(host) {
        return Err(Refusal::Forbidden(format!("Host: expected {addr}, got {host:?}")));
    }
    for origin in headers.get_all("origin") {
        let origin = origin.to_str().unwrap_or_default();
        if !origin.strip_prefix("http://").is_some_and(ours) {
            return Err(Refusal::Forbidden(format!("Origin: expected none, got {origin:?}")));
        }
    }
    Ok(())
}

async fn act(shared: &Arc<Shared>, facts: &RequestFacts) -> Outcome {
    let parts: Vec<&str> = facts.path.trim_matches('/').split('/').collect();
    let find = |id: &str| shared.get(id).ok_or_else(|| Refusal::NoStream(id.to_owned()));
    match (facts.method.as_str(), parts.as_slice()) {
        ("GET", ["streams"]) => Ok(Answer::of_json(200, &json!(streams(shared)))),
        ("POST", ["events"]) => {
            let body = Value::Object(object(facts)?.clone());
            let event: EventRequest = serde_json::from_value(body)
                .map_err(|error| Refusal::invalid("body", "an event request", error.to_string()))?;
            let emission = emit(shared, &event)
                .map_err(|error| Refusal::invalid("event", "one that can be sent", error.to_string()))?;
            Ok(Answer::of_json(200, &json!(emission)))
        }
        ("POST", ["streams", id, "status"]) => {
            let body = object(facts)?;
            let stream = find(id)?;
            let wanted = member_text(body, "status")?.unwrap_or_default();
            let wanted: Status = wanted
                .parse()
                .map_err(|_| Refusal::invalid("status", "enabled, paused or disabled", format!("{wanted:?}")))?;
            let reason = member_text(body, "reason")?.map(str::to_owned);
            status::change(shared, &stream, wanted, reason).map_err(|error| Refusal::Internal(error.to_string()))?;
            Ok(Answer::of_json(200, &json!({ "stream_id": stream.id, "status": wanted.name() })))
        }
        ("POST", ["streams", id, "verification"]) => {
            verification::send_unasked(shared, &*find(id)?)?;
            Ok(Answer::empty(204))
        }
        ("POST", ["keys", "rotate"]) => {
            let kid = rotate(shared).await.map_err(Refusal::Internal)?;
            Ok(Answer::of_json(200, &json!({ "kid": kid })))
        }
        (_, ["streams"]) => Err(Refusal::Method { allowed: "GET", got: facts.method.to_string() }),
        (_, ["events"] | ["keys", "rotate"] | ["streams", _, "status" | "verification"]) => {
            Err(Refusal::Method { allowed: "POST", got: facts.method.to_string() })
        }
        _ => Err(Refusal::NoEndpoint(facts.path.clone())),
    }
}

/// Makes a new key beside the requests: an RSA key takes its time.
pub(super) async fn rotate(shared: &Arc<Shared>) -> Result<String, String> {
    let busy = shared.clone();
    let made = tokio::task::spawn_blocking(move || busy.keys.rotate()).await.map_err(|error| error.to_string())?;
    let kid = made.map_err(|error| error.to_string())?;
    shared.journal.tell(super::Happening::Rotated { kid: kid.clone() });
    Ok(kid)
}

/// Every stream, without secrets.
pub(super) fn streams(shared: &Shared) -> Vec<Value> {
    let summary = |stream: &Arc<super::stream::Stream>| {
        let poll_url = shared.poll_url(stream);
        let inner = stream.lock();
        let (method, endpoint) = match &inner.delivery {
            Delivery::Poll => ("poll", poll_url),
            Delivery::Push { endpoint, .. } => ("push", without_credentials(endpoint)),
        };
        json!({
            "stream_id": stream.id,
            "receiver": shared.name(stream.receiver),
            "status": inner.status.name(),
            "delivery": method,
            "endpoint_url": endpoint,
            "events_delivered": inner.events_delivered(&shared.options),
            "subjects": inner.subjects.len(),
            "waiting": inner.queue.len(),
            "polls": stream.polls(),
        })
    };
    shared.list(None).iter().map(summary).collect()
}

fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Only URLs without a host refuse, and those cannot be pushed to.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
