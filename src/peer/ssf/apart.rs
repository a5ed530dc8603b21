//! Poll endpoints on a port of their own, which deviate on the TLS layer.
//!
//! A transmitter that spoke outdated TLS everywhere could not be asked for a stream. This one keeps everything else as it is, so
//! that the deviation is found by whoever looks at the poll endpoint, and by nobody who looks at the issuer in its place.

use crate::http::{ServerOptions, TlsError, TlsVersion as Spoken};
use crate::suite::model::case::TlsVersion;
use crate::suite::model::deviation::TlsDeviation;

/// How the server of the poll endpoints is set up; `usual` are the options of everything else.
///
/// # Errors
/// If the versions leave none that could be spoken.
pub(super) fn deviating(usual: ServerOptions, deviation: &TlsDeviation) -> Result<ServerOptions, TlsError> {
    let is_outdated = |version: TlsVersion| matches!(version, TlsVersion::Tls10 | TlsVersion::Tls11);
    let min = if deviation.oldest == Some(TlsVersion::Tls13) { Spoken::V1_3 } else { Spoken::V1_2 };
    let max = if deviation.newest == Some(TlsVersion::Tls12) { Spoken::V1_2 } else { Spoken::V1_3 };
    let tls = usual.tls.filter(|_| !deviation.plain).map(|tls| tls.with_versions(min, max)).transpose()?;
    Ok(ServerOptions {
        tls,
        accepts_old_tls: deviation.also_accepts.is_some_and(is_outdated),
        only_old_tls: deviation.newest.is_some_and(is_outdated),
        ..usual
    })
}
