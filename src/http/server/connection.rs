//! One connection from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::old_tls::{self, Next};
use super::recorder::Recorder;
use super::service::{Facts, Pending, Recorded, chain};
use super::tap::{Arrival, SharedTap, Tapped};
use super::{ServerOptions, ServerTls};
use crate::http::wire::answer::{AnswerReader, End};
use crate::http::{FailureKind, Response, TlsFacts};

/// The smallest buffer that hyper accepts.
const MIN_BUFFER: usize = 8 * 1024;
/// How long a client that is still sending may read its answer before the connection is reset.
const DRAIN: Duration = Duration::from_secs(1);
/// A client that pauses this long while it is read from has stopped sending.
const PAUSE: Duration = Duration::from_millis(200);
/// The same as `DRAIN` once the server is stopping: an idle client that keeps its side open must not delay that.
const DRAIN_AT_STOP: Duration = Duration::from_millis(20);

/// What all connections of a server share.
#[derive(Debug)]
pub struct Shared {
    pub options: ServerOptions,
    pub router: Router,
    pub recorder: Recorder,
}

/// A connection that was accepted.
#[derive(Debug)]
pub struct Connection {
    pub shared: Arc<Shared>,
    pub peer: SocketAddr,
    pub stopped: watch::Receiver<bool>,
}

impl Connection {
    pub async fn serve(mut self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.shared.options.tls.clone() else {
            return self.exchange(stream, None).await;
        };
        let mut stopping = self.stopped.clone();
        let accepted = tokio::select! {
            accepted = self.accept_tls(stream, &tls) => accepted,
            () = stopped(&mut stopping) => return,
        };
        if let Some(stream) = accepted {
            let facts = TlsFacts::of(stream.get_ref().1, true);
            self.exchange(stream, Some(facts)).await;
        }
    }

