//! Exchanges as a page shows them.

use jiff::Timestamp;
use serde::Serialize;

use super::layout::laid_out;
use super::limits::{BODY, FIELD, FIELDS, WORDS, block, line};
use super::token::{TokenView, date};
use crate::report::exchange::{Body, ExchangeRecord, MessageRecord, kebab};

#[derive(Serialize)]
pub(super) struct ExchangeView {
    line: String,
    at: String,
    /// How far into the run it began.
    offset: String,
    elapsed_ms: String,
    tls: Option<String>,
    failure: Option<String>,
    request: MessageView,
    response: Option<MessageView>,
}

#[derive(Serialize)]
struct MessageView {
    /// The request or status line.
    start: String,
    fields: Vec<(String, String)>,
    /// What is to be known of the body: empty, binary, cut.
    about: Vec<String>,
    body: Option<String>,
    /// What came after the end of the message.
    extra: Option<String>,
    set: Option<TokenView>,
    /// Whether the SET says what the body says.
    decoded: bool,
}

impl ExchangeView {
    pub fn of(exchange: &ExchangeRecord, began: Timestamp) -> Self {
        let request = &exchange.request;
        let start = format!("{} {} {}", request.method, request.target, request.version);
        let offset = exchange.at.duration_since(began).as_secs_f64();
        Self {
            line: exchange.line(),
            at: date(exchange.at),
            offset: format!("{:.3} s {} the run", offset.abs(), if offset < 0.0 { "before" } else { "into" }),
            elapsed_ms: format!("{:.1}", exchange.elapsed_ms),
            tls: exchange.tls.as_ref().map(|tls| {
                let checked = if tls.verified { "certificate checked" } else { "certificate not checked" };
                line(&format!("TLS {}, {}, {checked}", tls.version, tls.cipher_suite), WORDS)
            }),
            failure: exchange.failure.as_ref().map(|failure| line(&failure.message, WORDS)),
            request: MessageView::of(&start, &request.message, None, &[], began),
            response: exchange.response.as_ref().map(|response| {
                let start = format!("{} {} {}", response.version, response.status, response.reason);
                MessageView::of(start.trim_end(), &response.message, response.extra.as_ref(), &response.interim, began)
            }),
        }
    }
}

impl MessageView {
    fn of(start: &str, message: &MessageRecord, extra: Option<&Body>, interim: &[u16], began: Timestamp) -> Self {
        let fields = message.headers.iter().take(FIELDS);
        let fields: Vec<_> = fields.map(|(name, value)| (line(name, FIELD), line(value, FIELD))).collect();
        let mut about: Vec<String> = message.notes.iter().map(|note| line(note, WORDS)).collect();
        let more = message.headers.len().saturating_sub(fields.len());
        if more > 0 {
            about.push(format!("{more} more header fields are in report.json."));
        }
        if message.truncated && message.notes.is_empty() {
            about.push("The body was longer than what was read.".to_owned());
        }
        about.extend(interim.iter().take(FIELDS).map(|status| format!("An interim response {status} came before.")));
        let quirks = message.quirks.iter().take(FIELDS);
        about.extend(quirks.map(|quirk| format!("Unusual: {}.", kebab(quirk).replace('-', " "))));
        let body = (!message.body.is_empty()).then(|| shown(&message.body, &mut about));
        let extra = extra.map(|extra| shown(extra, &mut about));
        let set = message.set.as_ref().map(|set| TokenView::of(set, began));
        let decoded = set.as_ref().is_some_and(TokenView::is_decoded);
        Self { start: line(start, FIELD), fields, about, body, extra, set, decoded }
    }
}

fn shown(body: &Body, about: &mut Vec<String>) -> String {
    let (text, is_text) = match body {
        Body::Text(text) => (text, true),
        Body::Binary { base64 } => (base64, false),
    };
    if !is_text {
        about.push("Not UTF-8; shown in base64.".to_owned());
    }
    let several = if is_text { laid_out(text) } else { None };
    // The white space of a layout is none of what is shortened.
    let (text, most) = several.as_ref().map_or((text, BODY), |several| (several, 2 * BODY));
    if text.chars().nth(most).is_some() {
        about.push("Shortened here; report.json has more.".to_owned());
    }
    if several.is_some() {
        about.push("Laid out in several lines; it came in one.".to_owned());
    }
    if is_text { block(text, most) } else { line(text, most) }
}
