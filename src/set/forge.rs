//! Making the tokens of the [catalogue](super::forgery).
//!
//! Each forgery breaks one thing and leaves the rest as the draft has it, so that what a receiver says can be traced to
//! that one thing.

use serde_json::{Map, Value, json};

use super::alg::{Alg, Family};
use super::draft::{Draft, compact, sign, to_text};
use super::encode::{base64_standard, base64url, signing_input};
use super::error::KeyError;
use super::forgery::Forgery;
use super::key::SigningKey;
use super::surgery::{append, cut_brace, der, join, padded, prepend, with_asterisk};

/// How large [`Forgery::Oversize`] is unless told otherwise: 2 MiB.
pub const DEFAULT_OVERSIZE: usize = 2 * 1024 * 1024;

/// How deep [`Forgery::DeeplyNested`] goes.
pub const NESTING: usize = 10_000;

/// Where [`Forgery::ForeignJku`] points unless told otherwise. The name is reserved (RFC 2606) and resolves nowhere.
pub const DEFAULT_JKU: &str = "https://attacker.invalid/jwks.json";

/// The keys and sizes that forgeries are made with.
#[derive(Clone, Copy, Debug)]
pub struct ForgeKeys<'a> {
    /// The key that the receiver trusts.
    pub good: &'a SigningKey,
    /// The attacker's key, of the same algorithm, that the receiver does not know.
    pub other: &'a SigningKey,
    /// Where the attacker's key set is, for [`Forgery::ForeignJku`].
    pub jku: Option<&'a str>,
    /// The least size of [`Forgery::Oversize`] in bytes.
    pub oversize: usize,
}

impl<'a> ForgeKeys<'a> {
    /// With the default `jku` and size.
    pub fn new(good: &'a SigningKey, other: &'a SigningKey) -> Self {
        ForgeKeys { good, other, jku: None, oversize: DEFAULT_OVERSIZE }
    }
}

/// The request body of a forgery.
///
/// # Errors
///
/// [`KeyError::Unsupported`] if the forgery has no meaning with the algorithm of the good key (`der-signature` needs
/// ECDSA; `hmac-with-public-key` and `embedded-jwk` need a public key), [`KeyError::Draft`] if it changes something
/// that the draft does not hold, [`KeyError::Mismatch`] if the two keys are of different kinds.
pub fn forge(draft: &Draft, forgery: Forgery, keys: &ForgeKeys<'_>) -> Result<Vec<u8>, KeyError> {
    if keys.good.alg().family() != keys.other.alg().family() {
        return Err(KeyError::Mismatch { alg: keys.good.alg(), found: keys.other.alg().family() });
    }
    let maker = Maker { draft, forgery, keys, good: keys.good };
    maker.make()
}

struct Maker<'a> {
    draft: &'a Draft,
    forgery: Forgery,
    keys: &'a ForgeKeys<'a>,
    good: &'a SigningKey,
}

