//! Reads the answer to one request, fed with whatever arrives.

use super::decoder::Decoder;
use super::excerpt;
use super::framing::Framing;
use super::head::{Fed, Head, HeadBuffer, Side};
use crate::http::{Failure, FailureKind, Response};

/// How many bytes after the end of the message are kept.
const MAX_EXTRA: usize = 64 * 1024;

/// Why no more bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The reader asked for no more.
    Enough,
    /// The peer closed the connection; the text says how, if it was not in good order.
    Closed(Option<String>),
    /// The total deadline passed; the text names it.
    TimedOut(String),
}

/// An answer being read.
#[derive(Debug)]
pub struct AnswerReader {
    method: String,
    max_head: usize,
    max_body: usize,
    /// Bytes of interim heads so far: they count towards the limit of the head.
    spent: usize,
    interim: Vec<u16>,
    response: Option<Response>,
    extra: Vec<u8>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Head(HeadBuffer),
    Body(Decoder),
    /// The head is whole, but the end of the body cannot be told: what follows is kept as extra.
    Unframed(Failure),
    Failed(Failure),
}

impl AnswerReader {
    /// Reads an answer to a request with this method. Sizes in bytes.
    pub fn new(method: &str, max_head: usize, max_body: usize) -> Self {
        Self {
            method: method.to_owned(),
            max_head,
            max_body,
            spent: 0,
            interim: Vec::new(),
            response: None,
            extra: Vec::new(),
            stage: Stage::Head(HeadBuffer::new(max_head)),
        }
    }

    /// Whether the message has neither ended, nor failed, nor outgrown the cap.
    pub fn wants_more(&self) -> bool {
        match &self.stage {
            Stage::Head(_) => true,
            Stage::Body(body) => !body.is_done() && !body.is_truncated(),
            Stage::Unframed(_) | Stage::Failed(_) => false,
        }
    }

    /// Whether the message is whole, so that only bytes after its end could follow.
    pub fn is_whole(&self) -> bool {
        matches!(&self.stage, Stage::Body(body) if body.is_done())
    }

    /// Whether a head came that is not of an interim response.
    pub fn has_head(&self) -> bool {
        self.response.is_some()
    }

    /// Whether more bytes after the end of the message would be kept.
    pub fn has_room_for_extra(&self) -> bool {
        self.extra.len() < MAX_EXTRA
    }

    /// Takes the bytes that arrived.
    pub fn feed(&mut self, mut input: &[u8]) {
        while !input.is_empty() {
            let used = match &mut self.stage {
                Stage::Head(head) => match head.feed(input) {
                    Fed::More | Fed::TooLarge if !b"HTTP/1.".starts_with(prefix(head.text())) => {
                        return self.not_http();
                    }
                    Fed::TooLarge => return self.head_too_large(),
                    Fed::More => return,
                    Fed::Complete(used) => {
                        self.head_read();
                        used
                    }
                },
                Stage::Body(body) => match body.feed(input) {
                    Ok(0) => return self.keep_extra(input),
                    Ok(used) => used,
                    Err(message) => {
                        return self.fail(FailureKind::Malformed, message);
                    }
                },
                Stage::Unframed(_) => return self.keep_extra(input),
                Stage::Failed(_) => return,
            };
            input = &input[used..];
        }
    }

    /// The answer as far as it came, and why it is not whole.
    pub fn finish(self, end: End) -> (Option<Response>, Option<Failure>) {
        let seen_interim = !self.interim.is_empty();
        let mut response = self.response;
        if let Some(response) = &mut response {
            response.interim = self.interim;
            response.extra = self.extra;
        }
        let (failure, body) = match self.stage {
            Stage::Unframed(failure) | Stage::Failed(failure) => return (response, Some(failure)),
            Stage::Head(head) => (before_the_body(&head, seen_interim, end), None),
            Stage::Body(body) => (within_the_body(&body, end), Some(body)),
        };
        if let (Some(response), Some(body)) = (&mut response, body) {
            response.truncated = body.is_truncated();
            response.body = body.into_body();
        }
        (response, failure)
    }

