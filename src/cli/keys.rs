//! The options that say with which key SETs are signed, or by which keys they are verified.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::console::Failure;
use crate::set::jwe::{Agreed, DecryptionKey, Enc, EncryptionKey, KeyAlg};
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

/// How ID Tokens are encrypted: `ALG`, or `ALG/ENC`; the `enc` that OpenID Connect has as its default unless given.
pub(super) fn agreed(text: &str) -> Result<Agreed, String> {
    let (alg, enc) = text.split_once('/').unwrap_or((text, Enc::A128CbcHs256.name()));
    let one_of = |names: Vec<&str>| format!("expected one of {}", names.join(", "));
    let alg = KeyAlg::of_name(alg).ok_or_else(|| one_of(KeyAlg::ALL.iter().map(|alg| alg.name()).collect()))?;
    let enc = Enc::of_name(enc).ok_or_else(|| one_of(Enc::ALL.iter().map(|enc| enc.name()).collect()))?;
    Ok(Agreed { alg, enc })
}

/// The public key of somebody who decrypts: a JWK, or the one of a JWK Set that fits.
pub(super) fn encryption_key(path: &Path, agreed: Agreed) -> Result<EncryptionKey, Failure> {
    let wrong = |why: String| Failure::usage(format!("--encryption-key {}: {why}", path.display()));
    let text = read(path, "--encryption-key")?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| wrong(format!("expected a JWK or a JWK Set: {error}")))?;
    if value.get("keys").is_some() {
        let none = || wrong(format!("no key of the set is one for {}", agreed.alg.name()));
        return EncryptionKey::of_set(&value, agreed.alg).ok_or_else(none);
    }
    EncryptionKey::from_jwk(&value).map_err(|error| wrong(error.to_string()))
}

/// Our own key, private, in PEM or as a JWK: RSA, or one on P-256.
pub(super) fn decryption_key(path: &Path) -> Result<DecryptionKey, Failure> {
    let rsa = read_key(path, Alg::Rs256, None);
    let key = match rsa {
        Ok(key) => key,
        Err(_) => read_key(path, Alg::Es256, None).map_err(|_| {
            Failure::usage(format!(
                "--encryption-key {}: expected a private RSA key or one on P-256, in PEM or as a JWK",
                path.display()
            ))
        })?,
    };
    DecryptionKey::new(&key).map_err(|error| Failure::usage(format!("--encryption-key {}: {error}", path.display())))
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
