//! The tap: follows the requests on a connection through its raw bytes.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::http::wire::decoder::Decoder;
use crate::http::wire::framing::Framing;
use crate::http::wire::head::{Fed, Head, HeadBuffer, Side};
use crate::http::{Headers, Quirk};

/// How many written bytes are kept, to show what hyper answered to a request that it refused.
const MAX_WRITTEN: usize = 8 * 1024;

/// A request head as it was on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawHead {
    /// The method as written.
    pub method: String,
    /// The request target as written.
    pub target: String,
    /// The version as written.
    pub version: String,
    /// The fields in the order and case as written.
    pub headers: Headers,
    /// What is unusual about it.
    pub quirks: Vec<Quirk>,
}

/// A head and when it came.
#[derive(Debug)]
pub struct Arrival {
    pub head: RawHead,
    pub at: Timestamp,
    pub began: Instant,
}

/// What the tap of one connection knows.
#[derive(Debug)]
pub struct Tap {
    stage: Stage,
    max_head: usize,
    /// When the first byte of the current head came.
    began: Option<(Timestamp, Instant)>,
    /// Heads that no service call has taken yet.
    ready: VecDeque<Arrival>,
    taken: usize,
    written: Vec<u8>,
}

#[derive(Debug)]
enum Stage {
    Head(HeadBuffer),
    Body(Decoder),
    /// The end of the current message cannot be told, so that nothing after it is understood.
    Lost,
}

impl Tap {
    pub fn new(max_head: usize) -> Self {
        Self {
            stage: Stage::Head(HeadBuffer::new(max_head)),
            max_head,
            began: None,
            ready: VecDeque::new(),
            taken: 0,
            written: Vec::new(),
        }
    }

    /// The head of the request that hyper hands to the service now.
    pub fn take(&mut self) -> Option<Arrival> {
        self.taken += 1;
        self.written.clear();
        self.ready.pop_front()
    }

    /// The request that never reached the service, if there was one.
    ///
    /// `awaited` says whether one was due, so that a connection on which nothing came counts as well.
    pub fn left_over(&mut self, awaited: bool) -> Option<Arrival> {
        if let Some(arrival) = self.ready.pop_front() {
            return Some(arrival);
        }
        let head = match &self.stage {
            Stage::Head(buffer) if !buffer.text().is_empty() => read_head(&Head::read(buffer.bytes(), Side::Request)),
            _ if awaited && self.taken == 0 => RawHead::default(),
            _ => return None,
        };
        let (at, began) = self.began.unwrap_or_else(now);
        Some(Arrival { head, at, began })
    }

    /// Whether not one byte of a request has come.
    pub fn is_silent(&self) -> bool {
        let is_empty = matches!(&self.stage, Stage::Head(buffer) if buffer.bytes().is_empty());
        self.taken == 0 && self.ready.is_empty() && is_empty
    }

    /// What was written since the last request was taken.
    pub fn written(&self) -> &[u8] {
        &self.written
    }

    fn read(&mut self, mut input: &[u8]) {
        while !input.is_empty() {
            let used = match &mut self.stage {
                Stage::Head(buffer) => {
                    self.began.get_or_insert_with(now);
                    match buffer.feed(input) {
                        Fed::More => return,
                        Fed::Complete(used) => {
                            self.head_read();
                            used
                        }
                        Fed::TooLarge => return self.give_up(),
                    }
                }
                // A body that hyper refuses is seen by the service; here only its end matters.
                Stage::Body(body) => match body.feed(input) {
                    Ok(used) => {
                        if body.is_done() {
                            self.stage = Stage::Head(HeadBuffer::new(self.max_head));
                        }
                        used
                    }
                    Err(_) => {
                        self.stage = Stage::Lost;
                        return;
                    }
                },
                Stage::Lost => return,
            };
            input = &input[used..];
        }
    }

    fn head_read(&mut self) {
        let Stage::Head(buffer) = &self.stage else {
            return;
        };
        let mut head = Head::read(buffer.bytes(), Side::Request);
        let framing = Framing::of_request(&head.headers, &mut head.quirks);
        self.arrived(&head);
        self.stage = match framing {
            Ok(Framing::Empty | Framing::Length(0)) => Stage::Head(HeadBuffer::new(self.max_head)),
            Ok(framing) => Stage::Body(Decoder::new(framing, 0)),
            Err(_) => Stage::Lost,
        };
    }

    fn give_up(&mut self) {
        if let Stage::Head(buffer) = &self.stage {
            let head = Head::read(buffer.bytes(), Side::Request);
            self.arrived(&head);
        }
        self.stage = Stage::Lost;
    }

    fn arrived(&mut self, head: &Head) {
        let (at, began) = self.began.take().unwrap_or_else(now);
        let head = read_head(head);
        self.ready.push_back(Arrival { head, at, began });
    }

    fn wrote(&mut self, bytes: &[u8]) {
        let room = MAX_WRITTEN - self.written.len();
        self.written.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

fn now() -> (Timestamp, Instant) {
    (Timestamp::now(), Instant::now())
}

fn read_head(head: &Head) -> RawHead {
    let line = head.request_line();
    RawHead {
        method: line.method,
        target: line.target,
        version: line.version,
        headers: head.headers.clone(),
        quirks: head.quirks.clone(),
    }
}

/// A tap that the connection and the service share.
#[derive(Debug, Clone)]
pub struct SharedTap(Arc<Mutex<Tap>>);

impl SharedTap {
    pub fn new(max_head: usize) -> Self {
        Self(Arc::new(Mutex::new(Tap::new(max_head))))
    }

    pub fn lock(&self) -> MutexGuard<'_, Tap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream whose bytes pass the tap.
#[derive(Debug)]
pub struct Tapped<S> {
    stream: S,
    tap: SharedTap,
}

impl<S> Tapped<S> {
    pub fn new(stream: S, tap: SharedTap) -> Self {
        Self { stream, tap }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(new @ [_, ..]) = buffer.filled().get(before..) {
            self.tap.lock().read(new);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = outcome {
            self.tap.lock().wrote(&bytes[..count.min(bytes.len())]);
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::Tap;

    #[test]
    fn pipelined_requests_are_told_apart_however_the_bytes_arrive() {
        let bytes = b"POST /a HTTP/1.1\r\nhOST: a\r\nContent-Length: 3\r\n\r\nabc\
            POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
            GET /c HTTP/1.1\r\n\r\nGET /d";
        for size in 1..bytes.len() {
            let mut tap = Tap::new(1024);
            bytes.chunks(size).for_each(|chunk| tap.read(chunk));

            let targets: Vec<_> = (0..3).filter_map(|_| tap.take().map(|arrival| arrival.head.target)).collect();
            assert_eq!(targets, ["/a", "/b", "/c"], "in pieces of {size}");
            let left = tap.left_over(false).map(|arrival| arrival.head.target);
            assert_eq!(left.as_deref(), Some("/d"));
        }
    }
}
