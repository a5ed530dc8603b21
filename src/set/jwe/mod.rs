//! Encrypted tokens: compact JWE (RFC 7516), as far as ID Tokens and logout tokens are encrypted.
//!
//! - [`key`]: how the content encryption key gets across: RSA-OAEP and ECDH-ES (RFC 7518 section 4).
//! - [`content`]: how the content is encrypted: AES-GCM and AES-CBC with HMAC (RFC 7518 section 5).

mod content;
mod key;

use serde_json::{Map, Value, json};

use super::encode::{base64url, from_base64url};
use super::json as strict_json;
pub use content::Enc;
pub use key::{DecryptionKey, EncryptionKey, KeyAlg};

/// Why a token cannot be encrypted or decrypted. The message holds no key and no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JweError(String);

impl JweError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What two parties have agreed upon for ID Tokens (`id_token_encrypted_response_alg` and `id_token_encrypted_response_enc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// How the content encryption key gets across.
    pub alg: KeyAlg,
    /// How the content is encrypted.
    pub enc: Enc,
}

/// A token that was decrypted.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The header of the JWE.
    pub header: Map<String, Value>,
    /// What was encrypted.
    pub content: Vec<u8>,
}

/// Encrypts a signed token (RFC 7516 section 5.1, nested as in RFC 7519 section 5.2). `more` are further header members.
///
/// # Errors
/// If the key does not fit the algorithm, or the library fails.
pub fn encrypt(
    token: &str,
    key: &EncryptionKey,
    agreed: Agreed,
    more: &Map<String, Value>,
) -> Result<String, JweError> {
    let sealed = key.seal(agreed)?;
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(agreed.alg.name()));
    header.insert("enc".to_owned(), json!(agreed.enc.name()));
    header.insert("cty".to_owned(), json!("JWT"));
    header.extend(key.kid().map(|kid| ("kid".to_owned(), json!(kid))));
    header.extend(sealed.epk.map(|epk| ("epk".to_owned(), epk)));
    header.extend(more.clone());
    let header = base64url(Value::Object(header).to_string());
    let content = agreed.enc.seal(&sealed.key, header.as_bytes(), token.as_bytes())?;
    let parts = [sealed.encrypted, content.iv, content.ciphertext, content.tag].map(base64url);
    Ok(format!("{header}.{}", parts.join(".")))
}

/// Decrypts a compact JWE (RFC 7516 section 5.2). Never panics.
///
/// # Errors
/// In words: not a JWE, an algorithm that is not spoken, another key, or altered content.
pub fn decrypt(text: &str, key: &DecryptionKey) -> Result<Opened, JweError> {
    let parts: Vec<&str> = text.trim_ascii().splitn(6, '.').collect();
    let [protected, encrypted, iv, ciphertext, tag] = parts.as_slice() else {
        return Err(JweError::new("expected the five parts of a JWE"));
    };
    let bytes = |part: &str, what: &str| {
        from_base64url(part).map_err(|_| JweError::new(format!("the {what} is not base64url")))
    };
    let header = strict_json::parse(&bytes(protected, "header of the JWE")?);
    let Some(Value::Object(header)) = header.ok().map(|parsed| parsed.value) else {
        return Err(JweError::new("the header of the JWE is no JSON object"));
    };
    if let Some(name) = ["crit", "zip"].iter().find(|name| header.contains_key(**name)) {
        return Err(JweError::new(format!("the header of the JWE has `{name}`, which is not spoken here")));
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg = KeyAlg::of_name(text("alg"))
        .ok_or_else(|| JweError::new(format!("alg {:?} is not spoken here", text("alg"))))?;
    let enc =
        Enc::of_name(text("enc")).ok_or_else(|| JweError::new(format!("enc {:?} is not spoken here", text("enc"))))?;
    let secret = key.open(Agreed { alg, enc }, &header, &bytes(encrypted, "encrypted key")?)?;
    let content = content::Sealed {
        iv: bytes(iv, "initialization vector")?,
        ciphertext: bytes(ciphertext, "ciphertext")?,
        tag: bytes(tag, "authentication tag")?,
    };
    let content = enc.open(&secret, protected.as_bytes(), content)?;
    Ok(Opened { header, content })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::set::{Alg, SigningKey};

    fn pair(alg: KeyAlg) -> (EncryptionKey, DecryptionKey) {
        let signing = if alg == KeyAlg::EcdhEs { Alg::Es256 } else { Alg::Rs256 };
        let key = SigningKey::generate(signing, "enc-1").expect("a key");
        let ours = DecryptionKey::new(&key).expect("a key that decrypts");
        let jwk = ours.public_jwk(alg);
        assert_eq!((jwk["use"].as_str(), jwk["alg"].as_str()), (Some("enc"), Some(alg.name())));
        (EncryptionKey::from_jwk(&jwk).expect("a key that encrypts"), ours)
    }

    #[test]
    fn what_was_encrypted_is_decrypted() {
        for alg in KeyAlg::ALL {
            let (theirs, ours) = pair(alg);
            for enc in Enc::ALL {
                let agreed = Agreed { alg, enc };
                let more = Map::from_iter([("iss".to_owned(), json!("https://op.example"))]);
                let text = encrypt("a.b.c", &theirs, agreed, &more).expect("a JWE");
                let opened = decrypt(&text, &ours).expect("its content");
                assert_eq!(opened.content, b"a.b.c");
                assert_eq!(opened.header["iss"], "https://op.example");
                assert_eq!(opened.header["kid"], "enc-1");
                // A change anywhere is noticed.
                for part in 0..5 {
                    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
                    let changed = if parts[part].starts_with('A') { "B" } else { "A" };
                    let Some(rest) = parts[part].get(1..).map(str::to_owned) else { continue };
                    parts[part] = format!("{changed}{rest}");
                    assert!(decrypt(&parts.join("."), &ours).is_err(), "{alg:?} {enc:?}: part {part}");
                }
            }
            assert!(
                decrypt(
                    &encrypt("x", &theirs, Agreed { alg, enc: Enc::A256Gcm }, &Map::new()).expect("a JWE"),
                    &pair(alg).1
                )
                .is_err()
            );
        }
    }

    #[test]
    fn the_derived_key_of_the_specification() {
        // RFC 7518 appendix C: Bob decrypts what Alice agreed upon.
        let derived = key::concat_kdf(
            &[
                158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128,
                106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
            ],
            "A128GCM",
            16,
            b"Alice",
            b"Bob",
        );
        assert_eq!(base64url(derived), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn what_is_not_spoken_is_named() {
        let (_, ours) = pair(KeyAlg::EcdhEs);
        for (header, why) in [
            (r#"{"alg":"RSA1_5","enc":"A128GCM"}"#, "alg \"RSA1_5\""),
            (r#"{"alg":"ECDH-ES","enc":"none"}"#, "enc \"none\""),
            (r#"{"alg":"ECDH-ES","enc":"A128GCM","zip":"DEF"}"#, "`zip`"),
            (r#"{"alg":"ECDH-ES","enc":"A128GCM"}"#, "epk"),
            (r#"[]"#, "no JSON object"),
        ] {
            let text = format!("{}..AA.AA.AA", base64url(header));
            let error = decrypt(&text, &ours).expect_err("nothing that can be decrypted").to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(decrypt("a.b.c", &ours).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[A-Za-z0-9_.-]{0,80}") {
            static KEY: std::sync::OnceLock<DecryptionKey> = std::sync::OnceLock::new();
            let key = KEY.get_or_init(|| pair(KeyAlg::EcdhEs).1);
            prop_assert!(decrypt(&text, key).is_err());
        }
    }
}
