//! Bodies in JSON: text where they are text, base64 where they are not.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Binary { base64: String },
}

pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) => to.serialize_str(text),
        Err(_) => Written::Binary { base64: STANDARD.encode(bytes) }.serialize(to),
    }
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    match Written::deserialize(from)? {
        Written::Text(text) => Ok(text.into_bytes()),
        Written::Binary { base64 } => {
            STANDARD.decode(&base64).map_err(|error| D::Error::custom(format!("body: expected base64, got {error}")))
        }
    }
}
