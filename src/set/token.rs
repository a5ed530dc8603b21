//! What a received text holds.
//!
//! [`Token::parse`] never fails: a harness meets broken tokens all day, and each rule wants to see as much of them as
//! there is. What is wrong is listed as [`Defect`]s; what could be read is there beside them.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

use super::encode::from_base64url_lenient;
use super::json::{self, JsonError};

/// A text that should be a compact JWS (RFC 7515 section 7.1), taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The text as it came.
    pub raw: String,
    /// How many parts the dots make; 0 for an empty text.
    pub parts: usize,
    /// The header: any JSON value, `None` if it could not be read.
    pub header: Option<Value>,
    /// The payload: any JSON value, also one that is no object; `None` if it could not be read.
    pub claims: Option<Value>,
    /// The header before JSON, with replacement characters where it is not UTF-8.
    pub header_text: Option<String>,
    /// The payload before JSON, with replacement characters where it is not UTF-8.
    pub payload_text: Option<String>,
    /// The bytes of the third part; `None` if it could not be read.
    pub signature: Option<Vec<u8>>,
    /// What is wrong with the form of the token, in the order of the text.
    pub defects: Vec<Defect>,
}

/// One of the parts of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first part.
    Header,
    /// The second part.
    Payload,
    /// The third part.
    Signature,
}

/// One thing that is wrong with the form of a token.
///
/// Serializes as `{"code": ..., "message": ...}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// Nothing but whitespace, or nothing at all.
    #[error("the token is empty")]
    Empty,
    /// Whitespace before or after the token; the rest is judged without it.
    #[error("whitespace around the token")]
    SurroundingWhitespace,
    /// A compact JWS has three parts (RFC 7515 section 7.1).
    #[error("expected three parts separated by dots, got {0}")]
    NotThreeParts(usize),
    /// A part is not base64url (RFC 7515 section 2).
    #[error("the {part} is not base64url: {reason}")]
    NotBase64url {
        /// Which part.
        part: Part,
        /// Why not.
        reason: String,
    },
    /// A part ends in `=`, which RFC 7515 section 2 leaves out; the rest is judged without it.
    #[error("the {0} is base64 with padding")]
    PaddedBase64(Part),
    /// The last character of a part has bits that encode nothing and are not zero (RFC 4648 section 3.5).
    #[error("the {0} is base64url with stray last bits")]
    StrayBits(Part),
    /// The header is not JSON.
    #[error("the header is not readable: {0}")]
    HeaderNotJson(JsonError),
    /// The header is JSON, but no object (RFC 7515 section 4).
    #[error("expected an object as header, got {0}")]
    HeaderNotObject(&'static str),
    /// The payload is not UTF-8 (RFC 7519 section 7.2).
    #[error("the payload is {0}")]
    PayloadNotUtf8(JsonError),
    /// The payload is not JSON.
    #[error("the payload is not readable: {0}")]
    PayloadNotJson(JsonError),
    /// The payload is JSON, but no object (RFC 7519 section 7.2).
    #[error("expected an object as payload, got {0}")]
    PayloadNotObject(&'static str),
    /// A header member occurs twice (RFC 7515 section 4); the last one is taken.
    #[error("the header holds {0} more than once")]
    DuplicateHeaderMember(String),
    /// A member occurs twice somewhere in the payload (RFC 7519 section 4); the last one is taken.
    #[error("the payload holds {0} more than once")]
    DuplicateClaim(String),
}

impl Defect {
    /// The stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Defect::Empty => "empty",
            Defect::SurroundingWhitespace => "surrounding-whitespace",
            Defect::NotThreeParts(_) => "not-three-parts",
            Defect::NotBase64url { part: Part::Header, .. } => "header-not-base64url",
            Defect::NotBase64url { part: Part::Payload, .. } => "payload-not-base64url",
            Defect::NotBase64url { part: Part::Signature, .. } => "signature-not-base64url",
            Defect::PaddedBase64(_) => "padded-base64",
            Defect::StrayBits(_) => "stray-bits",
            Defect::HeaderNotJson(_) => "header-not-json",
            Defect::HeaderNotObject(_) => "header-not-object",
            Defect::PayloadNotUtf8(_) => "payload-not-utf8",
            Defect::PayloadNotJson(_) => "payload-not-json",
            Defect::PayloadNotObject(_) => "payload-not-object",
            Defect::DuplicateHeaderMember(_) => "duplicate-header-member",
            Defect::DuplicateClaim(_) => "duplicate-claim",
        }
    }
}

impl Serialize for Defect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_struct("Defect", 2)?;
        members.serialize_field("code", self.code())?;
        members.serialize_field("message", &self.to_string())?;
        members.end()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Header => "header",
            Part::Payload => "payload",
            Part::Signature => "signature",
        })
    }
}

