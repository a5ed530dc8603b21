//! Security Event Tokens: decode, verify, draft, sign and forge.
//!
//! This is the lowest floor of the house: it knows JOSE and JSON, and nothing of specifications, suites or HTTP
//! exchanges. It never decides whether a token is conformant; it says what a token is, and leaves the verdict to rules.
//!
//! | file | what |
//! |---|---|
//! | [`alg`] | the signature algorithms that can be made and verified |
//! | [`key`] | signing keys; `import` reads them from PEM (`pem`), JWK (`jwk`) or a shared secret |
//! | [`jwks`] | verification keys: a JWK Set, read tolerantly |
//! | [`source`] | where a key set comes from, with rotation |
//! | [`json`] | strict JSON: duplicate members, depth, UTF-8 |
//! | [`token`] | what a received text holds, and its defects; never fails |
//! | [`verify`](mod@verify) | whether its signature is good, and by which key |
//! | [`jwe`] | encrypted tokens |
//! | [`draft`] | a token to be: header, claims, signing |
//! | [`forgery`] | the catalogue of deliberately broken tokens |
//! | [`forge`](mod@forge) | making them; `surgery` holds its text operations |
//! | [`error`] | the one error type of keys and signing |

pub mod alg;
pub mod draft;
pub mod error;
pub mod forge;
pub mod forgery;
pub mod json;
pub mod jwe;
pub mod jwks;
pub mod key;
pub mod source;
pub mod token;
pub mod verify;

mod encode;
mod import;
mod jwk;
mod pem;
mod surgery;

#[cfg(test)]
mod testing;

pub use alg::Alg;
pub use draft::{Draft, sign};
pub use error::KeyError;
pub use forge::{ForgeKeys, forge};
pub use forgery::Forgery;
pub use jwks::Jwks;
pub use key::SigningKey;
pub use source::JwksSource;
pub use token::{Defect, Token};
pub use verify::{Signature, verify};

/// Makes aws-lc-rs the backend of `jsonwebtoken` in this process. Idempotent.
///
/// `jsonwebtoken` panics at first use when two backends are compiled in and none was chosen. This build has one, but a
/// crate beside us may switch on the other, so the choice is made here rather than left to feature unification.
/// [`verify`](verify::verify) calls it by itself; call it early only if you use `jsonwebtoken` directly.
pub fn install_crypto() {
    // An error means that a provider is installed already, which is what we want.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
}
