//! Reads what a server says to a ClientHello.

use super::message::{ALERT, HANDSHAKE, SERVER_HELLO, SUPPORTED_VERSIONS, u16_at};

/// The largest content of a record, with room for encryption (RFC 5246, 6.2.3).
const MAX_RECORD: usize = 16 * 1024 + 2048;
const WARNING: u8 = 1;
const CLOSE_NOTIFY: u8 = 0;

/// What was understood so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing yet.
    More,
    /// A ServerHello, or a HelloRetryRequest, which looks the same, of this version.
    ServerHello(String),
    /// An alert with this description.
    Alert(u8),
    /// Something else.
    NotTls,
}

/// Reads all bytes that came so far.
pub fn read(mut bytes: &[u8]) -> Reply {
    let mut handshake = Vec::new();
    while let [kind, major, rest @ ..] = bytes {
        if !matches!(*kind, HANDSHAKE | ALERT) || *major != 3 {
            return Reply::NotTls;
        }
        let Some(length) = u16_at(rest, 1).map(usize::from) else {
            return Reply::More;
        };
        if length > MAX_RECORD || length == 0 {
            return Reply::NotTls;
        }
        let Some((content, next)) = rest[3..].split_at_checked(length) else {
            return Reply::More;
        };
        bytes = next;
        match (*kind, content) {
            // A warning such as unrecognized_name may stand before the ServerHello.
            (ALERT, [WARNING, code]) if *code != CLOSE_NOTIFY => {}
            (ALERT, [_, code]) => return Reply::Alert(*code),
            (ALERT, _) => return Reply::NotTls,
            _ => handshake.extend_from_slice(content),
        }
        match server_hello(&handshake) {
            Reply::More => {}
            reply => return reply,
        }
    }
    // The first byte alone already tells a server that speaks something else.
    match bytes {
        [kind] if !matches!(*kind, HANDSHAKE | ALERT) => Reply::NotTls,
        _ => Reply::More,
    }
}

fn server_hello(message: &[u8]) -> Reply {
    match message.first() {
        None => return Reply::More,
        Some(&SERVER_HELLO) => {}
        Some(_) => return Reply::NotTls,
    }
    let Some(&[_, high, middle, low]) = message.first_chunk() else {
        return Reply::More;
    };
    let length = u32::from_be_bytes([0, high, middle, low]);
    let Some(body) = message[4..].get(..length as usize) else {
        return Reply::More;
    };
    match version(body) {
        Some(version) => Reply::ServerHello(version),
        None => Reply::NotTls,
    }
}

fn version(body: &[u8]) -> Option<String> {
    let mut version = u16_at(body, 0)?;
    let session = usize::from(*body.get(34)?);
    // After the session id come the suite, the compression, and the length of the extensions.
    let mut extensions = body.get(35 + session + 3 + 2..).unwrap_or_default();
    while let (Some(kind), Some(length)) = (u16_at(extensions, 0), u16_at(extensions, 2)) {
        let content = extensions.get(4..4 + usize::from(length))?;
        if kind == SUPPORTED_VERSIONS {
            version = u16_at(content, 0)?;
        }
        extensions = &extensions[4 + usize::from(length)..];
    }
    Some(match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "1.0".to_owned(),
        0x0302 => "1.1".to_owned(),
        0x0303 => "1.2".to_owned(),
        0x0304 => "1.3".to_owned(),
        other => format!("{other:#06x}"),
    })
}
