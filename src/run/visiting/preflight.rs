//! The preflight: does the receiver come, does it make a stream, does it take a good SET?
//!
//! Whatever fails here is a matter of set-up. It makes the run inconclusive and says what helps; it is never a violation.

use std::time::Duration;

use tokio::time::Instant;

use super::host::Host;
use super::offers::good_set;
use super::world::Stream;
use crate::expr::Scope;
use crate::run::event::{Emitter, Event, PreflightLine};
use crate::run::steps::Stop;
use crate::suite::model::case::Method;

/// How often it is said again what is waited for.
const REMINDER: Duration = Duration::from_secs(15);

/// What the preflight found.
pub(super) struct Preflight {
    pub lines: Vec<PreflightLine>,
    pub stream: Option<Stream>,
    /// What the harness did wrong itself.
    pub internal_error: Option<String>,
}

impl Preflight {
    pub fn is_ready(&self) -> bool {
        self.lines.iter().all(|line| line.ok)
    }
}

/// Waits for a good visit.
pub(super) async fn run(host: &mut Host, emitter: &Emitter) -> Preflight {
    let mut preflight = Preflight { lines: Vec::new(), stream: None, internal_error: None };
    let wait = host.world.settings.wait;
    let deadline = Instant::now() + wait;
    if let Err(why) = host.start(None).await {
        preflight.lines.push(failed("start", why, "Check the command that starts the receiver (--start)."));
        return preflight;
    }
    let Some(stream) = for_stream(host, deadline, emitter).await else {
        let why = host.failure();
        preflight.lines.extend(missing(host, why, wait));
        return preflight;
    };
    let method = stream.method.name();
    preflight.lines.push(passed("stream", format!("the receiver has one, with delivery by {method}")));
    preflight.lines.extend(good(host, &stream, deadline, emitter, &mut preflight.internal_error).await);
    preflight.stream = Some(stream);
    preflight
}

async fn for_stream(host: &mut Host, deadline: Instant, emitter: &Emitter) -> Option<Stream> {
    let mut last = String::new();
    loop {
        let now = waiting(host);
        if now != last && !now.is_empty() {
            emitter.emit(Event::Waiting(now.clone()));
        }
        last = now.clone();
        let left = deadline.saturating_duration_since(Instant::now());
        let found = host
            .until(left.min(REMINDER), |host| match host.world.stream() {
                Some(stream) => Some(Some(stream)),
                None => (waiting(host) != now).then_some(None),
            })
            .await;
        match found {
            Some(Some(stream)) => return Some(stream),
            Some(None) => {}
            None if host.failure().is_some() || Instant::now() >= deadline => return None,
            // Whoever waits is told that we still do.
            None => last.clear(),
        }
    }
}

/// What is still missing before there is a stream.
fn waiting(host: &Host) -> String {
    let inner = host.world.visits.lock();
    let count = |endpoint: &str| inner.asked.get(endpoint).copied().unwrap_or_default();
    if inner.asked.is_empty() {
        return "for the receiver: no request has come yet".to_owned();
    }
    let mut missing = Vec::new();
    if count("metadata") == 0 {
        missing.push("the metadata have not been read");
    }
    if inner.unauthorized > 0 {
        missing.push("a credential was refused");
    }
    missing.push("no stream created yet");
    format!("for the receiver: {}", missing.join(", "))
}

