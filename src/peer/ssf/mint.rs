//! Making SETs (SSF section 4.1, RFC 8417 section 2).

use serde_json::{Map, Value, json};

use super::SetFacts;
use super::queue::Entry;
use super::state::Shared;
use super::stream::Stream;
use crate::set::{self, Draft, ForgeKeys, KeyError};

/// Why a SET could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The key cannot sign, or cannot forge what is asked for.
    #[error("signing: {0}")]
    Key(#[from] KeyError),
    /// A forgery needs a second key, and [`SsfOptions::other_key`](super::SsfOptions::other_key) has none.
    #[error("forging: expected a second key in the options, got none")]
    NoOtherKey,
}

/// What a SET is made of, whatever stream it is for.
#[derive(Debug, Clone)]
pub(super) struct Making {
    pub event: String,
    pub fixture: Option<String>,
    /// The claims beside those that are the transmitter's own.
    pub claims: Map<String, Value>,
    /// Unique to the cause (SSF section 4.1.9).
    pub txn: String,
    /// Replaces claims at the end; null removes.
    pub replaced: Map<String, Value>,
}

impl Making {
    pub fn event(event: &str, subject: Value, payload: Map<String, Value>) -> Self {
        let claims = Map::from_iter([("sub_id".to_owned(), subject), ("events".to_owned(), json!({ event: payload }))]);
        Self {
            event: event.to_owned(),
            fixture: None,
            claims,
            txn: uuid::Uuid::new_v4().to_string(),
            replaced: Map::new(),
        }
    }
}

/// Makes and signs the SET for a stream: explicitly typed, with the issuer and audience of the stream, an identifier of its
/// own, and neither `sub` nor `exp`.
pub(super) fn mint(shared: &Shared, stream: &Stream, making: Making) -> Result<Entry, MintError> {
    let event = making.event.clone();
    let (jti, set) = seal(shared, &stream.id, stream.receiver, making)?;
    Ok(Entry::new(&jti, set, &event))
}

/// The same for a receiver, whether there is a stream or not; gives the identifier and the SET.
pub(super) fn seal(
    shared: &Shared,
    stream_id: &str,
    receiver: usize,
    making: Making,
) -> Result<(String, Vec<u8>), MintError> {
    let jti = uuid::Uuid::new_v4().simple().to_string();
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), json!(shared.addresses().issuer));
    claims.insert("jti".to_owned(), json!(jti));
    claims.insert("iat".to_owned(), json!(jiff::Timestamp::now().as_second()));
    claims.insert("aud".to_owned(), shared.audience(receiver));
    claims.insert("txn".to_owned(), json!(making.txn));
    for (name, value) in making.claims {
        claims.entry(name).or_insert(value);
    }
    let mut draft = Draft::new(claims);
    draft.merge_claims(&making.replaced);
    let about = SetFacts {
        event: &making.event,
        fixture: making.fixture.as_deref(),
        stream_id,
        receiver: shared.name(receiver),
    };
    let forgery = shared.options.hooks.draft(&mut draft, &about);
    let key = shared.keys.current();
    let set: Vec<u8> = match forgery {
        None => set::sign(&draft, &key)?.into_bytes(),
        Some(forgery) => {
            let other = shared.options.other_key.as_ref().ok_or(MintError::NoOtherKey)?;
            set::forge(&draft, forgery, &ForgeKeys::new(&key, other))?
        }
    };
    let jti = draft.claims.get("jti").and_then(Value::as_str).unwrap_or(&jti).to_owned();
    Ok((jti, set))
}