impl Maker<'_> {
    fn make(&self) -> Result<Vec<u8>, KeyError> {
        let bytes = match self.forgery {
            Forgery::AlgNone => self.unsigned("none", ""),
            Forgery::AlgNoneMixedCase => self.unsigned("nOnE", ""),
            Forgery::AlgNoneKeepsSignature => self.unsigned("none", &self.parts()?[2]),
            Forgery::OtherKey => self.by_other(&[])?,
            Forgery::UnknownKid => {
                let kid = format!("unknown-{}", uuid::Uuid::new_v4());
                self.by_other(&[("kid", json!(kid))])?
            }
            Forgery::EmbeddedJwk => {
                let Some(jwk) = self.keys.other.public_jwk() else {
                    return Err(self.unsupported("a shared secret has no public half"));
                };
                self.by_other(&[("kid", json!(self.keys.other.kid())), ("jwk", jwk)])?
            }
            Forgery::ForeignJku => {
                let url = self.keys.jku.unwrap_or(DEFAULT_JKU);
                self.by_other(&[("kid", json!(self.keys.other.kid())), ("jku", json!(url))])?
            }
            Forgery::HmacWithPublicKey => self.hmac_with_public_key()?,
            Forgery::BrokenSignature => self.with_signature(|mut bytes| {
                let middle = bytes.len() / 2;
                if let Some(byte) = bytes.get_mut(middle) {
                    *byte ^= 1;
                }
                bytes
            })?,
            Forgery::EmptySignature => self.with_signature(|_| Vec::new())?,
            Forgery::TruncatedSignature => self.with_signature(|mut bytes| {
                bytes.truncate(bytes.len() / 2);
                bytes
            })?,
            Forgery::DerSignature => match self.good.alg().family() {
                Family::P256 | Family::P384 => self.with_signature(|bytes| der(&bytes))?,
                _ => return Err(self.unsupported("only ECDSA signatures have a DER form")),
            },
            Forgery::AlteredPayload => {
                let [header, _, signature] = self.parts()?;
                let mut claims = self.claims()?;
                claims.insert("jti".into(), json!(uuid::Uuid::new_v4().to_string()));
                join([&header, &base64url(to_text(&claims)), &signature])
            }
            Forgery::AlteredHeader => {
                let [_, payload, signature] = self.parts()?;
                let mut header = self.header();
                header.insert("altered".into(), json!(true));
                join([&base64url(to_text(&header)), &payload, &signature])
            }
            Forgery::OnePart => self.parts()?[1].clone().into_bytes(),
            Forgery::TwoParts => {
                let [header, payload, _] = self.parts()?;
                join([&header, &payload])
            }
            Forgery::FourParts => {
                let [header, payload, signature] = self.parts()?;
                join([&header, &payload, &signature, &base64url("part")])
            }
            Forgery::FivePartsGarbage => {
                let garbage = [b"one", b"two", b"six", b"ten"].map(base64url);
                let [one, two, six, ten] = &garbage;
                join([&self.parts()?[0], one, two, six, ten])
            }
            Forgery::TruncatedToken => {
                let token = self.token()?;
                token.as_bytes()[..token.len() / 2].to_vec()
            }
            Forgery::TrailingNewline => format!("{}\n", self.token()?).into_bytes(),
            Forgery::Empty => Vec::new(),
            Forgery::Whitespace => b" \r\n\t\n".to_vec(),
            Forgery::NotAJwt => b"This is not a Security Event Token".to_vec(),
            Forgery::JsonClaims => self.draft.payload().into_bytes(),
            Forgery::JsonSerialization => {
                let [protected, payload, signature] = self.parts()?;
                json!({"payload": payload, "protected": protected, "signature": signature}).to_string().into_bytes()
            }
            Forgery::BadBase64urlHeader
            | Forgery::BadBase64urlPayload
            | Forgery::PaddedBase64url
            | Forgery::StandardBase64 => self.misencoded()?,
            Forgery::HeaderNotJson
            | Forgery::HeaderNotObject
            | Forgery::DuplicateHeaderMember
            | Forgery::UnknownCrit
            | Forgery::CritEmpty => self.signed(&self.bad_header(), self.draft.payload().as_bytes())?,
            Forgery::PayloadNotJson
            | Forgery::PayloadNotObject
            | Forgery::PayloadNotUtf8
            | Forgery::DuplicateClaim
            | Forgery::DuplicateEvents
            | Forgery::DuplicateEventIdentifier
            | Forgery::DeeplyNested
            | Forgery::Oversize => self.signed(&to_text(&self.header()), &self.bad_payload()?)?,
        };
        Ok(bytes)
    }

    fn bad_header(&self) -> String {
        let mut header = self.header();
        match self.forgery {
            Forgery::HeaderNotJson => cut_brace(&to_text(&header)).to_owned(),
            Forgery::HeaderNotObject => format!("[{}]", to_text(&header)),
            // `alg` is named again even if the draft removed it, since the point is that it is there twice.
            Forgery::DuplicateHeaderMember => {
                header.entry("alg").or_insert_with(|| json!(self.good.alg()));
                prepend(r#""alg":"none""#, &to_text(&header))
            }
            Forgery::CritEmpty => {
                header.insert("crit".into(), json!([]));
                to_text(&header)
            }
            _ => {
                let extension = "urn:setspec:unknown-extension";
                header.insert("crit".into(), json!([extension]));
                header.insert(extension.into(), json!(true));
                to_text(&header)
            }
        }
    }

    fn bad_payload(&self) -> Result<Vec<u8>, KeyError> {
        let claims = self.claims()?;
        let text = to_text(&claims);
        Ok(match self.forgery {
            Forgery::PayloadNotJson => cut_brace(&text).into(),
            Forgery::PayloadNotObject => format!("[{text}]").into_bytes(),
            Forgery::PayloadNotUtf8 => append(&text, b"\"not_utf8\":\"\xff\xfe\""),
            Forgery::DuplicateClaim => {
                self.needs(claims.contains_key("iss"), "the claim iss")?;
                prepend(r#""iss":"https://duplicate.invalid""#, &text).into_bytes()
            }
            Forgery::DuplicateEvents => {
                self.needs(claims.contains_key("events"), "the claim events")?;
                prepend(r#""events":{"https://duplicate.invalid/event":{}}"#, &text).into_bytes()
            }
            Forgery::DuplicateEventIdentifier => self.duplicate_event(claims)?,
            Forgery::DeeplyNested => {
                let arrays = "[".repeat(NESTING) + &"]".repeat(NESTING);
                append(&text, format!("\"nested\":{arrays}").as_bytes())
            }
            _ => {
                // Three bytes make four characters; what header and signature add comes on top.
                let missing = (self.keys.oversize / 4 * 3 + 3).saturating_sub(text.len());
                append(&text, format!("\"padding\":\"{}\"", "x".repeat(missing)).as_bytes())
            }
        })
    }

    fn duplicate_event(&self, mut claims: Map<String, Value>) -> Result<Vec<u8>, KeyError> {
        let needs = "an event in the claim events";
        let events = match claims.shift_remove("events") {
            Some(Value::Object(events)) => events,
            _ => return Err(self.draft_error(needs)),
        };
        let first = events.keys().next().ok_or_else(|| self.draft_error(needs))?;
        let first = format!("{}:{{\"duplicate\":true}}", Value::String(first.clone()));
        let events = prepend(&first, &to_text(&events));
        Ok(append(&to_text(&claims), format!("\"events\":{events}").as_bytes()))
    }

    /// The parts as text that is not canonical base64url, signed over that text.
    fn misencoded(&self) -> Result<Vec<u8>, KeyError> {
        let (mut header, mut payload) = (to_text(&self.header()), self.draft.payload());
        let input = match self.forgery {
            Forgery::BadBase64urlHeader => {
                format!("{}.{}", with_asterisk(&base64url(header)), base64url(payload))
            }
            Forgery::BadBase64urlPayload => {
                format!("{}.{}", base64url(header), with_asterisk(&base64url(payload)))
            }
            Forgery::PaddedBase64url => {
                // A text whose length is a multiple of three has no padding; a space more is the same JSON.
                for text in [&mut header, &mut payload] {
                    if text.len() % 3 == 0 {
                        text.push(' ');
                    }
                }
                let signed = format!("{}.{}", padded(&header), padded(&payload));
                let signature = self.good.sign(signed.as_bytes())?;
                return Ok(join([&signed, &padded(signature)]));
            }
            _ => {
                // At any alignment, five `?` give a `/` and five `~` give a `+`.
                let text = append(&to_text(&self.claims()?), b"\"standard\":\"?????~~~~~\"");
                let standard = base64_standard(text);
                format!("{}.{}", base64url(header), standard.trim_end_matches('='))
            }
        };
        let signature = base64url(self.good.sign(input.as_bytes())?);
        Ok(join([&input, &signature]))
    }

    fn unsigned(&self, alg: &str, signature: &str) -> Vec<u8> {
        let mut header = self.header();
        header.insert("alg".into(), json!(alg));
        let input = signing_input(&to_text(&header), self.draft.payload().as_bytes());
        join([&input, signature])
    }

    fn by_other(&self, members: &[(&str, Value)]) -> Result<Vec<u8>, KeyError> {
        let mut header = self.header();
        for (name, value) in members {
            header.insert((*name).to_owned(), value.clone());
        }
        let token = compact(&to_text(&header), self.draft.payload().as_bytes(), self.keys.other)?;
        Ok(token.into_bytes())
    }

    fn hmac_with_public_key(&self) -> Result<Vec<u8>, KeyError> {
        if self.good.alg() == Alg::Hs256 {
            return Err(self.unsupported("a shared secret has no public half"));
        }
        let secret = SigningKey::from_secret(self.good.public_pem()?.as_bytes(), None)?;
        let mut header = self.header();
        header.insert("alg".into(), json!(Alg::Hs256));
        Ok(compact(&to_text(&header), self.draft.payload().as_bytes(), &secret)?.into_bytes())
    }

    fn with_signature(&self, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let header = to_text(&self.header());
        let input = signing_input(&header, self.draft.payload().as_bytes());
        let signature = change(self.good.sign(input.as_bytes())?);
        Ok(join([&input, &base64url(signature)]))
    }

    fn signed(&self, header: &str, payload: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(compact(header, payload, self.good)?.into_bytes())
    }

    fn token(&self) -> Result<String, KeyError> {
        sign(self.draft, self.good)
    }

    fn parts(&self) -> Result<[String; 3], KeyError> {
        let payload = self.draft.payload();
        let input = signing_input(&to_text(&self.header()), payload.as_bytes());
        let signature = base64url(self.good.sign(input.as_bytes())?);
        Ok([base64url(to_text(&self.header())), base64url(payload), signature])
    }

    fn header(&self) -> Map<String, Value> {
        self.draft.header_for(self.good)
    }

    /// The claims, also of a draft whose payload is given as text, as long as that text is an object.
    fn claims(&self) -> Result<Map<String, Value>, KeyError> {
        let Some(text) = &self.draft.payload_text else {
            return Ok(self.draft.claims.clone());
        };
        match super::json::parse(text.as_bytes()) {
            Ok(parsed) => match parsed.value {
                Value::Object(claims) => Ok(claims),
                _ => Err(self.draft_error("an object as payload")),
            },
            Err(_) => Err(self.draft_error("a payload that is JSON")),
        }
    }

    fn needs(&self, there: bool, needs: &'static str) -> Result<(), KeyError> {
        if there { Ok(()) } else { Err(self.draft_error(needs)) }
    }

    fn draft_error(&self, needs: &'static str) -> KeyError {
        KeyError::Draft { forgery: self.forgery.name(), needs }
    }

    fn unsupported(&self, reason: &'static str) -> KeyError {
        let what = format!("forgery {}", self.forgery);
        KeyError::Unsupported { what, alg: self.good.alg(), reason }
    }
}

#[cfg(test)]
#[path = "forge_tests.rs"]
mod tests;
