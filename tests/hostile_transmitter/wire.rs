//! What an HTTP library would never send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::bench::{Seen, run, settings};
use crate::raw::{Misdeed, transmitter};
use crate::support::target::{Asked, stay_mute};

const METADATA: &str = "GET /.well-known";
const CREATE: &str = "POST /streams";
const DELETE: &str = "DELETE ";
const POLL: &str = "POST /poll";
const VERIFY: &str = "POST /verification";

async fn meet(place: &'static str, misdeed: Misdeed) -> Seen {
    let (_target, issuer) = transmitter(place, misdeed);
    let mut settings = settings(&issuer);
    // Each wait is as long as it may be, so that a few cases have to do.
    settings.selection.only = ["ssf/7.1/", "ssf/8.1.1.5/", "rfc8936/2.4.1"].map(str::to_owned).to_vec();
    run(settings).await.not_conformant()
}

fn mute(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stay_mute(stream)
}

#[tokio::test]
async fn silence() {
    meet(METADATA, mute).await.inconclusive().preflight_says("did not answer in time");
    meet(CREATE, mute).await.preflight_says("/streams");
    for place in [DELETE, POLL, VERIFY] {
        meet(place, mute).await;
    }
}

/// The pace of the target; the client leaves in between, and then writing fails.
fn a_byte_at_a_time(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{".iter().chain(std::iter::repeat(&b' ')) {
        stream.write_all(&[*byte])?;
        if stream.read(&mut [0; 16]).is_ok() {
            break;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_does_not_end() {
    meet(METADATA, a_byte_at_a_time).await.inconclusive().preflight_says("did not answer in time");
    for place in [CREATE, DELETE, POLL, VERIFY] {
        meet(place, a_byte_at_a_time).await;
    }
}

fn interim_without_end(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    loop {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")?;
    }
}

#[tokio::test]
async fn a_flood_of_interim_responses() {
    meet(METADATA, interim_without_end).await.inconclusive().preflight_says("response head");
    for place in [CREATE, DELETE, POLL] {
        meet(place, interim_without_end).await;
    }
}

fn no_content_with_content(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"a\": [1,2]}",
    )
}

#[tokio::test]
async fn no_content_with_a_body() {
    for place in [METADATA, CREATE, DELETE, POLL] {
        meet(place, no_content_with_content).await;
    }
}

fn no_http(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 mail.example.com ESMTP\r\n\x00\x01\x02\x1b[2J\r\n")
}

#[tokio::test]
async fn no_http_at_all() {
    meet(METADATA, no_http).await.inconclusive().preflight_says("What came back is not HTTP/1.1");
    for place in [CREATE, DELETE, POLL] {
        meet(place, no_http).await;
    }
}

/// A JSON document that begins well and is as large as said.
pub fn megabytes(stream: &mut TcpStream, count: usize) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"a\":\"")?;
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..count {
        stream.write_all(&piece)?;
    }
    Ok(())
}

fn a_hundred_megabytes(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    megabytes(stream, 100)
}

#[tokio::test]
async fn a_hundred_megabytes_of_metadata() {
    let seen = meet(METADATA, a_hundred_megabytes).await.preflight_says("larger than what is read");
    assert!(seen.longest <= 1024 * 1024, "{}", seen.longest);
    for place in [CREATE, POLL, "GET /jwks", "GET /streams"] {
        let seen = meet(place, a_hundred_megabytes).await;
        assert!(seen.longest <= 1024 * 1024, "{}", seen.longest);
    }
}

fn hangs_up(_: &Asked, _: &mut TcpStream) -> std::io::Result<()> {
    Ok(())
}

#[tokio::test]
async fn hanging_up() {
    meet(METADATA, hangs_up).await.inconclusive();
    for place in [CREATE, DELETE, POLL, VERIFY] {
        meet(place, hangs_up).await;
    }
}
