//! Exchanges as a page shows them.

use serde::Serialize;
use serde_json::Value;

use crate::report::exchange::{Body, ExchangeRecord, MessageRecord, SetView, kebab};
use crate::report::text;

/// Claims that hold a time.
const TIMES: &[&str] = &["iat", "nbf", "exp", "toe", "auth_time"];

#[derive(Serialize)]
pub(super) struct ExchangeView {
    id: String,
    line: String,
    at: String,
    elapsed_ms: String,
    tls: Option<String>,
    failure: Option<String>,
    request: MessageView,
    response: Option<MessageView>,
}

#[derive(Serialize)]
struct MessageView {
    /// Start line and header fields.
    head: String,
    /// What is to be known of the body: empty, binary, cut.
    about: Vec<String>,
    body: Option<String>,
    extra: Option<String>,
    set: Option<SetPart>,
}

#[derive(Serialize)]
struct SetPart {
    header: String,
    claims: String,
    times: Vec<(String, String)>,
    defects: Vec<String>,
}

impl ExchangeView {
    pub fn of(exchange: &ExchangeRecord) -> Self {
        let request = &exchange.request;
        let start = format!("{} {} {}", request.method, request.target, request.version);
        Self {
            id: text::line(&exchange.id).into_owned(),
            line: exchange.line(),
            at: time(exchange.at),
            elapsed_ms: format!("{:.1}", exchange.elapsed_ms),
            tls: exchange.tls.as_ref().map(|tls| {
                let checked = if tls.verified { "certificate checked" } else { "certificate not checked" };
                text::line(&format!("TLS {}, {}, {checked}", tls.version, tls.cipher_suite)).into_owned()
            }),
            failure: exchange.failure.as_ref().map(|failure| text::line(&failure.message).into_owned()),
            request: MessageView::of(&start, &request.message, None, &[]),
            response: exchange.response.as_ref().map(|response| {
                let start = format!("{} {} {}", response.version, response.status, response.reason);
                MessageView::of(start.trim_end(), &response.message, response.extra.as_ref(), &response.interim)
            }),
        }
    }
}

impl MessageView {
    fn of(start: &str, message: &MessageRecord, extra: Option<&Body>, interim: &[u16]) -> Self {
        let mut head = text::line(start).into_owned();
        for (name, value) in message.headers.iter() {
            head.push_str(&format!("\n{}: {}", text::line(name), text::line(value)));
        }
        let mut about: Vec<String> = message.notes.iter().map(|note| text::line(note).into_owned()).collect();
        if message.truncated && message.notes.is_empty() {
            about.push("The body was longer than what was read.".to_owned());
        }
        about.extend(interim.iter().map(|status| format!("An interim response {status} came before.")));
        about.extend(message.quirks.iter().map(|quirk| format!("Unusual: {}.", kebab(quirk).replace('-', " "))));
        let body = (!message.body.is_empty()).then(|| shown(&message.body, &mut about));
        let extra = extra.map(|extra| shown(extra, &mut about));
        Self { head, about, body, extra, set: message.set.as_ref().map(SetPart::of) }
    }
}

fn shown(body: &Body, about: &mut Vec<String>) -> String {
    match body {
        Body::Text(text) => text::block(text).into_owned(),
        Body::Binary { base64 } => {
            about.push("Not UTF-8; shown in base64.".to_owned());
            text::line(base64).into_owned()
        }
    }
}

impl SetPart {
    fn of(set: &SetView) -> Self {
        let claims = set.claims.as_ref().and_then(Value::as_object);
        let times = TIMES.iter().filter_map(|name| {
            let value = claims?.get(*name)?;
            Some(((*name).to_owned(), readable(value)?))
        });
        Self {
            header: pretty(set.header.as_ref()),
            claims: pretty(set.claims.as_ref()),
            times: times.collect(),
            defects: set.defects.iter().map(|defect| text::line(defect).into_owned()).collect(),
        }
    }
}

fn pretty(value: Option<&Value>) -> String {
    let text = value.and_then(|value| serde_json::to_string_pretty(value).ok());
    text.map_or_else(|| "not readable".to_owned(), |text| text::block(&text).into_owned())
}

/// A NumericDate as a time.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a second is not shown; out of range is refused")]
fn readable(value: &Value) -> Option<String> {
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// A time to the millisecond.
pub(super) fn time(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}
