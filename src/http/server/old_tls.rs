//! A deliberately broken peer: one that agrees to TLS 1.0 and 1.1.
//!
//! rustls cannot do that, so the ServerHello is made by hand and the connection closed after it. That is
//! enough for [`probe`](crate::http::probe), and for any scanner, to see the version agreed.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::http::hello::message::{self, Offered};

/// Record header, handshake header and version: enough to tell what is offered at most.
const ENOUGH: usize = 11;

/// What is to become of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing was read or written; it goes on to rustls.
    Untouched,
    /// It was answered and is to be closed.
    Answered,
}

/// Answers a client that offers at most TLS 1.1, and with `only` also any other: with alert 70.
///
/// # Errors
/// If the connection breaks. It never waits without end by itself: the caller bounds the handshake.
pub async fn answer(stream: &mut TcpStream, only: bool) -> io::Result<Next> {
    let mut seen = [0; ENOUGH];
    loop {
        let count = stream.peek(&mut seen).await?;
        if count == ENOUGH || count == 0 || seen[0] != message::HANDSHAKE {
            break;
        }
        // Peeking does not wait for more than is there. A hello in pieces this small is rare.
        sleep(Duration::from_millis(5)).await;
    }
    let is_hello = seen[0] == message::HANDSHAKE && seen[5] == message::CLIENT_HELLO;
    // A client that offers 1.2 or more says 1.2 here; 1.3 only ever stands in an extension.
    let is_old = is_hello && seen[9] == 3 && seen[10] < 3;
    if !is_old && !only {
        return Ok(Next::Untouched);
    }
    if !is_old {
        read_record(stream).await?;
        stream.write_all(&message::alert(70)).await?;
        return Ok(Next::Answered);
    }
    let record = read_record(stream).await?;
    let reply = match Offered::read(&record) {
        Some(offered) => message::server_hello(&offered),
        None => message::alert(50),
    };
    stream.write_all(&reply).await?;
    Ok(Next::Answered)
}

/// The content of one record.
async fn read_record(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let mut content = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut content).await?;
    Ok(content)
}
