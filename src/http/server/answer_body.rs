//! The body of an answer on its way out.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::service::Pending;

/// Passes a body on, keeps a capped copy, and records the exchange when the end is handed over.
///
/// That is before the client can have read it: who has seen an answer finds it recorded.
#[derive(Debug)]
pub struct AnswerBody {
    body: Body,
    pending: Option<Pending>,
    cap: usize,
    /// How many bytes have to pass; `None` if that is not known.
    expected: Option<u64>,
    passed: u64,
    settled: bool,
}

impl AnswerBody {
    pub fn new(body: Body, pending: Pending, head: &::http::response::Parts, cap: usize) -> Self {
        let bodiless = pending.exchange.request.method == "HEAD" || matches!(head.status.as_u16(), 204 | 304);
        let length = head.headers.get(::http::header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
        // hyper asks for no more than it may write, so a body can be whole without having ended.
        let expected = match bodiless {
            true => Some(0),
            false => length.or_else(|| body.size_hint().exact()),
        };
        let mut this = Self { body, pending: Some(pending), cap, expected, passed: 0, settled: false };
        this.end_if_whole();
        this
    }

    /// The body of a refusal, whose failure stands whatever becomes of it.
    pub fn settled(body: Body, pending: Pending) -> Self {
        Self { body, pending: Some(pending), cap: usize::MAX, expected: None, passed: 0, settled: true }
    }

    fn keep(&mut self, data: &[u8]) {
        self.passed += data.len() as u64;
        let response = self.pending.as_mut().and_then(|pending| pending.exchange.response.as_mut());
        if let Some(response) = response {
            let room = self.cap.saturating_sub(response.body.len());
            response.truncated |= data.len() > room;
            response.body.extend_from_slice(&data[..data.len().min(room)]);
        }
    }

    fn end_if_whole(&mut self) {
        let enough = self.expected.is_some_and(|length| self.passed >= length);
        if enough || self.body.is_end_stream() {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(mut pending) = self.pending.take()
            && !self.settled
        {
            pending.succeed();
        }
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.keep(data);
                }
                self.end_if_whole();
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
