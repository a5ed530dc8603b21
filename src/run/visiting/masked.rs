//! Our transmitter behind a certificate that must not be trusted.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use bytes::Bytes;

use super::StartError;
use super::options;
use super::settings::{VisitTls, VisitingSettings};
use crate::http::{Authority, Client, Recorder, Server, ServerOptions, ServerTls, Subscription, TlsError};
use crate::peer::ssf::{self, SsfTransmitter};
use crate::suite::model::case::BadCertificate;

/// A second transmitter, at an address of its own. What is asked of it is seen, and is no part of the session.
pub(super) struct Masked {
    transmitter: SsfTransmitter,
    pub connections: Subscription,
    /// Where the list is that revokes the certificate, if it is one that a list revokes.
    _list: Option<Server>,
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
        let (shown, list) = match certificate {
            BadCertificate::Revoked => revoked(tls, options.addr).await?,
            other => (issue(tls, other)?, None),
        };
        options.tls = Some(shown);
        options.requests = recorder;
        // Whoever looks for the certificate in a list does so when the handshake is over.
        options.records_silence = true;
        Ok(Self { transmitter: SsfTransmitter::start(options).await?, connections, _list: list })
    }

    pub fn issuer(&self) -> &str {
        self.transmitter.issuer()
    }
}

fn issue(tls: &VisitTls, certificate: BadCertificate) -> Result<ServerTls, TlsError> {
    match certificate {
        BadCertificate::WrongName => tls.authority.issue(&["elsewhere.example"]),
        BadCertificate::UnknownAuthority => Authority::new()?.issue(&tls.names()),
        BadCertificate::Expired | BadCertificate::Revoked => tls.authority.issue_expired(&tls.names()),
    }
}

/// A certificate, and a server of the list that revokes it. The address is known before the certificate names it, so the list is
/// put there afterwards.
async fn revoked(tls: &VisitTls, addr: SocketAddr) -> Result<(ServerTls, Option<Server>), StartError> {
    let list: Arc<OnceLock<Bytes>> = Arc::default();
    let served = list.clone();
    let answer = move || {
        let list = served.get().cloned().unwrap_or_default();
        async move { ([(CONTENT_TYPE, "application/pkix-crl")], list) }
    };
    let router = Router::new().route("/revoked.crl", get(answer));
    let server = Server::bind(ServerOptions { addr, ..ServerOptions::default() }, router, Recorder::new(1)).await;
    let server = server.map_err(|error| StartError::Transmitter(ssf::StartError::Listen { addr, source: error }))?;
    let (shown, signed) = tls.authority.issue_revoked(&tls.names(), &format!("{}/revoked.crl", server.url()))?;
    list.get_or_init(|| signed.into());
    Ok((shown, Some(server)))
}
