//! What the cases of a run share.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::listener::Listener;
use super::provider::{Provider, metadata_url};
use super::register::{Identity, register};
use super::settings::OpSettings;
use crate::expr::Scope;
use crate::http::{Client, Exchange, RequestSpec};
use crate::peer::message::object_or_null;
use crate::peer::oidc::random;
use crate::run::judge::Judge;
use crate::run::receiver::STRANGER;
use crate::set::{Token, jwe};

/// Everything that cases share.
pub(crate) struct World {
    pub settings: OpSettings,
    pub listener: Listener,
    pub client: Client,
    pub judge: Judge,
    pub provider: OnceLock<Provider>,
    /// Who we are there.
    pub identity: OnceLock<Identity>,
    /// Who we are as the relying party whose ID Tokens are encrypted.
    pub encrypted: OnceCell<Identity>,
    /// Whoever holds it logs in and ends sessions: one case at a time, for a logout request does not say which login it is about.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    /// Which logout requests are about which case.
    pub owners: Mutex<Owners>,
}

/// Something that could not be done: why, and what was seen on the way.
pub(crate) struct Failed {
    pub reason: String,
    pub exchanges: Vec<Exchange>,
}

/// How many requests are remembered.
const MOST_KNOWN: usize = 1_000;

/// Tells whose a logout request is, while several cases look for them.
#[derive(Default)]
pub(crate) struct Owners {
    /// The sessions that were ended: the case, and the session identifier of the ID Token.
    ended: Vec<(u64, Option<String>)>,
    /// The bodies of requests that have come.
    bodies: Vec<(u64, Vec<u8>)>,
}

impl Owners {
    /// A case has a session ended.
    pub fn ends(&mut self, case: u64, sid: Option<&str>) {
        self.ended.push((case, sid.map(str::to_owned)));
    }

    /// A request was taken for one of a case.
    pub fn takes(&mut self, case: u64, body: &[u8]) {
        if self.bodies.len() < MOST_KNOWN {
            self.bodies.push((case, body.to_vec()));
        }
    }

    /// The case that a request is about: the one that has seen it before, the one whose session it names if no other has
    /// one of that name, or the one that ended a session last.
    pub fn owner(&self, body: &[u8], sid: Option<&str>) -> Option<u64> {
        if let Some((case, _)) = self.bodies.iter().rev().find(|(_, known)| known == body) {
            return Some(*case);
        }
        let named = self.ended.iter().filter(|(_, known)| known.is_some() && known.as_deref() == sid);
        let mut cases: Vec<u64> = named.map(|(case, _)| *case).collect();
        cases.dedup();
        match cases.as_slice() {
            [case] => Some(*case),
            _ => self.ended.last().map(|(case, _)| *case),
        }
    }
}

impl World {
    pub(super) fn provider(&self) -> Result<&Provider, String> {
        self.provider.get().ok_or_else(|| "the provider was not asked for its metadata".to_owned())
    }

    /// Whether the provider still answers, whatever it says.
    pub async fn is_there(&self) -> bool {
        let Ok(url) = metadata_url(&self.settings.issuer) else { return false };
        self.client.send(RequestSpec::new("GET", url)).await.response.is_some()
    }

    /// Our client identifier; empty before we are registered.
    pub fn client_id(&self) -> &str {
        self.identity.get().map_or("", |identity| &identity.id)
    }

    pub fn owners(&self) -> MutexGuard<'_, Owners> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the provider is known to offer.
    pub fn features(&self) -> Vec<&'static str> {
        let metadata = self.provider.get().map(|provider| &provider.metadata);
        let says = |name: &str| metadata.and_then(|metadata| metadata.get(name)) == Some(&Value::Bool(true));
        let mut features = vec![self.settings.revision.feature()];
        features.extend(says("backchannel_logout_session_supported").then_some("logout-sessions"));
        let Some(provider) = self.provider.get() else { return features };
        let registers = self.settings.client_id.is_none();
        let refreshes = provider.lists("grant_types_supported", "refresh_token");
        let offline = refreshes && provider.lists("scopes_supported", "offline_access");
        let encrypts = if registers { provider.encryption().is_some() } else { self.settings.encryption_key.is_some() };
        let default = registers && provider.metadata.get("id_token_signing_alg_values_supported").is_none();
        let more = [
            (refreshes, "refresh-tokens"),
            (offline, "offline-access"),
            (encrypts, "encryption"),
            (default, "default-algorithm"),
        ];
        features.extend(more.into_iter().filter(|(holds, _)| *holds).map(|(_, name)| name));
        features
    }

    /// Who we are, registered anew where ID Tokens are to be encrypted and are not yet.
    ///
    /// # Errors
    /// In words, if the provider does not take the registration.
    pub(super) async fn identity(&self, encrypted: bool) -> Result<&Identity, String> {
        let usual = self.identity.get().ok_or("we are not registered")?;
        if !encrypted || usual.decryption.is_some() {
            return Ok(usual);
        }
        let provider = self.provider()?;
        let agreed = provider.encryption().ok_or("the provider announces no encryption that is spoken here")?;
        self.encrypted.get_or_try_init(|| register(&self.client, provider, &self.listener, Some(agreed))).await
    }

    /// A token as it was signed, decrypted where it is encrypted for us; and the header of its encryption.
    pub(super) fn opened(&self, text: &str) -> (Token, Value) {
        let token = Token::parse(text);
        if !token.is_encrypted() {
            return (token, Value::Null);
        }
        let header = object_or_null(token.header.as_ref());
        let ours = self.identity.get().into_iter().chain(self.encrypted.get());
        let opened =
            ours.filter_map(|identity| identity.decryption.as_ref()).find_map(|key| jwe::decrypt(text, key).ok());
        (opened.map_or(token, |opened| Token::from_bytes(&opened.content)), header)
    }

    /// The variables that every case starts with.
    pub fn scope(&self) -> Scope {
        let settings = &self.settings;
        let metadata = self.provider.get().map_or(Value::Null, |provider| provider.metadata.clone());
        let mut scope = Scope::new()
            .with("target", json!({ "url": settings.issuer, "scheme": settings.issuer.split(':').next() }))
            .with("issuer", json!(settings.issuer))
            .with("audience", json!(self.client_id()))
            .with("stranger", json!(STRANGER))
            .with("features", json!(self.features()))
            .with("languages", json!([]))
            .with("timeouts", settings.timeouts.value())
            .with("nonce", json!(random()))
            .with("metadata", metadata)
            .with("logout_uri", json!(self.listener.logout_uri()));
        for name in ["request", "response", "sent", "set", "claims", "header", "jwe", "session", "history"] {
            scope.set(name, Value::Null);
        }
        scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_about_the_case_that_it_names() {
        let mut owners = Owners::default();
        assert_eq!(owners.owner(b"x", None), None);
        owners.ends(1, Some("a"));
        owners.takes(1, b"first");
        owners.ends(2, Some("b"));
        assert_eq!(owners.owner(b"first", Some("b")), Some(1), "the same request as before");
        assert_eq!(owners.owner(b"other", Some("a")), Some(1), "another request about the same session");
        assert_eq!(owners.owner(b"other", None), Some(2), "the last that was ended");
        owners.ends(3, Some("a"));
        assert_eq!(owners.owner(b"other", Some("a")), Some(3), "two sessions of one name");
    }
}
