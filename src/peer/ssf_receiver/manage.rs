//! The operations of the management API (SSF section 8), one function each.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::metadata::Metadata;
use super::notice::Notice;
use super::request::{Answer, Call};
use super::state::Shared;
use super::stream::{Stream, without_secrets};
use crate::peer::ssf::{Operation, Status};
use crate::suite::model::case::Method;

const CONFIGURATION: &str = "configuration_endpoint";

fn metadata(shared: &Shared) -> Result<Arc<Metadata>, String> {
    shared.metadata().ok_or_else(|| "the metadata of the transmitter are not known".to_owned())
}

/// The stream that operations are about.
pub(super) fn current(shared: &Shared) -> Result<Arc<Stream>, String> {
    shared.stream().ok_or_else(|| "there is no stream".to_owned())
}

fn named(mut url: Url, stream_id: &str) -> Url {
    url.query_pairs_mut().append_pair("stream_id", stream_id);
    url
}

/// An answer with one of these status codes; others are told without what they say.
fn good(operation: Operation, answer: Answer, expected: &[u16]) -> Result<Answer, String> {
    match expected.contains(&answer.status) {
        true => Ok(answer),
        false => Err(format!("{}: expected status {}, got {}", operation.name(), expected[0], answer.status)),
    }
}

/// Says that an answer is not heeded.
fn disregard(shared: &Shared, operation: Operation, why: String) -> String {
    let operation = operation.name();
    shared.tell(Notice::Disregarded { operation, why: why.clone() });
    format!("{operation}: {why}")
}

/// Goes by a configuration from now on.
fn heed(shared: &Shared, stream: Stream) -> Arc<Stream> {
    let stream = Arc::new(stream);
    shared.change(|state| state.stream = Some(stream.clone()));
    stream
}

/// The member `delivery` of a request.
fn delivery(shared: &Shared) -> Result<Value, String> {
    let options = &shared.options;
    let mut delivery = json!({ "method": options.delivery.urn() });
    if options.delivery == Method::Push {
        let url = shared.push_url.get().ok_or("there is no push endpoint")?;
        delivery["endpoint_url"] = json!(url);
        if let Some(value) =
            options.push.authorization.as_ref().filter(|_| !options.behaviour().no_authorization_header)
        {
            delivery["authorization_header"] = json!(value.expose_secret());
        }
    }
    Ok(delivery)
}

/// What the receiver has to say of its stream.
fn supplied(shared: &Shared) -> Result<Map<String, Value>, String> {
    let options = &shared.options;
    let events = if options.events.is_empty() { metadata(shared)?.events() } else { options.events.clone() };
    let mut members = Map::from_iter([("delivery".to_owned(), delivery(shared)?)]);
    if !events.is_empty() {
        members.insert("events_requested".to_owned(), json!(events));
    }
    if let Some(description) = &options.description {
        members.insert("description".to_owned(), json!(description));
    }
    Ok(members)
}

/// How often a stream is asked for by a receiver that turns down what it gets.
const CREATIONS: usize = 3;

/// Creates a stream, or takes over the one that does not let a second one be (SSF section 8.1.1.1).
pub(super) async fn create(shared: &Shared) -> Result<Arc<Stream>, String> {
    let attempts = if shared.options.creates_again { CREATIONS } else { 1 };
    let mut attempt = 1;
    loop {
        let created = create_one(shared).await;
        if created.is_ok() || attempt >= attempts {
            return created;
        }
        attempt += 1;
    }
}

