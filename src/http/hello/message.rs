//! TLS messages made and read by hand (RFC 5246, 7.4.1; RFC 8446, 4.1).

use super::Offer;

/// The record type of handshake messages.
pub const HANDSHAKE: u8 = 22;
/// The record type of alerts.
pub const ALERT: u8 = 21;
/// The handshake type of ClientHello.
pub const CLIENT_HELLO: u8 = 1;
/// The handshake type of ServerHello and HelloRetryRequest.
pub const SERVER_HELLO: u8 = 2;
/// The extension that carries the version of TLS 1.3 and later (RFC 8446, 4.2.1).
pub const SUPPORTED_VERSIONS: u16 = 43;

/// The suites of TLS 1.3.
const SUITES_13: &[u16] = &[0x1301, 0x1302, 0x1303, 0x1304, 0x1305];
/// Suites up to TLS 1.2, good ones first. Weak ones are there too: a server that insists on one is to be
/// told from a server that refuses the version.
const SUITES_12: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xccaa, 0x009e, 0x009f, 0xc009, 0xc013, 0xc00a, 0xc014, 0xc023,
    0xc027, 0xc024, 0xc028, 0x0033, 0x0039, 0x0067, 0x006b, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0xc008,
    0xc012, 0x0016, 0x000a, 0x0005, 0x00ff,
];
/// x25519, secp256r1, secp384r1, secp521r1, ffdhe2048.
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018, 0x0019, 0x0100];
/// ECDSA, EdDSA, RSA-PSS and RSA; SHA-1 last, for old versions. Without this extension even a good server
/// answers alert 40.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601,
    0x0203, 0x0201,
];

/// A ClientHello that offers one version, as one record.
pub fn client_hello(offer: Offer, server_name: Option<&str>) -> Vec<u8> {
    let legacy = match offer {
        Offer::Tls10 => 0x0301,
        Offer::Tls11 => 0x0302,
        Offer::Tls12 | Offer::Tls13 => 0x0303,
    };
    let suites = match offer {
        Offer::Tls13 => SUITES_13,
        _ => SUITES_12,
    };
    let mut body = u16::to_be_bytes(legacy).to_vec();
    body.extend(random());
    body.extend(match offer {
        // A session id makes middleboxes take 1.3 for a resumption (RFC 8446, D.4).
        Offer::Tls13 => with_length(1, &random()),
        _ => vec![0],
    });
    body.extend(list(2, suites));
    body.extend([1, 0]);
    body.extend(with_length(2, &extensions(offer, server_name)));
    let message = [vec![CLIENT_HELLO], with_length(3, &body)].concat();
    record(HANDSHAKE, 0x0301, &message)
}

fn extensions(offer: Offer, server_name: Option<&str>) -> Vec<u8> {
    let mut extensions = Vec::new();
    let mut add = |kind: u16, content: Vec<u8>| {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(with_length(2, &content));
    };
    if let Some(name) = server_name {
        let name = [vec![0], with_length(2, name.as_bytes())].concat();
        add(0, with_length(2, &name));
    }
    add(10, list(2, GROUPS));
    add(11, vec![1, 0]);
    add(13, list(2, SIGNATURES));
    match offer {
        Offer::Tls13 => {
            add(SUPPORTED_VERSIONS, vec![2, 3, 4]);
            add(45, vec![1, 1]);
            // The secret is never computed, so that any 32 bytes are a share of x25519.
            let share = [vec![0x00, 0x1d], with_length(2, &random())].concat();
            add(51, with_length(2, &share));
        }
        _ => {
            add(23, Vec::new());
            add(0xff01, vec![0]);
        }
    }
    extensions
}

/// What a ClientHello offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    pub version: u16,
    /// The suite that it likes best.
    pub suite: u16,
}

impl Offered {
    /// Reads a handshake record. `None` if it is not a ClientHello.
    pub fn read(record: &[u8]) -> Option<Self> {
        let body = record.strip_prefix(&[CLIENT_HELLO])?.get(3..)?;
        let version = u16_at(body, 0)?;
        let session = usize::from(*body.get(34)?);
        let suites = body.get(35 + session..)?;
        if u16_at(suites, 0)? < 2 {
            return None;
        }
        Some(Self { version, suite: u16_at(suites, 2)? })
    }
}

/// A ServerHello that agrees to what is offered, as one record.
pub fn server_hello(offered: &Offered) -> Vec<u8> {
    let mut body = offered.version.to_be_bytes().to_vec();
    body.extend(random());
    body.push(0);
    body.extend(offered.suite.to_be_bytes());
    body.push(0);
    let message = [vec![SERVER_HELLO], with_length(3, &body)].concat();
    record(HANDSHAKE, offered.version, &message)
}

/// A fatal alert.
pub fn alert(code: u8) -> Vec<u8> {
    record(ALERT, 0x0301, &[2, code])
}

/// The two bytes at this place.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([two[0], two[1]]))
}

fn record(kind: u8, version: u16, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind];
    record.extend(version.to_be_bytes());
    record.extend(with_length(2, content));
    record
}

fn list(width: usize, values: &[u16]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
    with_length(width, &bytes)
}

/// The content after its length in `width` bytes. What we make is far shorter than any limit.
fn with_length(width: usize, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - width..], content].concat()
}

fn random() -> [u8; 32] {
    let mut bytes = [7; 32];
    // These bytes only have to differ, so that the default does if there is no randomness.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}
