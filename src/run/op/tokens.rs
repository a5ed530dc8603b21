//! The token endpoint of the provider: tokens for a code (OpenID Connect Core section 3.1.3), and for a refresh token (section 12).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::login::Session;
use super::provider::{Provider, read};
use super::register::Identity;
use super::world::World;
use crate::http::{Exchange, RequestSpec};
use crate::peer::oidc::FORM;
use crate::set::json::parse;

impl World {
    /// The ID Token and the refresh token for a code. The exchange holds secrets and is not kept.
    pub(super) async fn redeem(
        &self,
        provider: &Provider,
        identity: &Identity,
        code: &str,
        verifier: &str,
    ) -> Result<(String, Option<SecretString>), String> {
        let redirect_uri = self.listener.redirect_uri();
        let spec = request(
            provider,
            identity,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &redirect_uri),
                ("code_verifier", verifier),
            ],
        );
        let answer =
            read(&self.client.send(spec).await, &[200]).map_err(|why| format!("{}: {why}", provider.token_endpoint))?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let id_token = text("id_token").ok_or_else(|| format!("{}: no id_token", provider.token_endpoint))?;
        Ok((id_token.to_owned(), text("refresh_token").map(SecretString::from)))
    }

    /// Uses the refresh token of a session; gives the exchange without tokens, and the answer as a variable: `{status, json}` with
    /// no member but `error`.
    ///
    /// # Errors
    /// In words, if there is no such token.
    pub(super) async fn refresh(&self, session: &mut Session) -> Result<(Exchange, Value), String> {
        let provider = self.provider()?;
        let token = session.refresh_token.as_ref().ok_or("the provider gave no refresh token for this login")?;
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        let mut exchange = self.client.send(request(provider, &session.identity, &parameters)).await;
        let answer = exchange.response.as_ref().and_then(|response| parse(&response.body).ok());
        let answer = answer.map_or(Value::Null, |parsed| parsed.value);
        let status = exchange.status().filter(|_| exchange.failure.is_none());
        // A refresh token may be good for once.
        if let Some(next) = answer.get("refresh_token").and_then(Value::as_str).filter(|_| status == Some(200)) {
            session.refresh_token = Some(next.into());
        }
        exchange.request.body.clear();
        exchange.request.truncated = true;
        if let Some(response) = &mut exchange.response {
            response.body.clear();
            response.truncated = true;
        }
        let response = status.map(|status| json!({ "status": status, "json": { "error": answer.get("error") } }));
        Ok((exchange, response.unwrap_or(Value::Null)))
    }
}

/// A token request by which we show who we are.
fn request(provider: &Provider, identity: &Identity, parameters: &[(&str, &str)]) -> RequestSpec {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(parameters).append_pair("client_id", &identity.id);
    let spec = RequestSpec::new("POST", provider.token_endpoint.clone())
        .header("Content-Type", FORM)
        .header("Accept", "application/json")
        .body(form.finish());
    let Some(secret) = &identity.secret else { return spec };
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(&identity.id), encode(secret.expose_secret()));
    spec.header("Authorization", format!("Basic {}", STANDARD.encode(pair)))
}