async fn create_one(shared: &Shared) -> Result<Arc<Stream>, String> {
    let operation = Operation::Create;
    let url = metadata(shared)?.endpoint(CONFIGURATION)?;
    let answer = Call::new(operation, "POST", url).json(Value::Object(supplied(shared)?)).ask(shared).await?;
    if answer.status == 409 {
        return adopt(shared, true).await?.ok_or_else(|| "create: refused with 409, and no stream is there".to_owned());
    }
    let members = good(operation, answer, &[201, 200])?.object().map_err(|why| disregard(shared, operation, why))?;
    let wanted = shared.options.delivery;
    let validated = Stream::validated(&shared.options, operation, members.clone(), None).and_then(|stream| {
        let wrong = || format!("delivery.method: expected {}, got {}", wanted.urn(), stream.method.urn());
        if stream.method == wanted { Ok(stream) } else { Err(wrong()) }
    });
    let stream = match validated {
        Ok(stream) => stream,
        Err(why) => return Err(turn_down(shared, operation, &members, why).await),
    };
    Ok(own(shared, stream, false))
}

/// Takes over the first stream that is there. One that delivers otherwise, or any that `updates`, is told what is wanted.
pub(super) async fn adopt(shared: &Shared, updates: bool) -> Result<Option<Arc<Stream>>, String> {
    let Some(first) = configurations(shared).await?.into_iter().next() else { return Ok(None) };
    let Value::Object(members) = first else { return Err("list: expected objects, got something else".to_owned()) };
    let stream = Stream::validated(&shared.options, Operation::List, members, None)
        .map_err(|why| disregard(shared, Operation::List, why))?;
    // The secret of a push endpoint is known to nobody but the one who chose it.
    let fits = stream.method == shared.options.delivery && stream.method == Method::Poll;
    let stream = own(shared, stream, true);
    if fits && (!updates || shared.options.quiet) {
        return Ok(Some(stream));
    }
    update(shared, supplied(shared)?).await.map(Some)
}

fn own(shared: &Shared, stream: Stream, adopted: bool) -> Arc<Stream> {
    let stream = heed(shared, stream);
    shared.change(|state| {
        state.own.retain(|id| *id != stream.id);
        state.own.push(stream.id.clone());
        state.status = None;
        state.verified = false;
    });
    shared.tell(Notice::HasStream { stream_id: stream.id.clone(), delivery: stream.method, adopted });
    stream
}

/// All configurations as they are answered (SSF section 8.1.1.2).
async fn configurations(shared: &Shared) -> Result<Vec<Value>, String> {
    let url = metadata(shared)?.endpoint(CONFIGURATION)?;
    let answer = Call::new(Operation::List, "GET", url).ask(shared).await?;
    match good(Operation::List, answer, &[200])?.value()? {
        Value::Array(all) => Ok(all),
        // What a transmitter of one stream a receiver may still answer.
        one @ Value::Object(_) => Ok(vec![one]),
        other => Err(format!("list: expected an array, got {}", crate::set::json::kind(&other))),
    }
}

/// SSF section 8.1.1.2, without a stream.
pub(super) async fn list(shared: &Shared) -> Result<Value, String> {
    let all = configurations(shared).await?;
    let foreign = |one: &&Value| one.get("iss").and_then(Value::as_str) != Some(&shared.options.issuer);
    if !shared.options.behaviour().skips_read_iss
        && let Some(foreign) = all.iter().find(foreign)
    {
        let why = format!("iss: expected {:?}, got {}", shared.options.issuer, foreign["iss"]);
        return Err(disregard(shared, Operation::List, why));
    }
    Ok(without_secrets(Value::Array(all)))
}

/// SSF section 8.1.1.2.
pub(super) async fn read(shared: &Shared) -> Result<Arc<Stream>, String> {
    let stream = current(shared)?;
    let url = named(metadata(shared)?.endpoint(CONFIGURATION)?, &stream.id);
    let answer = Call::new(Operation::Read, "GET", url).of_stream(&stream.id).ask(shared).await?;
    configured(shared, Operation::Read, answer, &stream).await
}

/// SSF section 8.1.1.3.
pub(super) async fn update(shared: &Shared, changes: Map<String, Value>) -> Result<Arc<Stream>, String> {
    let stream = current(shared)?;
    let mut members = Map::from_iter([("stream_id".to_owned(), json!(stream.id))]);
    members.extend(changes);
    change(shared, Operation::Update, "PATCH", members, &stream).await
}

