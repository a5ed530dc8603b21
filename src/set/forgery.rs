//! The catalogue of deliberately broken tokens. How each is made stands in [`forge`](mod@super::forge).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name that is none of [`Forgery::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("forgery: expected one of {}, got {found:?}", Forgery::ALL.map(Forgery::name).join(", "))]
pub struct UnknownForgery {
    /// The name that was given.
    pub found: String,
}

/// Writes name, variant and description once, for the enum, its schema, its text form and `describe`.
macro_rules! forgeries {
    ($count:literal: $($name:literal $variant:ident: $text:literal)+) => {
        /// One way to break a token. Text and serde form are the kebab-case name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Forgery {
            $(
                #[doc = $text]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl Forgery {
            /// Every forgery, in the order of the enum.
            pub const ALL: [Forgery; $count] = [$(Forgery::$variant),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Forgery::$variant => $name,)+
                }
            }

            /// What is wrong with the token, in a sentence.
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Forgery::$variant => $text,)+
                }
            }
        }
    };
}

forgeries! { 42:
    "alg-none" AlgNone:
        "The header says alg none and the signature is empty."
    "alg-none-mixed-case" AlgNoneMixedCase:
        "The header says alg nOnE and the signature is empty."
    "alg-none-keeps-signature" AlgNoneKeepsSignature:
        "The header says alg none, and the signature of the good token is still there."
    "other-key" OtherKey:
        "Signed by another key under the identifier of the good one."
    "unknown-kid" UnknownKid:
        "Signed by another key under an identifier that is in no key set."
    "embedded-jwk" EmbeddedJwk:
        "Signed by another key, whose public half is offered in the header member jwk."
    "foreign-jku" ForeignJku:
        "Signed by another key, whose key set is offered in the header member jku."
    "hmac-with-public-key" HmacWithPublicKey:
        "The header says HS256, and the secret is the PEM text of the good public key (algorithm confusion)."
    "broken-signature" BrokenSignature:
        "One bit of the signature is flipped."
    "empty-signature" EmptySignature:
        "The header is good and the signature is empty."
    "truncated-signature" TruncatedSignature:
        "Only the first half of the signature is there."
    "altered-payload" AlteredPayload:
        "The claim jti was changed after signing."
    "altered-header" AlteredHeader:
        "A header member was added after signing."
    "one-part" OnePart:
        "Only the payload part, without dots."
    "two-parts" TwoParts:
        "Header and payload without the signature and its dot."
    "four-parts" FourParts:
        "A good token with a fourth part appended."
    "five-parts-garbage" FivePartsGarbage:
        "Five parts, of which only the header means something: it looks like an encrypted token and is none."
    "bad-base64url-header" BadBase64urlHeader:
        "The header part holds an asterisk; signed over the text as sent."
    "bad-base64url-payload" BadBase64urlPayload:
        "The payload part holds an asterisk; validly signed over the text as sent."
    "padded-base64url" PaddedBase64url:
        "The parts carry padding (=); validly signed over the text as sent."
    "standard-base64" StandardBase64:
        "The payload is in the standard base64 alphabet, with + and /; validly signed over the text as sent."
    "header-not-json" HeaderNotJson:
        "The JSON of the header ends before its closing brace; signed as sent."
    "header-not-object" HeaderNotObject:
        "The header is a JSON array around the good header; signed as sent."
    "payload-not-json" PayloadNotJson:
        "The JSON of the payload ends before its closing brace; validly signed."
    "payload-not-object" PayloadNotObject:
        "The payload is a JSON array around the good claims; validly signed."
    "payload-not-utf8" PayloadNotUtf8:
        "A claim holds bytes that are not UTF-8; validly signed."
    "duplicate-claim" DuplicateClaim:
        "The claim iss occurs twice, the good one last; validly signed."
    "duplicate-events" DuplicateEvents:
        "The claim events occurs twice, the good one last; validly signed."
    "duplicate-event-identifier" DuplicateEventIdentifier:
        "The first event occurs twice inside events, the good one last; validly signed."
    "duplicate-header-member" DuplicateHeaderMember:
        "The header member alg occurs twice, first as none, the good one last; validly signed."
    "unknown-crit" UnknownCrit:
        "The header calls an unknown extension critical, and holds it; validly signed."
    "crit-empty" CritEmpty:
        "The header holds an empty crit; validly signed."
    "der-signature" DerSignature:
        "The ECDSA signature is in DER instead of the two numbers side by side."
    "trailing-newline" TrailingNewline:
        "A good token followed by a newline."
    "truncated-token" TruncatedToken:
        "Only the first half of a good token."
    "empty" Empty:
        "Nothing."
    "whitespace" Whitespace:
        "Nothing but whitespace."
    "not-a-jwt" NotAJwt:
        "A sentence."
    "json-claims" JsonClaims:
        "The claims as JSON text, not as a token."
    "json-serialization" JsonSerialization:
        "A good token in the flattened JSON serialization of JWS."
    "deeply-nested" DeeplyNested:
        "A claim holds 10,000 nested arrays; validly signed."
    "oversize" Oversize:
        "A good token made large by an extra claim; validly signed."
}

impl Forgery {
    /// Whether the token, trimmed, is a JWS whose signature the good key verifies. A receiver that refuses such a
    /// token must have looked at something else than the signature.
    ///
    /// Not counted are those whose header cannot be read or forbids acceptance (`crit`).
    pub const fn is_validly_signed(self) -> bool {
        matches!(
            self,
            Forgery::BadBase64urlPayload
                | Forgery::PaddedBase64url
                | Forgery::StandardBase64
                | Forgery::PayloadNotJson
                | Forgery::PayloadNotObject
                | Forgery::PayloadNotUtf8
                | Forgery::DuplicateClaim
                | Forgery::DuplicateEvents
                | Forgery::DuplicateEventIdentifier
                | Forgery::DuplicateHeaderMember
                | Forgery::TrailingNewline
                | Forgery::DeeplyNested
                | Forgery::Oversize
        )
    }
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Forgery {
    type Err = UnknownForgery;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Forgery::ALL
            .into_iter()
            .find(|forgery| forgery.name() == name)
            .ok_or_else(|| UnknownForgery { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_serde_and_schema_agree() {
        let schema = serde_json::to_value(schemars::schema_for!(Forgery)).unwrap();
        let entries = schema["oneOf"].as_array().unwrap();
        assert_eq!(entries.len(), Forgery::ALL.len());
        for (forgery, entry) in Forgery::ALL.into_iter().zip(entries) {
            assert_eq!(forgery.name().parse(), Ok(forgery));
            assert_eq!(serde_json::to_value(forgery).unwrap(), forgery.name());
            assert_eq!(entry["const"], forgery.name());
            assert_eq!(entry["description"], forgery.describe());
        }
        assert!("alg_none".parse::<Forgery>().unwrap_err().to_string().contains("alg-none"));
    }
}
