//! The module against odd peers.

mod client_answers;
mod client_connections;
mod client_requests;
mod hello;
mod parser;
mod revocation;
mod server_limits;
mod server_records;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

use super::*;

const SHORT: Duration = Duration::from_millis(200);

/// A server that takes one connection, reads a request up to the end of its head, and goes on as told.
async fn odd<F, R>(act: F) -> Url
where
    F: FnOnce(TcpStream) -> R + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => seen.push(byte),
                Err(_) => return,
            }
        }
        act(stream).await;
    });
    format!("http://{addr}/").parse().unwrap()
}

/// A server that answers these bytes and closes.
async fn says(bytes: impl Into<Vec<u8>>) -> Url {
    let bytes = bytes.into();
    odd(|mut stream| async move {
        stream.write_all(&bytes).await.unwrap();
    })
    .await
}

fn client(change: impl FnOnce(&mut ClientOptions)) -> Client {
    let mut options = ClientOptions {
        connect_timeout: Duration::from_secs(2),
        response_timeout: Duration::from_secs(5),
        ..ClientOptions::default()
    };
    change(&mut options);
    Client::new(options).unwrap()
}

async fn get(url: Url) -> Exchange {
    client(|_| {}).send(RequestSpec::new("GET", url)).await
}

/// The answer of an exchange that must be whole.
#[track_caller]
fn whole(exchange: Exchange) -> Response {
    assert_eq!(exchange.failure, None);
    exchange.response.expect("a response")
}

#[track_caller]
fn failed(exchange: &Exchange) -> FailureKind {
    exchange.failure.as_ref().expect("a failure").kind
}

async fn panics() {
    panic!("as it was told to");
}

fn echo() -> Router {
    Router::new()
        .route("/echo", axum::routing::any(|body: axum::body::Bytes| async { body }))
        .route("/hang-up", axum::routing::any(|| async { axum::Extension(HangUp) }))
        .route("/panic", axum::routing::any(panics))
        .route("/never", axum::routing::any(|| async { std::future::pending::<()>().await }))
        .route(
            "/head",
            axum::routing::any(|axum::Extension(head): axum::Extension<Arc<RawHead>>| async move {
                head.headers.names().collect::<Vec<_>>().join(",")
            }),
        )
}

async fn server(change: impl FnOnce(&mut ServerOptions)) -> (Server, Recorder) {
    let mut options = ServerOptions::default();
    change(&mut options);
    let recorder = Recorder::default();
    let server = Server::bind(options, echo(), recorder.clone()).await.unwrap();
    (server, recorder)
}

/// The next exchange, which must end soon.
async fn next(subscription: &mut Subscription) -> Arc<Exchange> {
    timeout(Duration::from_secs(5), subscription.next()).await.expect("an exchange in time").expect("a recorder")
}
