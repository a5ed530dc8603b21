//! Tokens that are good for a part of the API, or for nothing any more.

use std::sync::OnceLock;

use url::Url;

use super::Credential;
use super::answer::quote;
use crate::http::{Client, Exchange};
use crate::run::transmitter::settings::LimitedTokens;
use crate::suite::model::case::Auth;

/// Those that the operator gave, and those that a client has got itself.
#[derive(Default)]
pub(crate) struct Limited {
    read_only: Slot,
    manage_only: Slot,
    expired: Slot,
}

/// A token, or why there is none; empty until it is looked for.
type Slot = OnceLock<Result<Credential, String>>;

impl Limited {
    /// Those that are given.
    pub fn new(tokens: &LimitedTokens) -> Self {
        let limited = Self::default();
        for (slot, token) in [
            (&limited.read_only, &tokens.read_only),
            (&limited.manage_only, &tokens.manage_only),
            (&limited.expired, &tokens.expired),
        ] {
            if let Some(token) = token {
                slot.get_or_init(|| Ok(Credential::fixed(token)));
            }
        }
        limited
    }

    fn slot(&self, auth: Auth) -> Option<&Slot> {
        match auth {
            Auth::ReadOnly => Some(&self.read_only),
            Auth::ManageOnly => Some(&self.manage_only),
            Auth::Expired => Some(&self.expired),
            _ => None,
        }
    }

    /// The token of this kind, if there is one.
    pub fn get(&self, auth: Auth) -> Option<&Credential> {
        self.slot(auth)?.get()?.as_ref().ok()
    }

    /// Why there is none, where it was looked for.
    pub fn why_not(&self, auth: Auth) -> Option<&str> {
        self.slot(auth)?.get()?.as_ref().err().map(String::as_str)
    }

    /// Whether it is neither there nor known not to be.
    pub fn is_open(&self, auth: Auth) -> bool {
        self.slot(auth).is_some_and(|slot| slot.get().is_none())
    }

    /// Nobody has to look for it.
    pub fn give_up(&self, auth: Auth, why: &str) {
        if let Some(slot) = self.slot(auth) {
            slot.get_or_init(|| Err(why.to_owned()));
        }
    }

    /// Has a client get itself a token of this scope alone; the exchanges that it took.
    pub async fn by_scope(&self, auth: Auth, scope: &str, first: &Credential, client: &Client) -> Vec<Exchange> {
        let (Some(slot), Some(credential)) = (self.slot(auth), first.another(Some(scope)).await) else {
            return Vec::new();
        };
        let (value, exchanges) = credential.authorization(client).await;
        let outcome = match (value, credential.scope().await) {
            (Err(why), _) => Err(why),
            // Whoever asks for less may be given more, and then has to be told so; nobody is taken at a word not said.
            (Ok(_), None) => {
                Err(format!("neither the answer to a request for the scope {scope} nor the token says its scope"))
            }
            (Ok(_), Some(granted)) if granted.split_whitespace().eq([scope]) => Ok(credential),
            (Ok(_), Some(granted)) => {
                Err(format!("the scope {scope} was asked for, and {} given out", quote(&granted)))
            }
        };
        slot.get_or_init(|| outcome);
        exchanges
    }

    /// Has a client get itself a token, and end it; the exchanges that it took.
    pub async fn by_revocation(&self, endpoint: &Url, first: &Credential, client: &Client) -> Vec<Exchange> {
        let Some(credential) = first.another(None).await else { return Vec::new() };
        let (value, mut exchanges) = credential.authorization(client).await;
        let outcome = match value {
            Err(why) => Err(why),
            Ok(_) => {
                let (revoked, more) = credential.revoked(endpoint, client).await;
                exchanges.extend(more);
                revoked
            }
        };
        self.expired.get_or_init(|| outcome);
        exchanges
    }
}
