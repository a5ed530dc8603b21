//! Null transmitters: servers that understand nothing of shared signals, some of them behind good metadata.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Request, nothing_proved, read_request};
use crate::run::proof::watch::Cases;
use crate::run::proof::{Lab, ssf};
use crate::run::transmitter::TransmitterRun;
use crate::run::transmitter::hook::Hook;

/// Where the metadata of the good ones are.
const METADATA: &str = "/.well-known/ssf-configuration";

/// A server that does the same whatever it is asked, once its metadata have been had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullTransmitter {
    /// Answers everything with this status and no body.
    Always(u16),
    /// Answers everything with 200 and an empty object.
    Object,
    /// Closes every connection at once.
    Close,
    /// Takes connections and never says anything.
    Mute,
    /// Answers 200 with what it was sent.
    Echo,
    /// Has good metadata, and answers everything else with this status: no body from 300 on, an empty object below.
    Described(u16),
}

impl NullTransmitter {
    /// The null transmitters of the proof.
    pub const ALL: [Self; 11] = [
        Self::Always(200),
        Self::Object,
        Self::Always(404),
        Self::Always(500),
        Self::Close,
        Self::Mute,
        Self::Echo,
        Self::Described(200),
        Self::Described(201),
        Self::Described(404),
        Self::Described(500),
    ];

    /// The last part of the name of its trial: `always-404`.
    pub fn name(self) -> String {
        match self {
            Self::Always(status) => format!("always-{status}"),
            Self::Object => "always-an-empty-object".to_owned(),
            Self::Close => "closes-at-once".to_owned(),
            Self::Mute => "stays-mute".to_owned(),
            Self::Echo => "echoes".to_owned(),
            Self::Described(status) => format!("good-metadata-and-{status}"),
        }
    }

    /// Serves until the task is aborted; gives the issuer.
    async fn serve(self) -> std::io::Result<(String, JoinHandle<()>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let here = issuer.clone();
        let task = tokio::spawn(async move {
            let mut mute = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                match self {
                    Self::Close => drop(stream),
                    Self::Mute => mute.push(stream),
                    _ => {
                        let here = here.clone();
                        tokio::spawn(async move {
                            // A client that leaves in the middle is no concern of a null peer.
                            let _ = self.answer(stream, &here).await;
                        });
                    }
                }
            }
        });
        Ok((issuer, task))
    }

    async fn answer(self, mut stream: TcpStream, here: &str) -> std::io::Result<()> {
        let request = read_request(&mut stream).await?;
        let (status, body) = match self {
            Self::Described(_) if request.target() == METADATA => (200, metadata(here)),
            Self::Described(status) if status < 300 => (status, b"{}".to_vec()),
            Self::Always(status) | Self::Described(status) => (status, Vec::new()),
            Self::Object => (200, b"{}".to_vec()),
            Self::Echo => (200, request.body),
            Self::Close | Self::Mute => return Ok(()),
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    }
}

impl Request {
    fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// The metadata of a transmitter that offers everything.
fn metadata(here: &str) -> Vec<u8> {
    let metadata = json!({
        "spec_version": "1_0",
        "issuer": here,
        "jwks_uri": format!("{here}/jwks.json"),
        "delivery_methods_supported": ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"],
        "configuration_endpoint": format!("{here}/ssf/streams"),
        "status_endpoint": format!("{here}/ssf/status"),
        "add_subject_endpoint": format!("{here}/ssf/subjects/add"),
        "remove_subject_endpoint": format!("{here}/ssf/subjects/remove"),
        "verification_endpoint": format!("{here}/ssf/verification"),
        "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6750" }],
        "default_subjects": "ALL",
    });
    metadata.to_string().into_bytes()
}

/// No run against it is conformant, and no case that expects a refusal passes.
pub(in crate::run::proof) async fn prove(lab: &Lab, peer: NullTransmitter) -> Result<(), String> {
    let (issuer, task) = peer.serve().await.map_err(|error| error.to_string())?;
    let mut settings = ssf::settings(lab, &issuer, Hook::None);
    if peer == NullTransmitter::Mute {
        settings.timeouts.response = Duration::from_millis(300);
    }
    let cases = Cases::default();
    let run = TransmitterRun::prepare(settings).await.map_err(|error| error.to_string())?;
    let (_stop, stopped) = watch::channel(false);
    let finished = run.run(&cases.emitter(), stopped).await;
    task.abort();
    nothing_proved(lab, &finished, &cases.ended())
}
