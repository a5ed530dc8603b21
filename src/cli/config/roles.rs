//! Which keys are for which target.
//!
//! A key for another one is a fault: with `url` in the file of a transmitter, the built-in one would be judged, and nobody
//! would notice.

use super::Config;
use crate::suite::model::profile::Role;

impl Config {
    /// Whether the file is one for this role.
    pub(super) fn is_for(&self, role: Role) -> Result<(), String> {
        if let Some(other) = self.role.filter(|known| *known != role) {
            return Err(format!("the configuration file is for a {}", other.name()));
        }
        let foreign = match role {
            Role::Transmitter => self
                .for_any_receiver()
                .or(self.for_pushed_receivers())
                .or(self.for_visitors())
                .map(|key| (key, "receiver")),
            Role::Rp => self
                .for_receivers_alone()
                .map(|key| (key, "receiver"))
                .or(self.for_transmitters().map(|key| (key, "transmitter"))),
            Role::Op => self
                .for_receivers_and_relying_parties()
                .map(|key| (key, "receiver or a relying party"))
                .or(self.for_transmitters().map(|key| (key, "transmitter"))),
            _ => self.for_transmitters().map(|key| (key, "transmitter")),
        };
        let foreign = foreign.or_else(|| {
            let party = (role != Role::Rp).then(|| self.for_relying_parties()).flatten();
            let provider = (role != Role::Op).then(|| self.for_providers()).flatten();
            let either = self.revision.filter(|_| !matches!(role, Role::Op | Role::Rp));
            party
                .map(|key| (key, "relying party"))
                .or(provider.map(|key| (key, "OpenID provider")))
                .or(either.map(|_| ("revision", "party of back-channel logout")))
        });
        foreign.map_or(Ok(()), |(key, whose)| Err(format!("`{key}` is for a {whose}")))
    }

    /// Whether the file is one for a receiver that visits us, or for one that is pushed to.
    ///
    /// # Errors
    /// The first key that is for the other kind.
    pub fn is_for_visits(&self, visits: bool) -> Result<(), String> {
        if visits {
            let foreign = self.for_pushed_receivers().or(self.issuer.as_ref().map(|_| "issuer"));
            return foreign.map_or(Ok(()), |key| {
                Err(format!("`{key}` is for a receiver that is pushed to, not for one that visits"))
            });
        }
        let foreign = self.for_visitors().or(self.for_visitors_and_transmitters());
        foreign.map_or(Ok(()), |key| Err(format!("`{key}` is for a receiver that visits (visiting = true)")))
    }

    fn for_any_receiver(&self) -> Option<&'static str> {
        first(&[
            (self.audience.is_some(), "audience"),
            (!self.languages.is_empty(), "languages"),
            (self.set.is_some(), "set"),
            (self.key.is_some(), "key"),
            (self.kid.is_some(), "kid"),
            (self.visiting.is_some(), "visiting"),
        ])
    }

    fn for_relying_parties(&self) -> Option<&'static str> {
        first(&[
            (self.login.is_some(), "login"),
            (self.logout.is_some(), "logout"),
            (self.protected.is_some(), "protected"),
            (self.rp.is_some(), "rp"),
            (self.logged_in_text.is_some(), "logged-in-text"),
            (self.session_required.is_some(), "session-required"),
            (!self.redirect_uris.is_empty(), "redirect-uris"),
            (!self.subjects.is_empty(), "subjects"),
        ])
    }

    fn for_providers(&self) -> Option<&'static str> {
        first(&[(self.hook.is_some(), "hook"), (self.op.is_some(), "op")])
    }

    /// Those of receivers that a relying party does not have as well.
    fn for_receivers_alone(&self) -> Option<&'static str> {
        self.for_pushed_receivers().or(first(&[
            (self.audience.is_some(), "audience"),
            (!self.languages.is_empty(), "languages"),
            (self.set.is_some(), "set"),
            (self.visiting.is_some(), "visiting"),
            (self.issuer.is_some(), "issuer"),
            (self.tls_ca.is_some(), "tls-ca"),
            (!self.variations.is_empty(), "variations"),
            (self.receiver.is_some(), "receiver"),
            (self.delivery.is_some(), "delivery"),
            (self.token.is_some(), "token"),
            (self.patience.is_some(), "patience"),
            (self.delivery_timeout.is_some(), "delivery-timeout"),
            (self.long_poll.is_some(), "long-poll"),
        ]))
    }

    fn for_receivers_and_relying_parties(&self) -> Option<&'static str> {
        self.for_any_receiver().or(self.for_pushed_receivers()).or(self.for_visitors()).or(first(&[
            (self.alg.is_some(), "alg"),
            (self.delivery.is_some(), "delivery"),
            (self.token.is_some(), "token"),
            (self.long_poll.is_some(), "long-poll"),
        ]))
    }

    fn for_pushed_receivers(&self) -> Option<&'static str> {
        first(&[(self.url.is_some(), "url"), (self.authorization_header.is_some(), "authorization-header")])
    }

    fn for_visitors(&self) -> Option<&'static str> {
        first(&[
            (self.wait.is_some(), "wait"),
            (self.tls_ca.is_some(), "tls-ca"),
            (self.receiver.is_some(), "receiver"),
        ])
    }

    fn for_visitors_and_transmitters(&self) -> Option<&'static str> {
        first(&[
            (self.delivery.is_some(), "delivery"),
            (self.token.is_some(), "token"),
            (self.client_id.is_some(), "client-id"),
            (self.client_secret.is_some(), "client-secret"),
            (self.patience.is_some(), "patience"),
            (self.delivery_timeout.is_some(), "delivery-timeout"),
            (self.long_poll.is_some(), "long-poll"),
        ])
    }

    fn for_transmitters(&self) -> Option<&'static str> {
        first(&[
            (self.metadata_url.is_some(), "metadata-url"),
            (self.jwks.is_some(), "jwks"),
            (self.client_key.is_some(), "client-key"),
            (self.client_auth.is_some(), "client-auth"),
            (self.token_endpoint.is_some(), "token-endpoint"),
            (self.scope.is_some(), "scope"),
            (self.second_token.is_some(), "second-token"),
            (self.second_client_id.is_some(), "second-client-id"),
            (self.second_client_secret.is_some(), "second-client-secret"),
            (self.take_over.is_some(), "take-over"),
            (self.trigger.is_some(), "trigger"),
        ])
    }
}

fn first(keys: &[(bool, &'static str)]) -> Option<&'static str> {
    keys.iter().find(|(given, _)| *given).map(|(_, key)| *key)
}