/// Reads the configuration, changes it, and sends it back whole (SSF section 8.1.1.4).
pub(super) async fn replace(shared: &Shared, changes: Map<String, Value>) -> Result<Arc<Stream>, String> {
    let stream = read(shared).await?;
    let mut members = stream.configuration.clone();
    // What only we know is not lost where the transmitter keeps it to itself.
    if stream.method == Method::Push
        && let Some(Value::Object(told)) = members.get_mut("delivery")
        && !told.contains_key("authorization_header")
        && let Some(header) = delivery(shared)?.get("authorization_header")
    {
        told.insert("authorization_header".to_owned(), header.clone());
    }
    members.extend(changes);
    // A member without a value is left out (SSF section 8.1.1).
    members.retain(|_, value| !value.is_null());
    change(shared, Operation::Replace, "PUT", members, &stream).await
}

async fn change(
    shared: &Shared,
    operation: Operation,
    method: &'static str,
    members: Map<String, Value>,
    stream: &Stream,
) -> Result<Arc<Stream>, String> {
    let url = metadata(shared)?.endpoint(CONFIGURATION)?;
    let call = Call::new(operation, method, url).json(Value::Object(members)).of_stream(&stream.id);
    configured(shared, operation, call.ask(shared).await?, stream).await
}

/// The configuration in an answer, by which the receiver goes if it is valid.
async fn configured(
    shared: &Shared,
    operation: Operation,
    answer: Answer,
    stream: &Stream,
) -> Result<Arc<Stream>, String> {
    let members = good(operation, answer, &[200])?.object().map_err(|why| disregard(shared, operation, why))?;
    match Stream::validated(&shared.options, operation, members.clone(), Some(&stream.id)) {
        Ok(stream) => Ok(heed(shared, stream)),
        Err(why) => Err(turn_down(shared, operation, &members, why).await),
    }
}

/// Does not go by a configuration. Nothing of it is used, but for the identifier where such a stream is deleted.
async fn turn_down(shared: &Shared, operation: Operation, members: &Map<String, Value>, why: String) -> String {
    let why = disregard(shared, operation, why);
    if shared.options.deletes_turned_down
        && let Some(id) = members.get("stream_id").and_then(Value::as_str)
        && let Err(why) = delete(shared, id).await
    {
        disregard(shared, Operation::Delete, why);
    }
    why
}

/// SSF section 8.1.1.5.
pub(super) async fn delete(shared: &Shared, stream_id: &str) -> Result<(), String> {
    let url = named(metadata(shared)?.endpoint(CONFIGURATION)?, stream_id);
    let answer = Call::new(Operation::Delete, "DELETE", url).of_stream(stream_id).ask(shared).await?;
    good(Operation::Delete, answer, &[204, 200])?;
    shared.change(|state| {
        state.own.retain(|id| id != stream_id);
        if state.stream.as_ref().is_some_and(|stream| stream.id == stream_id) {
            state.stream = None;
            state.status = None;
            state.verified = false;
        }
    });
    shared.tell(Notice::Deleted { stream_id: stream_id.to_owned() });
    Ok(())
}

/// SSF section 8.1.2.1.
pub(super) async fn read_status(shared: &Shared) -> Result<Value, String> {
    let stream = current(shared)?;
    let url = named(metadata(shared)?.endpoint("status_endpoint")?, &stream.id);
    let answer = Call::new(Operation::ReadStatus, "GET", url).of_stream(&stream.id).ask(shared).await?;
    status(shared, Operation::ReadStatus, answer, &stream)
}

