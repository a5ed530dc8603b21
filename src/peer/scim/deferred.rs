//! Answering first and working later (RFC 9967 section 2.5.1.1).

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use tokio::time::sleep;
use uuid::Uuid;

use super::call::{Call, Preference};
use super::options::AsyncRequest;
use super::provider::Shared;
use super::results::PLACE;
use crate::peer::answer::Answer;

/// What takes longer is answered asynchronously, where that is left to the service provider.
const LONG: Duration = Duration::from_secs(1);

/// When a request is answered, and when it is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// The answer comes when the work is done, after so long.
    Synchronous(Duration),
    /// The answer comes after `wait`, and the work is done `rest` later.
    Asynchronous { wait: Duration, rest: Duration },
}

/// What is told of a piece of work.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub txn: String,
    /// Whether the client waits for a SET that tells of the completion.
    pub completion: bool,
}

/// Answers a request; `work` is done now or later, `path` is the resource that it is about, if it is one.
pub(super) async fn respond(
    shared: &Arc<Shared>,
    call: &Call,
    path: Option<String>,
    work: impl FnOnce(&Shared, &Told) -> Answer + Send + 'static,
) -> Answer {
    match course(shared, call) {
        Course::Synchronous(takes) => {
            sleep(takes).await;
            work(shared, &Told { txn: Uuid::new_v4().to_string(), completion: false })
        }
        Course::Asynchronous { wait, rest } => {
            sleep(wait).await;
            let of_resource = path.as_ref().filter(|_| shared.has("one-txn-a-resource"));
            let txn = of_resource
                .and_then(|path| path.rsplit('/').next())
                .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
            let answer = accepted(shared, call, &txn, path);
            let told = Told { txn, completion: !shared.has("forgets-completions") };
            let shared = shared.clone();
            tokio::spawn(async move {
                sleep(rest).await;
                work(&shared, &told);
            });
            answer
        }
    }
}

fn course(shared: &Shared, call: &Call) -> Course {
    let Preference { asynchronous, wait } = call.preference();
    let options = &shared.options;
    let has = |name| shared.has(name);
    let unasked = has("defers-patches-unasked") && call.method == Method::PATCH;
    let never = options.async_request == AsyncRequest::None && !has("asynchronous-all-the-same");
    let some = has("answers-some-synchronously") && call.method == Method::PUT;
    if never || some || has("never-asynchronous") || !(asynchronous || unasked) {
        return Course::Synchronous(Duration::ZERO);
    }
    let takes = options.takes;
    let wait = wait.filter(|_| !has("ignores-wait"));
    let patience = match options.async_request {
        AsyncRequest::Long => Some(wait.unwrap_or(LONG)),
        _ => wait,
    };
    match patience {
        Some(patience) if takes <= patience => Course::Synchronous(takes),
        patience => {
            let wait = patience.unwrap_or_default();
            Course::Asynchronous { wait, rest: takes.saturating_sub(wait) }
        }
    }
}

/// The asynchronous answer.
fn accepted(shared: &Shared, call: &Call, txn: &str, path: Option<String>) -> Answer {
    let mut answer = Answer { status: 202, ..Answer::default() };
    answer.set_header("Set-Txn", Some(txn));
    if call.preference().asynchronous {
        answer.set_header("Preference-Applied", Some("respond-async"));
    }
    let path = match path {
        Some(_) if shared.options.offers_results => Some(format!("{PLACE}{txn}")),
        // What is deleted has no location in a synchronous answer either.
        path => path.filter(|_| call.method != Method::DELETE),
    };
    let location = path.map(|path| match shared.options.relative_locations {
        true => format!("{}{path}", super::provider::BASE),
        false => format!("{}{path}", shared.base()),
    });
    answer.set_header("Location", location.as_deref());
    answer
}
