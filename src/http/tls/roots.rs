//! Whom a client trusts.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{TlsError, provider};

/// The certificate authorities that a client trusts. Bundles are PEM text.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Those of the operating system.
    #[default]
    System,
    /// Those of the operating system, and these.
    SystemAnd(Vec<u8>),
    /// These alone.
    Only(Vec<u8>),
}

impl Roots {
    /// The certificates of the bundle.
    ///
    /// # Errors
    /// If the bundle is not PEM, or holds no certificate.
    pub(crate) fn bundle(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let pem = match self {
            Self::System => return Ok(Vec::new()),
            Self::SystemAnd(pem) | Self::Only(pem) => pem,
        };
        let error =
            |got: String| TlsError::Pem { place: "CA bundle", expected: "at least one certificate in PEM", got };
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match found {
            Ok(found) if found.is_empty() => Err(error(format!("{} bytes without one", pem.len()))),
            Ok(found) => Ok(found),
            Err(got) => Err(error(got.to_string())),
        }
    }
}

/// The configuration of a client that offers http/1.1 alone.
///
/// # Errors
/// A message, if the roots cannot be used, or the system has none.
pub(crate) fn client_config(roots: &Roots, insecure: bool) -> Result<ClientConfig, String> {
    let provider = provider();
    let verifier = match insecure {
        true => Arc::new(TrustsAnyone(provider.clone())),
        false => verifier(roots, provider.clone())?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed handshake shows no certificate, and every exchange is to show its own.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn verifier(roots: &Roots, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let bundle = roots.bundle().map_err(|error| error.to_string())?;
    if matches!(roots, Roots::Only(_)) {
        let mut store = RootCertStore::empty();
        for certificate in bundle {
            let added = store.add(certificate);
            added.map_err(|got| format!("CA bundle: expected usable certificates, got {got}"))?;
        }
        let built = WebPkiServerVerifier::builder_with_provider(store.into(), provider).build();
        return match built {
            Ok(verifier) => Ok(verifier),
            Err(error) => Err(error.to_string()),
        };
    }
    // On some platforms extra roots are not offered for an empty list, so the two are kept apart.
    let built = match bundle.is_empty() {
        true => rustls_platform_verifier::Verifier::new(provider),
        false => rustls_platform_verifier::Verifier::new_with_extra_roots(bundle, provider),
    };
    match built {
        Ok(verifier) => Ok(Arc::new(verifier)),
        Err(got) => Err(format!("system roots: expected certificates, got {got}; give a CA bundle instead")),
    }
}

/// Whether a revocation list (DER) that one of the authorities of the bundle has signed revokes the first certificate of a chain.
///
/// # Errors
/// A message, if the list is none, or there is no bundle to check it by.
pub(crate) fn is_revoked(
    roots: &Roots,
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    list: Vec<u8>,
) -> Result<bool, String> {
    let Some((leaf, intermediates)) = chain.split_first() else { return Ok(false) };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.bundle().map_err(|error| error.to_string())?);
    let verifier = WebPkiServerVerifier::builder_with_provider(store.into(), provider())
        .with_crls([list.into()])
        .only_check_end_entity_revocation()
        .build()
        .map_err(|error| error.to_string())?;
    match verifier.verify_server_cert(leaf, intermediates, name, &[], UnixTime::now()) {
        Ok(_) => Ok(false),
        Err(rustls::Error::InvalidCertificate(CertificateError::Revoked)) => Ok(true),
        Err(error) => Err(error.to_string()),
    }
}

/// Accepts every certificate, but still wants the peer to hold its key.
#[derive(Debug)]
struct TrustsAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
