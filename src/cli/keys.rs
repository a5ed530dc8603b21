//! The options that say with which key SETs are signed, or by which keys they are verified.

use std::path::Path;
use std::sync::Arc;

use super::console::Failure;
use crate::set::{Alg, Jwks, KeyError, SigningKey};

/// The key id of a key that is made for one run. Whoever keeps the keys of an earlier run must not take it for one of those.
fn new_kid() -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("setspec-{}", &unique[..8])
}

/// A trusted key and one that nobody trusts, of the same algorithm.
pub(super) struct Keys {
    pub good: Arc<SigningKey>,
    pub other: Arc<SigningKey>,
}

/// The key of the operator, or a new one. Both keys are made side by side: RSA takes its time.
pub(super) fn signing_keys(alg: Alg, file: Option<&Path>, kid: Option<&str>) -> Result<Keys, Failure> {
    let unusable = |error: KeyError| Failure::usage(format!("--key: {error}"));
    std::thread::scope(|scope| {
        let other = scope.spawn(|| SigningKey::generate(alg, "setspec-other"));
        let good = match file {
            Some(path) => read_key(path, alg, kid)?,
            None => SigningKey::generate(alg, &kid.map_or_else(new_kid, str::to_owned)).map_err(unusable)?,
        };
        let other = other.join().map_err(|_| Failure::internal("a key could not be made"))?.map_err(unusable)?;
        Ok(Keys { good: Arc::new(good), other: Arc::new(other) })
    })
}

fn read_key(path: &Path, alg: Alg, kid: Option<&str>) -> Result<SigningKey, Failure> {
    let text = read(path, "--key")?;
    let key = if text.trim_start().starts_with('{') {
        SigningKey::from_jwk(&text, Some(alg), kid)
    } else if text.contains("-----BEGIN") {
        SigningKey::from_pem(&text, alg, kid)
    } else if alg == Alg::Hs256 {
        SigningKey::from_secret(text.trim().as_bytes(), kid)
    } else {
        return Err(Failure::usage(format!("--key {}: neither PEM nor a JWK", path.display())));
    };
    key.map_err(|error| Failure::usage(format!("--key {}: {error}", path.display())))
}

/// Reads a text file that an option names.
pub(super) fn read(path: &Path, option: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{option} {}: cannot be read: {error}", path.display())))
}

/// The keys of a JWKS file, to verify with.
pub(super) fn jwks(path: &Path) -> Result<Jwks, Failure> {
    Jwks::parse(&read(path, "--jwks")?).map_err(|error| Failure::usage(format!("--jwks {}: {error}", path.display())))
}
