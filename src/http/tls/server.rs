//! The certificate, key and versions of a server.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use super::{TlsError, provider};

/// The TLS versions that rustls speaks. For older ones see [`hello`](crate::http::hello).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// What a server shows to its clients. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServerTls {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// A certificate chain, leaf first, and the key of the leaf, as PEM text. Speaks 1.2 and 1.3.
    ///
    /// # Errors
    /// If either is not PEM or is missing, or the key does not belong to the leaf.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let error = |place, expected| move |got: String| TlsError::Pem { place, expected, got };
        let no_chain = error("certificate chain", "at least one certificate in PEM");
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let certificates = certificates.map_err(|got| no_chain(got.to_string()))?;
        if certificates.is_empty() {
            return Err(no_chain(format!("{} bytes without one", chain.len())));
        }
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|got| error("private key", "a key in PEM")(got.to_string()))?;
        Self::new(certificates, key)
    }

    pub(super) fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let config = config(&chain, &key, &[&version::TLS13, &version::TLS12])?;
        Ok(Self { chain, key: Arc::new(key), config })
    }

    /// The same, speaking the versions from `min` to `max` alone.
    ///
    /// # Errors
    /// If `min` is above `max`.
    pub fn with_versions(self, min: TlsVersion, max: TlsVersion) -> Result<Self, TlsError> {
        let spoken: Vec<_> = [(TlsVersion::V1_3, &version::TLS13), (TlsVersion::V1_2, &version::TLS12)]
            .into_iter()
            .filter(|(known, _)| (min..=max).contains(known))
            .map(|(_, spoken)| spoken)
            .collect();
        if spoken.is_empty() {
            return Err(TlsError::Config { got: format!("no version from {min:?} to {max:?}") });
        }
        let config = config(&self.chain, &self.key, &spoken)?;
        Ok(Self { config, ..self })
    }

    /// The configuration for rustls.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

fn config(
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ServerConfig>, TlsError> {
    let refused = |error: rustls::Error| TlsError::Config { got: error.to_string() };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(chain.to_vec(), key.clone_key())
        .map_err(refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
