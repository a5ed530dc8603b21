//! Content encryption (RFC 7518 section 5).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, rand};

use super::JweError;

/// A content encryption algorithm (`enc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enc {
    /// AES-GCM with a key of 128 bits.
    A128Gcm,
    /// AES-GCM with a key of 256 bits.
    A256Gcm,
    /// AES-CBC of 128 bits with HMAC SHA-256: the default of OpenID Connect.
    A128CbcHs256,
    /// AES-CBC of 256 bits with HMAC SHA-512.
    A256CbcHs512,
}

/// The last three parts of a JWE.
pub(super) struct Sealed {
    pub iv: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
}

impl Enc {
    /// Every algorithm that is spoken.
    pub const ALL: [Self; 4] = [Self::A256Gcm, Self::A128Gcm, Self::A128CbcHs256, Self::A256CbcHs512];

    /// The value of `enc`: `A128GCM`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    /// The algorithm of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.name() == name)
    }

    /// The bytes of a content encryption key.
    pub(super) const fn key_len(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    pub(super) fn seal(self, key: &[u8], aad: &[u8], content: &[u8]) -> Result<Sealed, JweError> {
        let failed = |_| JweError::new("the content cannot be encrypted");
        let mut ciphertext = content.to_vec();
        if let Some(gcm) = self.gcm(key)? {
            let mut iv = [0; 12];
            rand::fill(&mut iv).map_err(failed)?;
            let nonce = Nonce::assume_unique_for_key(iv);
            let tag = gcm.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext).map_err(failed)?;
            return Ok(Sealed { iv: iv.to_vec(), ciphertext, tag: tag.as_ref().to_vec() });
        }
        let mut iv = [0; 16];
        rand::fill(&mut iv).map_err(failed)?;
        let (mac, cipher) = key.split_at(key.len() / 2);
        let encrypting = PaddedBlockEncryptingKey::cbc_pkcs7(self.cbc(cipher)?).map_err(failed)?;
        encrypting
            .less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(failed)?;
        let tag = self.tag(mac, aad, &iv, &ciphertext);
        Ok(Sealed { iv: iv.to_vec(), ciphertext, tag })
    }

    pub(super) fn open(self, key: &[u8], aad: &[u8], sealed: Sealed) -> Result<Vec<u8>, JweError> {
        let altered = || JweError::new("the content does not decrypt: it was altered, or encrypted by another key");
        if key.len() != self.key_len() {
            return Err(altered());
        }
        let Sealed { iv, ciphertext, tag } = sealed;
        let mut content = ciphertext;
        if let Some(gcm) = self.gcm(key)? {
            let nonce = Nonce::try_assume_unique_for_key(&iv).map_err(|_| altered())?;
            // A shorter tag would be easier to guess.
            if tag.len() != 16 {
                return Err(altered());
            }
            content.extend(tag);
            let len = gcm.open_in_place(nonce, Aad::from(aad), &mut content).map_err(|_| altered())?.len();
            content.truncate(len);
            return Ok(content);
        }
        let (mac, cipher) = key.split_at(key.len() / 2);
        let iv: [u8; 16] = iv.try_into().map_err(|_| altered())?;
        verify_slices_are_equal(&self.tag(mac, aad, &iv, &content), &tag).map_err(|_| altered())?;
        let decrypting = PaddedBlockDecryptingKey::cbc_pkcs7(self.cbc(cipher)?).map_err(|_| altered())?;
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        let len = decrypting.decrypt(&mut content, context).map_err(|_| altered())?.len();
        content.truncate(len);
        Ok(content)
    }

    fn gcm(self, key: &[u8]) -> Result<Option<LessSafeKey>, JweError> {
        let algorithm = match self {
            Self::A128Gcm => &AES_128_GCM,
            Self::A256Gcm => &AES_256_GCM,
            Self::A128CbcHs256 | Self::A256CbcHs512 => return Ok(None),
        };
        let unbound = UnboundKey::new(algorithm, key).map_err(|_| JweError::new("not a key for this content"))?;
        Ok(Some(LessSafeKey::new(unbound)))
    }

    fn cbc(self, key: &[u8]) -> Result<UnboundCipherKey, JweError> {
        let algorithm = if self == Self::A128CbcHs256 { &AES_128 } else { &AES_256 };
        UnboundCipherKey::new(algorithm, key).map_err(|_| JweError::new("not a key for this content"))
    }

    /// The authentication tag of RFC 7518 section 5.2.2.1: the first half of the HMAC.
    fn tag(self, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let algorithm = if self == Self::A128CbcHs256 { hmac::HMAC_SHA256 } else { hmac::HMAC_SHA512 };
        let bits = (aad.len() as u64 * 8).to_be_bytes();
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
        [aad, iv, ciphertext, &bits].iter().for_each(|part| context.update(part));
        let whole = context.sign();
        whole.as_ref()[..whole.as_ref().len() / 2].to_vec()
    }
}
