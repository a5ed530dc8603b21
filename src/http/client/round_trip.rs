//! Writes a request and reads the answer at the same time.

use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, split};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::http::wire::answer::{AnswerReader, End};

/// How long a whole message may be followed by bytes that do not belong to it, or by the close that was
/// asked for. A server that closes in time costs nothing of it.
const LINGER: Duration = Duration::from_millis(30);

/// One request on its way.
pub struct RoundTrip<'a> {
    pub request: &'a [u8],
    pub deadline: Instant,
    /// The total time allowed, for messages.
    pub allowed: Duration,
    /// Told when the whole request has been written.
    pub written: Option<&'a Notify>,
}

impl RoundTrip<'_> {
    /// Feeds the reader until it has enough or nothing more comes, and says when that was.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, reader: &mut AnswerReader) -> (End, Instant) {
        let (mut from, mut to) = split(stream);
        let mut writing = pin!(async {
            to.write_all(self.request).await?;
            to.flush().await
        });
        let mut buffer = vec![0; 16 * 1024];
        let mut written = None;
        let talk = async {
            loop {
                // Reading comes first: a server may answer and close before it has read a large body,
                // and the answer counts, not the broken pipe.
                tokio::select! {
                    biased;
                    read = from.read(&mut buffer) => match read {
                        Ok(0) => break End::Closed(None),
                        Ok(count) => {
                            reader.feed(&buffer[..count]);
                            if !reader.wants_more() {
                                break End::Enough;
                            }
                        }
                        Err(error) => break End::Closed(how(&error)),
                    },
                    outcome = &mut writing, if written.is_none() => {
                        written = Some(outcome);
                        if let Some(told) = self.written {
                            told.notify_one();
                        }
                    }
                }
            }
        };
        let mut end = match timeout_at(self.deadline, talk).await {
            Ok(end) => end,
            Err(_) => End::TimedOut(format!("{:?}", self.allowed)),
        };
        if let (End::Closed(None), Some(Err(error)), false) = (&end, &written, reader.has_head()) {
            end = End::Closed(Some(format!("writing the request: {error}")));
        }
        let ended = Instant::now();
        if reader.is_whole() {
            let until = self.deadline.min(ended + LINGER);
            let _ = timeout_at(until, linger(&mut from, &mut buffer, reader)).await;
        }
        (end, ended)
    }
}

async fn linger<S: AsyncRead + AsyncWrite>(from: &mut ReadHalf<S>, buffer: &mut [u8], reader: &mut AnswerReader) {
    while reader.has_room_for_extra() {
        match from.read(buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => reader.feed(&buffer[..count]),
        }
    }
}

/// A TLS connection closed without close_notify is common, and the framing tells whether it matters.
fn how(error: &io::Error) -> Option<String> {
    (error.kind() != io::ErrorKind::UnexpectedEof).then(|| error.to_string())
}
