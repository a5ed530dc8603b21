//! `setspec mock emit`: an event on demand.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::cli::console::{Failure, line, visible};
use crate::cli::runtime;
use crate::http::{Client, ClientOptions, Exchange, RequestSpec};
use crate::peer::ssf::{Emission, EventRequest};
use crate::run::outcome::ExitCode;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct EmitArgs {
    /// The control interface of the transmitter, which it prints when it starts.
    #[arg(long, value_name = "URL")]
    control: Url,
    /// The event type: a URI, or a short name of `setspec list events`.
    #[arg(long, value_name = "TYPE", required_unless_present = "fixture")]
    event: Option<String>,
    /// Make it from this fixture.
    #[arg(long, value_name = "NAME")]
    fixture: Option<String>,
    /// Whom it is about: a subject identifier as JSON.
    #[arg(long, value_name = "JSON")]
    subject: Option<String>,
    /// A member of the event's payload, as JSON or text; null removes one.
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// The only stream that it goes to.
    #[arg(long, value_name = "ID")]
    stream: Option<String>,
}

pub(super) fn main(args: EmitArgs) -> Result<ExitCode, Failure> {
    let subject = args.subject.as_deref().map(serde_json::from_str).transpose();
    let subject = subject.map_err(|error| Failure::usage(format!("--subject: expected JSON, got {error}")))?;
    let mut claims = Map::new();
    for claim in &args.claims {
        let (name, value) = claim
            .split_once('=')
            .ok_or_else(|| Failure::usage(format!("--claim: expected NAME=VALUE, got {claim:?}")))?;
        claims.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)));
    }
    let event = EventRequest {
        event: args.event,
        fixture: args.fixture,
        subject,
        claims,
        set: Map::new(),
        stream_id: args.stream,
    };
    let body = serde_json::to_vec(&event).map_err(|error| Failure::internal(error.to_string()))?;
    let exchange = runtime()?.block_on(ask(&args.control, body))?;
    report(&args.control, &exchange)
}

async fn ask(control: &Url, body: Vec<u8>) -> Result<Exchange, Failure> {
    let url = control.join("events").map_err(|error| Failure::usage(format!("--control: {error}")))?;
    let options = ClientOptions { response_timeout: Duration::from_secs(30), ..ClientOptions::default() };
    let client = Client::new(options).map_err(|error| Failure::internal(error.to_string()))?;
    Ok(client.send(RequestSpec::new("POST", url).header("Content-Type", "application/json").body(body)).await)
}

fn report(control: &Url, exchange: &Exchange) -> Result<ExitCode, Failure> {
    let unreachable = |message: String| Failure {
        code: ExitCode::Inconclusive,
        message,
        advice: Some("a mock transmitter prints its control interface when it starts".to_owned()),
    };
    let Some(answer) = exchange.response.as_ref().filter(|_| exchange.failure.is_none()) else {
        let why = exchange.failure.as_ref().map_or("no answer", |failure| &failure.message);
        return Err(unreachable(visible(&format!("{control}: {why}"))));
    };
    if answer.status != 200 {
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let why = said.get("description").and_then(Value::as_str).map_or_else(|| answer.body_text(), str::to_owned);
        return Err(Failure::usage(visible(&format!("refused with {}: {why}", answer.status))));
    }
    let emission: Emission = serde_json::from_slice(&answer.body)
        .map_err(|error| unreachable(format!("{control} is no control interface: {error}")))?;
    line(&visible(&emission.event));
    for sent in &emission.sent {
        line(&visible(&format!("  stream {}: queued as {}", sent.stream_id, sent.jti)));
    }
    for skipped in &emission.skipped {
        line(&visible(&format!("  stream {}: skipped, {}", skipped.stream_id, skipped.reason)));
    }
    if emission.sent.is_empty() && emission.skipped.is_empty() {
        line("  there is no stream yet");
    }
    Ok(ExitCode::Conformant)
}
