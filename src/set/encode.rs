//! base64url, and the two halves of a compact JWS.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};

/// base64url that also reads encodings whose unused last bits are not zero, so that the rest can still be judged.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// base64url without padding (RFC 7515 section 2).
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// base64 with the standard alphabet and padding, as PEM uses it.
pub(crate) fn base64_standard(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Reads strict base64url, for keys.
pub(crate) fn from_base64url(text: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
}

/// Reads padded base64 with the standard alphabet, for PEM.
pub(crate) fn from_base64_standard(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| error.to_string())
}

/// Reads base64url with non-zero trailing bits; the flag says that there were some.
pub(crate) fn from_base64url_lenient(text: &str) -> Result<(Vec<u8>, bool), String> {
    let bytes = LENIENT.decode(text).map_err(|error| error.to_string())?;
    let canonical = base64url(&bytes) == text;
    Ok((bytes, !canonical))
}

/// `b64(header) . b64(payload)`: what a JWS signature covers (RFC 7515 section 5.1).
pub(crate) fn signing_input(header: &str, payload: &[u8]) -> String {
    format!("{}.{}", base64url(header), base64url(payload))
}