    fn head_read(&mut self) {
        let Stage::Head(buffer) = &self.stage else {
            return;
        };
        let mut head = Head::read(buffer.bytes(), Side::Response);
        let Some(line) = head.status_line() else {
            return self.not_http();
        };
        // 101 ends the exchange: nothing was offered to switch to (RFC 9110, 15.2.2).
        if matches!(line.status, 100 | 102..=199) {
            self.interim.push(line.status);
            self.spent += buffer.bytes().len();
            let left = self.max_head.saturating_sub(self.spent);
            self.stage = Stage::Head(HeadBuffer::new(left));
            return;
        }
        let framing = Framing::of_response(line.status, &self.method, &head.headers, &mut head.quirks);
        self.response = Some(Response {
            status: line.status,
            reason: line.reason,
            version: line.version,
            headers: head.headers,
            quirks: head.quirks,
            ..Response::default()
        });
        self.stage = match framing {
            Ok(framing) => Stage::Body(Decoder::new(framing, self.max_body)),
            Err(message) => Stage::Unframed(Failure::new(FailureKind::Malformed, message)),
        };
    }

    fn not_http(&mut self) {
        let Stage::Head(buffer) = &self.stage else {
            return;
        };
        let got = buffer.text();
        let hint = match got.first() {
            Some(0x15 | 0x16) => ", which looks like TLS: is it an https URL?",
            _ => "",
        };
        let line = got.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let message =
            format!("status line: expected HTTP/1.1 and a status code, got {}{hint}", excerpt(line.trim_ascii_end()));
        self.fail(FailureKind::Malformed, message);
    }

    fn head_too_large(&mut self) {
        let message = format!("response head: expected at most {} bytes, got more", self.max_head);
        self.fail(FailureKind::TooLarge, message);
    }

    fn fail(&mut self, kind: FailureKind, message: String) {
        let failed = Stage::Failed(Failure::new(kind, message));
        let before = std::mem::replace(&mut self.stage, failed);
        if let (Stage::Body(body), Some(response)) = (before, &mut self.response) {
            response.truncated = body.is_truncated();
            response.body = body.into_body();
        }
    }

    fn keep_extra(&mut self, bytes: &[u8]) {
        let room = MAX_EXTRA - self.extra.len();
        self.extra.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

/// As much of the beginning as a version can be told from.
fn prefix(text: &[u8]) -> &[u8] {
    &text[..text.len().min(b"HTTP/1.".len())]
}

fn before_the_body(head: &HeadBuffer, seen_interim: bool, end: End) -> Option<Failure> {
    let got = match head.text().len() {
        0 if seen_interim => "only interim responses".to_owned(),
        0 => "nothing".to_owned(),
        length => format!("{length} bytes of a head"),
    };
    let kind = match end {
        End::TimedOut(_) => FailureKind::ResponseTimeout,
        _ if head.text().is_empty() => FailureKind::Closed,
        _ => FailureKind::Incomplete,
    };
    Some(broken_off(kind, "a response", &got, end))
}

fn within_the_body(body: &Decoder, end: End) -> Option<Failure> {
    if body.is_done() || body.is_truncated() {
        return None;
    }
    let kind = match &end {
        End::TimedOut(_) => FailureKind::ResponseTimeout,
        End::Closed(None) if body.ends_by_close() => return None,
        _ => FailureKind::Incomplete,
    };
    let missing = match body.ends_by_close() {
        true => "the close that ends the body".to_owned(),
        false => body.missing(),
    };
    Some(broken_off(kind, &missing, "nothing more", end))
}

fn broken_off(kind: FailureKind, expected: &str, got: &str, end: End) -> Failure {
    let how = match end {
        End::TimedOut(deadline) => format!("{got} within {deadline}"),
        End::Closed(Some(how)) => format!("{got} and then the connection broke: {how}"),
        End::Closed(None) | End::Enough => format!("{got} before the connection was closed"),
    };
    Failure::new(kind, format!("response: expected {expected}, got {how}"))
}