    async fn accept_tls(
        &mut self,
        mut stream: TcpStream,
        tls: &ServerTls,
    ) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
        let ServerOptions { limits, accepts_old_tls, only_old_tls, .. } = self.shared.options;
        let began = Instant::now();
        let accepting = async {
            // A client that comes and goes without a word, such as a probe of the port, is no exchange.
            if stream.peek(&mut [0]).await.unwrap_or(0) == 0 {
                return None;
            }
            if accepts_old_tls || only_old_tls {
                let next = old_tls::answer(&mut stream, only_old_tls).await;
                if !matches!(next, Ok(Next::Untouched)) {
                    drain(&mut stream).await;
                    return None;
                }
            }
            Some(TlsAcceptor::from(tls.config()).accept(stream).await)
        };
        let (kind, message) = match timeout(limits.head_timeout, accepting).await {
            Ok(None) => return None,
            Ok(Some(Ok(stream))) => return Some(stream),
            Ok(Some(Err(error))) => {
                let message = format!("TLS handshake: expected a client that accepts us, got {error}");
                (refused_by_peer(&error), message)
            }
            Err(_) => {
                let expected = limits.head_timeout;
                let message = format!("TLS handshake: expected its end within {expected:?}");
                (FailureKind::RequestTimeout, message)
            }
        };
        let arrival = Arrival { head: super::RawHead::default(), at: jiff::Timestamp::now(), began };
        let mut pending = Pending::new(arrival, &self.facts(None), self.shared.clone());
        pending.fail(kind, message);
        None
    }

    fn facts(&self, tls: Option<TlsFacts>) -> Facts {
        Facts { peer: self.peer, tls }
    }

    async fn exchange<S>(mut self, stream: S, tls: Option<TlsFacts>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.shared.options.limits;
        let tap = SharedTap::new(limits.max_head.max(MIN_BUFFER));
        let facts = self.facts(tls);
        let recorded = Recorded { shared: self.shared.clone(), facts: facts.clone(), tap: tap.clone() };
        let service = service_fn(move |request| Box::pin(recorded.clone().answer(request)));
        let io = TokioIo::new(Tapped::new(stream, tap.clone()));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(limits.max_head.max(MIN_BUFFER))
            .serve_connection(io, service);
        let ended = tokio::select! {
            outcome = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(outcome),
            () = stopped(&mut self.stopped) => None,
        };
        let outcome = match ended {
            Some(outcome) => {
                self.record_silence(&outcome, &tap, &facts);
                outcome
            }
            None => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|cx| connection.poll_without_shutdown(cx)).await
            }
        };
        if let Err(error) = outcome {
            self.record_refused(&error, &tap, &facts);
        }
        let mut stream = connection.into_parts().io.into_inner();
        tokio::select! {
            () = drain(&mut stream) => {}
            () = stopped(&mut self.stopped) => {
                let _ = timeout(DRAIN_AT_STOP, drain(&mut stream)).await;
            }
        }
    }

    /// A client that ended its connection without a word, where this is to be known.
    fn record_silence(&self, outcome: &hyper::Result<()>, tap: &SharedTap, facts: &Facts) {
        let is_late = outcome.as_ref().is_err_and(hyper::Error::is_timeout);
        if !self.shared.options.records_silence || facts.tls.is_none() || is_late {
            return;
        }
        let mut tap = tap.lock();
        if tap.is_silent()
            && let Some(arrival) = tap.left_over(true)
        {
            let mut pending = Pending::new(arrival, facts, self.shared.clone());
            pending.fail(FailureKind::Closed, "connection: expected a request, got its end");
        }
    }

    /// hyper answers malformed requests itself, or closes; the service never sees them.
    fn record_refused(&self, error: &hyper::Error, tap: &SharedTap, facts: &Facts) {
        let limits = &self.shared.options.limits;
        let mut tap = tap.lock();
        let Some(arrival) = tap.left_over(error.is_timeout()) else {
            return;
        };
        let (kind, expected) = if error.is_timeout() {
            let within = format!("one within {:?}", limits.head_timeout);
            (FailureKind::RequestTimeout, within)
        } else if error.is_parse_too_large() {
            let at_most = format!("at most {} bytes", limits.max_head.max(MIN_BUFFER));
            (FailureKind::TooLarge, at_most)
        } else if error.is_parse() {
            (FailureKind::Malformed, "HTTP/1.1".to_owned())
        } else {
            (FailureKind::Incomplete, "a whole one".to_owned())
        };
        let mut pending = Pending::new(arrival, facts, self.shared.clone());
        pending.exchange.response = written(tap.written());
        let got = chain(error);
        pending.fail(kind, format!("request head: expected {expected}, got {got}"));
    }
}

/// Ends when the server is to stop, or is gone.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|&stop| stop).await;
}

/// What hyper answered by itself.
fn written(bytes: &[u8]) -> Option<Response> {
    let mut reader = AnswerReader::new("GET", bytes.len(), bytes.len());
    reader.feed(bytes);
    let (response, failure) = reader.finish(End::Closed(None));
    // Bytes after the message mean that the answer to an earlier request stands before it.
    response.filter(|response| failure.is_none() && response.extra.is_empty())
}

/// The client refused our certificate, if its alert says so (RFC 8446, 6.2).
fn refused_by_peer(error: &io::Error) -> FailureKind {
    use rustls::AlertDescription as Alert;
    match error.get_ref().and_then(|e| e.downcast_ref()) {
        Some(rustls::Error::AlertReceived(
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA,
        )) => FailureKind::CertificateInvalid,
        _ => FailureKind::Tls,
    }
}

/// Closes our side and reads on for a moment: closing a socket with unread bytes resets it, and a reset
/// can take the answer away from a client that is still sending.
async fn drain<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let draining = async {
        let mut buffer = vec![0; 16 * 1024];
        if stream.shutdown().await.is_ok() {
            while matches!(timeout(PAUSE, stream.read(&mut buffer)).await, Ok(Ok(1..))) {}
        }
    };
    let _ = timeout(DRAIN, draining).await;
}
