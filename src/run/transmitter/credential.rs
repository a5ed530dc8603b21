//! What stands in the Authorization header of our requests to a transmitter.

mod answer;
mod discovery;
mod grants;
mod limited;
mod request;
mod talk;

#[cfg(test)]
mod tests;

use secrecy::{ExposeSecret, SecretString};

use super::settings::CredentialSettings;
use crate::http::{Client, Exchange};
use grants::Grants;
pub(crate) use limited::Limited;

/// A credential that is ready to be used: a token, or a client that gets itself one when it needs one.
pub struct Credential {
    kind: Kind,
}

enum Kind {
    /// The whole value of the header.
    Fixed(SecretString),
    Granted(Box<Grants>),
}

impl Credential {
    /// A token that is given.
    fn fixed(token: &SecretString) -> Self {
        Self { kind: Kind::Fixed(bearer(token.expose_secret())) }
    }

    /// Nothing is asked for yet. `issuer` is where a token endpoint is looked for if none is given.
    pub fn new(settings: CredentialSettings, issuer: &str) -> Self {
        let kind = match settings {
            CredentialSettings::Token(token) => return Self::fixed(&token),
            CredentialSettings::Client(client) => Kind::Granted(Box::new(Grants::new(client, issuer))),
        };
        Self { kind }
    }

    /// The whole value of the Authorization header, from the cache while the token lasts; the exchanges that it took.
    ///
    /// Whoever asks while somebody else is fetching waits and gets the same. The exchanges carry no secret, not even
    /// one that only the token endpoint knew.
    ///
    /// # Errors
    /// What went wrong, in words without secrets, with the exchanges.
    pub async fn authorization(&self, client: &Client) -> (Result<String, String>, Vec<Exchange>) {
        match &self.kind {
            Kind::Fixed(value) => (Ok(value.expose_secret().to_owned()), Vec::new()),
            Kind::Granted(grants) => grants.authorization(client).await,
        }
    }

    /// The same client asking for this scope, or for that of its settings; nothing where the token is fixed.
    async fn another(&self, scope: Option<&str>) -> Option<Self> {
        let Kind::Granted(grants) = &self.kind else { return None };
        Some(Self { kind: Kind::Granted(Box::new(grants.another(scope).await)) })
    }

    /// The scope of the token in use, by what the token endpoint or the token itself says of it.
    async fn scope(&self) -> Option<String> {
        let Kind::Granted(grants) = &self.kind else { return None };
        grants.scope().await
    }

    /// Whether it is a client that has got itself a token.
    pub async fn is_granted(&self) -> bool {
        match &self.kind {
            Kind::Fixed(_) => false,
            Kind::Granted(grants) => grants.has_token().await,
        }
    }

    /// Ends the token in use at this endpoint (RFC 7009), and keeps it.
    async fn revoked(&self, endpoint: &url::Url, client: &Client) -> (Result<Self, String>, Vec<Exchange>) {
        match &self.kind {
            Kind::Fixed(_) => (Err("a fixed token was not got by us".to_owned()), Vec::new()),
            Kind::Granted(grants) => {
                let (ended, exchanges) = grants.revoke(endpoint, client).await;
                (ended.map(|value| Self { kind: Kind::Fixed(value) }), exchanges)
            }
        }
    }

    /// Forgets a token that was refused: `refused` is the value that [`Credential::authorization`] gave for the request.
    /// Says whether another try makes sense: not with a fixed token, and not with one that was got just now because
    /// another one had been refused.
    pub async fn expire(&self, refused: &str) -> bool {
        match &self.kind {
            Kind::Fixed(_) => false,
            Kind::Granted(grants) => grants.expire(refused).await,
        }
    }
}

fn bearer(token: &str) -> SecretString {
    SecretString::from(format!("Bearer {token}"))
}
