//! HTTP/1.1 messages taken apart byte by byte (RFC 9112).
//!
//! Nothing here does any input or output, so that all of it can be tested with hostile bytes.

pub(super) mod answer;
pub(super) mod decoder;
pub(super) mod framing;
pub(super) mod head;

pub use head::Quirk;

/// Shows the beginning of foreign bytes in a message: escaped, and at most 60 of them.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(60)];
    let dots = if shown.len() < bytes.len() { "..." } else { "" };
    format!("\"{}\"{dots}", shown.escape_ascii())
}
