//! What is served: the page, its parts, the feed, and the actions.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::desk::{Action, Desk};
use super::guard::Guard;
use super::{Teller, head, page};

/// The colours of the report, and the style of this page.
const STYLE: &str = concat!(include_str!("../../../report/templates/palette.css"), include_str!("assets/page.css"));

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Desktop {
    pub desk: Arc<dyn Desk>,
    pub teller: Arc<Teller>,
    /// There once it listens.
    pub guard: Arc<OnceLock<Guard>>,
}

pub(super) fn router(desktop: Desktop) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/page.css", get(|| part("text/css; charset=utf-8", STYLE)))
        .route("/page.js", get(|| part("text/javascript; charset=utf-8", include_str!("assets/page.js"))))
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .route("/about", get(about))
        .route("/deviations", get(deviations))
        .route("/events", get(events))
        .route("/entries/{seq}", get(detail))
        .route("/actions", post(act))
        .layer(from_fn_with_state(desktop.clone(), guarded))
        .layer(from_fn(head::fields))
        .with_state(desktop)
}

fn no(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(json!({ "description": why }))).into_response()
}

fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Lets through what our own page asks for.
async fn guarded(State(desktop): State<Desktop>, request: Request, next: Next) -> Response {
    let Some(guard) = desktop.guard.get() else { return no(StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    let is_page = request.uri().path() == "/";
    let allowed = match request.method().as_str() {
        "GET" | "HEAD" => guard.may_look(request.headers(), is_page),
        _ => guard.may_act(request.headers()),
    };
    match allowed {
        Ok(()) => next.run(request).await,
        Err(why) => no(StatusCode::FORBIDDEN, &desktop.teller.text(&why)),
    }
}

async fn part(media_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type)], text).into_response()
}

async fn show(State(desktop): State<Desktop>) -> Response {
    let guard = desktop.guard.get().filter(|guard| guard.is_local());
    match page::render(&desktop.desk.about(), &desktop.teller.feed, guard.map(Guard::token)) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
        Err(error) => no(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn about(State(desktop): State<Desktop>) -> Response {
    json_text(desktop.teller.value(&desktop.desk.about()))
}

async fn deviations(State(desktop): State<Desktop>) -> Response {
    json_text(desktop.teller.value(&Value::Array(desktop.teller.deviations.all())))
}

/// `since` is the id of the last event that was seen; a browser that reconnects by itself says so in a header field.
async fn events(State(desktop): State<Desktop>, uri: Uri, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let since = uri.query().and_then(|query| query.strip_prefix("since="));
    match desktop.teller.feed.follow(last.or(since)) {
        Some(stream) => Sse::new(stream.map(Ok::<_, Infallible>)).into_response(),
        None => no(StatusCode::SERVICE_UNAVAILABLE, "as many pages are open as there can be"),
    }
}

async fn detail(State(desktop): State<Desktop>, Path(seq): Path<u64>) -> Response {
    match desktop.teller.feed.detail(seq) {
        Some(text) => json_text(text.to_string()),
        None => no(StatusCode::NOT_FOUND, "it is forgotten by now"),
    }
}

async fn act(State(desktop): State<Desktop>, body: Bytes) -> Response {
    let action: Action = match serde_json::from_slice(&body) {
        Ok(action) => action,
        Err(error) => {
            return no(
                StatusCode::BAD_REQUEST,
                &desktop.teller.text(&format!("body: expected an action, got {error}")),
            );
        }
    };
    let teller = &desktop.teller;
    let outcome = match action {
        Action::Deviate { id, on } => teller.deviations.set(&id, on).map(|()| {
            teller.note("deviation", None, format!("{id} is {}", if on { "on" } else { "off" }), None, None);
            Value::Null
        }),
        Action::Conform {} => {
            teller.deviations.conform();
            teller.note("deviation", None, "every mutant and variation is off".to_owned(), None, None);
            Ok(Value::Null)
        }
        Action::Clear {} => {
            teller.feed.clear();
            Ok(Value::Null)
        }
        other => tokio::select! {
            outcome = desktop.desk.act(other) => outcome,
            // Whoever waits lets go of the mock, so that it can leave in order.
            () = teller.feed.closed() => Err("the mock is about to stop".to_owned()),
        },
    };
    teller.state(&desktop.desk.streams());
    match outcome {
        Ok(value) => json_text(teller.value(&json!({ "result": value }))),
        Err(why) => no(StatusCode::UNPROCESSABLE_ENTITY, &teller.text(&why)),
    }
}
