//! https for the transmitter that we are.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::cli::console::Failure;
use crate::http::Authority;
use crate::run::visiting::settings::VisitTls;

/// Makes an authority, whose certificate will be written to `file`.
pub(super) fn made(file: &Path, public_url: Option<&Url>) -> Result<VisitTls, Failure> {
    let authority = Authority::new().map_err(|error| Failure::internal(error.to_string()))?;
    let mut names = vec!["127.0.0.1".to_owned(), "::1".to_owned(), "localhost".to_owned()];
    // A URL writes IPv6 addresses in brackets, a certificate does not.
    names.extend(public_url.and_then(Url::host_str).map(|host| host.trim_matches(['[', ']']).to_owned()));
    // A receiver in another folder has to find it, too.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Ok(VisitTls { authority: Arc::new(authority), file: Some(file), names })
}

/// Writes the certificate where the receiver finds it.
pub(super) fn write(tls: &VisitTls) -> Result<(), Failure> {
    let Some(file) = &tls.file else { return Ok(()) };
    std::fs::write(file, tls.authority.pem())
        .map_err(|error| Failure::usage(format!("--tls-ca {}: cannot be written: {error}", file.display())))
}
