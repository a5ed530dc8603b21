//! Null peers: servers that understand nothing. A harness that calls one of them conformant is worthless.

mod transmitter;
mod visitor;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Lab;
use super::watch::Cases;
use crate::run::event::{CaseResult, CaseStatus, Finished, Verdict};
use crate::run::receiver::ReceiverRun;
use crate::set::Alg;
use crate::suite::Catalogue;
use tokio::sync::watch;
pub use transmitter::NullTransmitter;
pub(super) use transmitter::prove as prove_transmitter;
pub use visitor::NullVisitor;
pub(super) use visitor::prove as prove_visitor;

/// A server that does the same whatever it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPeer {
    /// Answers everything with this status and no body.
    Always(u16),
    /// Closes every connection at once.
    Close,
    /// Takes connections and never says anything.
    Mute,
    /// Answers 200 with what it was sent.
    Echo,
}

impl NullPeer {
    /// The null peers of the proof.
    pub const ALL: [Self; 8] = [
        Self::Always(202),
        Self::Always(400),
        Self::Always(401),
        Self::Always(404),
        Self::Always(500),
        Self::Close,
        Self::Mute,
        Self::Echo,
    ];

    /// The last part of the name of its trial: `always-202`.
    pub fn name(self) -> String {
        match self {
            Self::Always(status) => format!("always-{status}"),
            Self::Close => "closes-at-once".to_owned(),
            Self::Mute => "stays-mute".to_owned(),
            Self::Echo => "echoes".to_owned(),
        }
    }

    /// Serves until dropped; gives the URL.
    pub(super) async fn serve(self) -> std::io::Result<(String, tokio::task::JoinHandle<()>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/events", listener.local_addr()?);
        let task = tokio::spawn(async move {
            let mut mute = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                match self {
                    Self::Close => drop(stream),
                    Self::Mute => mute.push(stream),
                    Self::Always(_) | Self::Echo => {
                        tokio::spawn(async move {
                            // A client that leaves in the middle is no concern of a null peer.
                            let _ = self.answer(stream).await;
                        });
                    }
                }
            }
        });
        Ok((url, task))
    }

    async fn answer(self, mut stream: TcpStream) -> std::io::Result<()> {
        let request = read_request(&mut stream).await?.body;
        let response = match self {
            Self::Echo => {
                let mut response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", request.len()).into_bytes();
                response.extend_from_slice(&request);
                response
            }
            Self::Always(status) => format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            Self::Close | Self::Mute => Vec::new(),
        };
        stream.write_all(&response).await?;
        stream.shutdown().await
    }
}

/// What came; empty where the client left in the middle.
#[derive(Default)]
struct Request {
    /// As it was written, in UTF-8 as far as it is.
    head: String,
    body: Vec<u8>,
}

/// Reads a head and as much body as it announces.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut read = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let end = read.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length: usize = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if read.len() >= end + length {
                return Ok(Request { head, body: read.split_off(end) });
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(Request::default()),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}

pub(super) async fn prove(lab: &Lab, peer: NullPeer) -> Result<(), String> {
    let (url, task) = peer.serve().await.map_err(|error| error.to_string())?;
    let mut settings = lab.settings(&url, Alg::Es256)?;
    if peer == NullPeer::Mute {
        settings.timeouts.response = Duration::from_millis(300);
    }
    let cases = Cases::default();
    let prepared = ReceiverRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let (_stop, stopped) = watch::channel(false);
    let finished = prepared.run(&cases.emitter(), stopped).await;
    task.abort();
    nothing_proved(lab, &finished, &cases.ended())
}

/// The run is not conformant, and no case that expects a refusal passed.
pub(super) fn nothing_proved(lab: &Lab, finished: &Finished, cases: &[CaseResult]) -> Result<(), String> {
    super::sound(finished)?;
    if finished.verdict == Verdict::Conformant {
        return Err("the run is conformant".to_owned());
    }
    let passed: Vec<&str> = cases
        .iter()
        .filter(|case| case.status == CaseStatus::Passed && expecting_a_refusal(&lab.catalogue, &case.id))
        .map(|case| case.id.as_str())
        .collect();
    if passed.is_empty() { Ok(()) } else { Err(format!("cases that expect a refusal passed: {}", passed.join(", "))) }
}

/// Whether the case of a result expects a refusal; a case that is gone through by several methods has a result for each.
fn expecting_a_refusal(catalogue: &Catalogue, result: &str) -> bool {
    let id = result.split('[').next().unwrap_or_default();
    catalogue.cases.iter().find(|case| case.id == id).is_some_and(crate::suite::catalogue::Case::expects_refusal)
}