impl Token {
    /// Takes a text apart. The caller bounds its size.
    pub fn parse(raw: &str) -> Token {
        let mut token = Token {
            raw: raw.to_owned(),
            parts: 0,
            header: None,
            claims: None,
            header_text: None,
            payload_text: None,
            signature: None,
            defects: Vec::new(),
        };
        let text = raw.trim_ascii();
        if text.len() != raw.len() {
            token.defects.push(Defect::SurroundingWhitespace);
        }
        if text.is_empty() {
            token.defects.push(Defect::Empty);
            return token;
        }
        let parts: Vec<&str> = text.splitn(6, '.').collect();
        token.parts = text.split('.').count();
        let part = |index: usize| parts.get(index).copied().unwrap_or_default();
        token.read_header(part(0));
        if token.parts == 3 {
            token.read_payload(part(1));
            token.signature = token.decode(Part::Signature, part(2));
            return token;
        }
        // Whatever can be seen of such a text is shown, but all there is to say against it is that it is no JWS.
        if token.parts == 2 || token.parts == 4 {
            token.read_payload(part(1));
        }
        if !token.is_encrypted() {
            token.defects.retain(|defect| *defect == Defect::SurroundingWhitespace);
            token.defects.push(Defect::NotThreeParts(token.parts));
        }
        token
    }

    /// The same for bytes that may not be text; what is not UTF-8 becomes a replacement character.
    pub fn from_bytes(raw: &[u8]) -> Token {
        Self::parse(&String::from_utf8_lossy(raw))
    }

    /// The `alg` of the header, if it is text.
    pub fn alg(&self) -> Option<&str> {
        self.header_member("alg")
    }

    /// The `kid` of the header, if it is text.
    pub fn kid(&self) -> Option<&str> {
        self.header_member("kid")
    }

    /// The `typ` of the header, if it is text.
    pub fn typ(&self) -> Option<&str> {
        self.header_member("typ")
    }

    /// The header, if it is an object.
    pub fn header_members(&self) -> Option<&Map<String, Value>> {
        self.header.as_ref()?.as_object()
    }

    /// The claims, if they are an object.
    pub fn claim_members(&self) -> Option<&Map<String, Value>> {
        self.claims.as_ref()?.as_object()
    }

    /// Whether this is an Unsecured JWS (RFC 7515 appendix A.5): `alg` is `none`, and the signature is empty.
    pub fn is_unsecured(&self) -> bool {
        self.parts == 3 && self.alg() == Some("none") && self.raw.trim_ascii().ends_with('.')
    }

    /// Whether this is a compact JWE (RFC 7516 section 7.1): five parts, and a header that names its `enc`. No defect;
    /// its content cannot be seen.
    pub fn is_encrypted(&self) -> bool {
        self.parts == 5 && self.header_member("enc").is_some()
    }

    /// Whether a defect with this code was found.
    pub fn has_defect(&self, code: &str) -> bool {
        self.defects.iter().any(|defect| defect.code() == code)
    }

    /// What the signature covers: the first two parts with their dot. `None` unless there are three parts.
    pub fn signing_input(&self) -> Option<&str> {
        if self.parts != 3 {
            return None;
        }
        self.raw.trim_ascii().rsplit_once('.').map(|(input, _)| input)
    }

    fn header_member(&self, name: &str) -> Option<&str> {
        self.header.as_ref()?.get(name)?.as_str()
    }

    fn decode(&mut self, part: Part, text: &str) -> Option<Vec<u8>> {
        let unpadded = text.trim_end_matches('=');
        if unpadded.len() != text.len() {
            self.defects.push(Defect::PaddedBase64(part));
        }
        match from_base64url_lenient(unpadded) {
            Ok((bytes, stray)) => {
                if stray {
                    self.defects.push(Defect::StrayBits(part));
                }
                Some(bytes)
            }
            Err(reason) => {
                self.defects.push(Defect::NotBase64url { part, reason });
                None
            }
        }
    }

    fn read_header(&mut self, text: &str) {
        let Some(bytes) = self.decode(Part::Header, text) else {
            return;
        };
        self.header_text = Some(String::from_utf8_lossy(&bytes).into_owned());
        match json::parse(&bytes) {
            Ok(parsed) => {
                self.defects.extend(parsed.duplicates.into_iter().map(Defect::DuplicateHeaderMember));
                if !parsed.value.is_object() {
                    self.defects.push(Defect::HeaderNotObject(json::kind(&parsed.value)));
                }
                self.header = Some(parsed.value);
            }
            Err(error) => self.defects.push(Defect::HeaderNotJson(error)),
        }
    }

    fn read_payload(&mut self, text: &str) {
        let Some(bytes) = self.decode(Part::Payload, text) else {
            return;
        };
        self.payload_text = Some(String::from_utf8_lossy(&bytes).into_owned());
        match json::parse(&bytes) {
            Ok(parsed) => {
                self.defects.extend(parsed.duplicates.into_iter().map(Defect::DuplicateClaim));
                if !parsed.value.is_object() {
                    self.defects.push(Defect::PayloadNotObject(json::kind(&parsed.value)));
                }
                self.claims = Some(parsed.value);
            }
            Err(error @ JsonError::NotUtf8 { .. }) => {
                self.defects.push(Defect::PayloadNotUtf8(error));
            }
            Err(error) => self.defects.push(Defect::PayloadNotJson(error)),
        }
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