/// SSF section 8.1.2.2.
pub(super) async fn update_status(
    shared: &Shared,
    status_wanted: Value,
    reason: Option<Value>,
) -> Result<Value, String> {
    let stream = current(shared)?;
    let url = metadata(shared)?.endpoint("status_endpoint")?;
    let mut body = json!({ "stream_id": stream.id, "status": status_wanted });
    if let Some(reason) = reason {
        body["reason"] = reason;
    }
    let answer = Call::new(Operation::UpdateStatus, "POST", url).json(body).of_stream(&stream.id).ask(shared).await?;
    status(shared, Operation::UpdateStatus, answer, &stream)
}

/// The status in an answer.
fn status(shared: &Shared, operation: Operation, answer: Answer, stream: &Stream) -> Result<Value, String> {
    let members = good(operation, answer, &[200])?.object().map_err(|why| disregard(shared, operation, why))?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("stream_id") != stream.id {
        let why = format!("stream_id: expected {:?}, got {:?}", stream.id, text("stream_id"));
        return Err(disregard(shared, operation, why));
    }
    let status: Status = text("status").parse().map_err(|why| disregard(shared, operation, why))?;
    shared.set_status(status.name());
    Ok(Value::Object(members))
}

/// SSF sections 8.1.3.2 and 8.1.3.3.
pub(super) async fn subject(
    shared: &Shared,
    operation: Operation,
    subject: Value,
    verified: Option<Value>,
) -> Result<(), String> {
    let stream = current(shared)?;
    let adds = operation == Operation::AddSubject;
    let url = metadata(shared)?.endpoint(if adds { "add_subject_endpoint" } else { "remove_subject_endpoint" })?;
    let mut body = json!({ "stream_id": stream.id, "subject": subject });
    if let Some(verified) = verified {
        body["verified"] = verified;
    }
    let answer = Call::new(operation, "POST", url).json(body).of_stream(&stream.id).ask(shared).await?;
    match answer.is_success() {
        true => good(operation, answer, &[200, 201, 203, 204]).map(drop)?,
        false => return good(operation, answer, &[if adds { 200 } else { 204 }]).map(drop),
    }
    shared.change(|state| {
        state.removed.retain(|removed| *removed != subject);
        if !adds {
            state.remove_subject(subject);
        }
    });
    Ok(())
}

/// SSF section 8.1.4.2. Done when the request is answered; the event comes when it comes.
pub(super) async fn verify(shared: &Shared, state: Option<String>) -> Result<Value, String> {
    let stream = current(shared)?;
    let url = metadata(shared)?.endpoint("verification_endpoint")?;
    let asked = state.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let interval =
        stream.configuration.get("min_verification_interval").and_then(Value::as_u64).map(Duration::from_secs);
    keep_interval(shared, interval).await?;
    // The event may be here before the answer is.
    shared.change(|state| state.expect_verification(&asked));
    let body = json!({ "stream_id": stream.id, "state": asked });
    let call = Call { interval, ..Call::new(Operation::Verify, "POST", url).json(body).of_stream(&stream.id) };
    let answer = call.ask(shared).await;
    shared.change(|state| state.asked = Some(Instant::now()));
    if let Err(why) = answer.and_then(|answer| good(Operation::Verify, answer, &[204, 200])) {
        shared.change(|state| state.requests.retain(|request| request.state != asked));
        return Err(why);
    }
    shared.tell(Notice::VerificationRequested);
    Ok(json!({ "state": asked }))
}

/// Waits until another verification may be asked for (SSF section 8.1.1).
async fn keep_interval(shared: &Shared, interval: Option<Duration>) -> Result<(), String> {
    let last = shared.lock().asked;
    let (Some(interval), Some(last)) = (interval, last) else { return Ok(()) };
    let left = interval.saturating_sub(last.elapsed());
    if shared.options.behaviour().repeats_too_soon || left.is_zero() {
        return Ok(());
    }
    if left > shared.options.retry.patience {
        let seconds = interval.as_secs();
        return Err(format!("verify: the transmitter allows one every {seconds} s, and the last one is too recent"));
    }
    sleep(left).await;
    Ok(())
}
