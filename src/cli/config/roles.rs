//! Which keys are for which role.
//!
//! A key for the other role is a fault: with `url` in the file of a transmitter, the built-in one would be judged, and
//! nobody would notice.

use super::Config;
use crate::suite::model::profile::Role;

impl Config {
    /// Whether the file is one for this role.
    pub(super) fn is_for(&self, role: Role) -> Result<(), String> {
        if let Some(other) = self.role.filter(|known| *known != role) {
            return Err(format!("the configuration file is for a {}", other.name()));
        }
        let (foreign, theirs) = match role {
            Role::Transmitter => (self.for_receivers(), "receiver"),
            _ => (self.for_transmitters(), "transmitter"),
        };
        match foreign {
            Some(key) => Err(format!("`{key}` is for a {theirs}")),
            None => Ok(()),
        }
    }

    fn for_receivers(&self) -> Option<&'static str> {
        first(&[
            (self.url.is_some(), "url"),
            (self.audience.is_some(), "audience"),
            (self.authorization_header.is_some(), "authorization-header"),
            (!self.languages.is_empty(), "languages"),
            (self.set.is_some(), "set"),
            (self.key.is_some(), "key"),
            (self.kid.is_some(), "kid"),
        ])
    }

    fn for_transmitters(&self) -> Option<&'static str> {
        first(&[
            (self.delivery.is_some(), "delivery"),
            (self.metadata_url.is_some(), "metadata-url"),
            (self.jwks.is_some(), "jwks"),
            (self.token.is_some(), "token"),
            (self.client_id.is_some(), "client-id"),
            (self.client_secret.is_some(), "client-secret"),
            (self.client_key.is_some(), "client-key"),
            (self.client_auth.is_some(), "client-auth"),
            (self.token_endpoint.is_some(), "token-endpoint"),
            (self.scope.is_some(), "scope"),
            (self.second_token.is_some(), "second-token"),
            (self.second_client_id.is_some(), "second-client-id"),
            (self.second_client_secret.is_some(), "second-client-secret"),
            (self.patience.is_some(), "patience"),
            (self.delivery_timeout.is_some(), "delivery-timeout"),
            (self.long_poll.is_some(), "long-poll"),
            (self.take_over.is_some(), "take-over"),
            (self.trigger.is_some(), "trigger"),
        ])
    }
}

fn first(keys: &[(bool, &'static str)]) -> Option<&'static str> {
    keys.iter().find(|(given, _)| *given).map(|(_, key)| *key)
}