/// Why there is no stream.
fn missing(host: &Host, gave_up: Option<String>, wait: Duration) -> Vec<PreflightLine> {
    let world = &host.world;
    let inner = world.visits.lock();
    let count = |endpoint: &str| inner.asked.get(endpoint).copied().unwrap_or_default();
    let when = match gave_up {
        Some(why) => format!("; {why}"),
        None => format!(" within {} s", wait.as_secs_f64()),
    };
    let issuer = world.transmitter.issuer();
    let mut lines = Vec::new();
    if inner.asked.is_empty() {
        let advice = format!(
            "The receiver has to be started and pointed at the issuer {issuer} with the token that was printed; --wait gives it more time."
        );
        return vec![failed("visit", format!("no request came{when}"), &advice)];
    }
    lines.push(match count("metadata") {
        0 => failed(
            "metadata",
            "the receiver did not read them".to_owned(),
            &format!("They are at {}.", world.transmitter.metadata_url()),
        ),
        _ => passed("metadata", "the receiver read them".to_owned()),
    });
    if inner.unauthorized > 0 {
        let advice = "It has to come with the bearer token of this run, or with one from the token endpoint.";
        lines.push(failed("credential", format!("{} requests were refused with 401", inner.unauthorized), advice));
    }
    let advice = "It has to create a stream at the configuration endpoint (POST), or the log of the receiver says why it does not.";
    lines.push(failed("stream", format!("no stream was created{when}"), advice));
    lines
}

/// Gives the receiver a good SET.
async fn good(
    host: &mut Host,
    stream: &Stream,
    deadline: Instant,
    emitter: &Emitter,
    internal_error: &mut Option<String>,
) -> Vec<PreflightLine> {
    const NAME: &str = "good SET";
    let waits_for = match stream.method {
        Method::Poll => "for the receiver: the stream has not been polled yet",
        Method::Push => "for the receiver: its push endpoint has not taken a SET yet",
    };
    let usual = host.world.settings.timeouts.delivery;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut scope: Scope = host.world.scope();
        let bound = usual.max(left);
        let polls = host.world.visits.lock().asked.get("poll").copied().unwrap_or_default();
        if stream.method == Method::Poll && polls == 0 {
            emitter.emit(Event::Waiting(waits_for.to_owned()));
        }
        let why = match host.control(&good_set(), bound, &mut scope).await {
            Ok(acted) => {
                host.exchanges.extend(acted.exchanges);
                host.observations.extend(acted.observations);
                return vec![passed(NAME, format!("accepted by {}", stream.method.name()))];
            }
            Err(Stop::Inconclusive { reason, exchanges, observations }) => {
                host.exchanges.extend(exchanges);
                host.observations.extend(observations);
                reason
            }
            Err(Stop::Internal(why)) => {
                *internal_error = Some(why.clone());
                why
            }
            Err(Stop::NotApplicable(why) | Stop::NoOccasion(why)) => why,
        };
        // A push endpoint may be opened a moment after the stream is created.
        let again = stream.method == Method::Push && internal_error.is_none() && Instant::now() < deadline;
        if again && scope.get("outcome").is_some_and(|outcome| outcome["by"] == "none") && host.failure().is_none() {
            emitter.emit(Event::Waiting(waits_for.to_owned()));
            let pause = Duration::from_millis(500).min(deadline.saturating_duration_since(Instant::now()));
            host.until(pause, |_| None::<()>).await;
            continue;
        }
        return vec![failed(NAME, why, &advice(host, stream))];
    }
}

fn advice(host: &Host, stream: &Stream) -> String {
    let world = &host.world;
    let keys = world.visits.lock().asked.get("jwks").copied().unwrap_or_default();
    let fetched = if keys > 0 { "It fetched our keys." } else { "It did not fetch our keys from the jwks_uri." };
    let trust = format!(
        "The receiver has to trust SETs of {} for the audience {:?}. {fetched}",
        world.transmitter.issuer(),
        world.settings.audience
    );
    match stream.method {
        Method::Push => trust,
        Method::Poll if !world.visits.lock().asked.contains_key("poll") => {
            "It has to poll the endpoint_url of its stream.".to_owned()
        }
        Method::Poll => trust,
    }
}

fn passed(name: &str, message: String) -> PreflightLine {
    PreflightLine { name: name.to_owned(), ok: true, message, advice: None }
}

fn failed(name: &str, message: String, advice: &str) -> PreflightLine {
    PreflightLine { name: name.to_owned(), ok: false, message, advice: Some(advice.to_owned()) }
}
