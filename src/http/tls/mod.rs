//! TLS on both sides: certificates for servers, trust for clients, and the facts of a handshake.

mod authority;
mod certificate;
mod roots;
mod server;

use serde::{Deserialize, Serialize};

pub use authority::Authority;
pub use certificate::CertFacts;
pub use roots::Roots;
pub use server::{ServerTls, TlsVersion};

pub(super) use certificate::revocation_lists;
pub(super) use roots::{client_config, is_revoked};

/// Something that should become TLS configuration and cannot.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// PEM text without what was looked for.
    #[error("{place}: expected {expected}, got {got}")]
    Pem {
        /// Which text: the CA bundle, the certificate chain or the private key.
        place: &'static str,
        /// What must be in it.
        expected: &'static str,
        /// What was found instead.
        got: String,
    },
    /// A certificate cannot be issued.
    #[error("certificate for {names}: expected names that a certificate can carry, got {got}")]
    Issue {
        /// The names that were asked for.
        names: String,
        /// What the library says.
        got: String,
    },
    /// rustls refuses the combination.
    #[error("TLS configuration: expected a chain, key and versions that fit together, got {got}")]
    Config {
        /// What rustls says.
        got: String,
    },
}

/// What was agreed in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The cipher suite by its IANA name, such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The application protocol that was agreed, if any.
    pub alpn: Option<String>,
    /// Whether the certificate was checked; false only for an insecure client.
    pub verified: bool,
    /// The certificate of the peer. A server does not ask its clients for one.
    pub certificate: Option<CertFacts>,
}

impl TlsFacts {
    pub(super) fn of(connection: &rustls::CommonState, verified: bool) -> Self {
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "1.2".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_3) => "1.3".to_owned(),
            other => format!("{other:?}"),
        };
        let suite = connection.negotiated_cipher_suite().map(|s| s.suite());
        let suite = suite.and_then(|s| s.as_str()).unwrap_or("unknown");
        let peer = connection.peer_certificates();
        Self {
            version,
            // rustls writes TLS13_ where the registry of IANA has TLS_.
            cipher_suite: suite.replacen("TLS13_", "TLS_", 1),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            verified,
            certificate: peer.and_then(|chain| chain.first()).map(CertFacts::of),
        }
    }
}

/// The one crypto provider of this program.
pub(super) fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
