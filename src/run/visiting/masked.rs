//! Our transmitter behind a certificate that must not be trusted.

use std::net::SocketAddr;

use super::StartError;
use super::options;
use super::settings::{VisitTls, VisitingSettings};
use crate::http::{Authority, Client, Recorder, ServerTls, Subscription, TlsError};
use crate::peer::ssf::SsfTransmitter;
use crate::suite::model::case::BadCertificate;

/// A second transmitter, at an address of its own. What is asked of it is seen, and is no part of the session.
pub(super) struct Masked {
    transmitter: SsfTransmitter,
    pub connections: Subscription,
}

impl Masked {
    pub async fn start(
        settings: &VisitingSettings,
        tls: &VisitTls,
        certificate: BadCertificate,
        client: Client,
    ) -> Result<Self, StartError> {
        let recorder = Recorder::new(1);
        let connections = recorder.subscribe();
        let mut options = options(settings, client);
        options.addr = SocketAddr::new(settings.listen.ip(), 0);
        options.public_url = None;
        options.tls = Some(issue(tls, certificate)?);
        options.requests = recorder;
        Ok(Self { transmitter: SsfTransmitter::start(options).await?, connections })
    }

    pub fn issuer(&self) -> &str {
        self.transmitter.issuer()
    }
}

fn issue(tls: &VisitTls, certificate: BadCertificate) -> Result<ServerTls, TlsError> {
    match certificate {
        BadCertificate::WrongName => tls.authority.issue(&["elsewhere.example"]),
        BadCertificate::UnknownAuthority => Authority::new()?.issue(&tls.names()),
        BadCertificate::Expired => tls.authority.issue_expired(&tls.names()),
    }
}
