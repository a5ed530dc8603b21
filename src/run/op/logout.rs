//! The end of a session at the provider (RP-Initiated Logout section 2), and what there is to say where no logout request comes of it.

use super::login::{Errand, Session};
use super::world::{Failed, World};
use crate::http::Exchange;

/// How the end of a session went.
pub(super) struct Ended {
    pub exchanges: Vec<Exchange>,
    /// Where the browser ended, in words, if it did not come back to us.
    pub elsewhere: Option<String>,
}

impl World {
    /// Has the provider end a session.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub(super) async fn end(&self, session: &mut Session) -> Result<Ended, Failed> {
        let mut exchanges = Vec::new();
        match self.try_end(session, &mut exchanges).await {
            Ok(elsewhere) => Ok(Ended { exchanges, elsewhere }),
            Err(why) => Err(Failed { reason: format!("the session cannot be ended: {why}"), exchanges }),
        }
    }

    async fn try_end(&self, session: &mut Session, exchanges: &mut Vec<Exchange>) -> Result<Option<String>, String> {
        let provider = self.provider()?;
        let missing = "the metadata name no end_session_endpoint; a command that ends sessions can be given (--hook)";
        let mut url = match (&provider.end_session_endpoint, &self.settings.hook) {
            (Some(url), _) => url.clone(),
            (None, Some(_)) => provider.authorization_endpoint.clone(),
            (None, None) => return Err(missing.to_owned()),
        };
        if provider.end_session_endpoint.is_some() {
            url.query_pairs_mut()
                .append_pair("id_token_hint", &session.id_token.raw)
                .append_pair("client_id", &session.identity.id)
                .append_pair("post_logout_redirect_uri", &self.listener.post_logout_redirect_uri());
        }
        let before = self.listener.logged_out();
        let ended = self.send_there(Errand::End, &mut session.browser, &url, exchanges).await?;
        Ok((self.listener.logged_out() == before).then_some(ended))
    }

    /// Why nothing follows from a logout request that did not come: the session may be there still. `None` if it is gone.
    pub(super) async fn doubt(
        &self,
        session: &mut Session,
        elsewhere: Option<&str>,
        seen: &mut Vec<Exchange>,
    ) -> Option<String> {
        let back = self.listener.post_logout_redirect_uri();
        if self.settings.hook.is_some() {
            // The session is one of a browser that we do not have.
            let elsewhere = elsewhere?;
            return Some(format!(
                "no logout request came, and whether the session has ended is not known: {elsewhere}, and its browser did not come to {back}"
            ));
        }
        let logged_in = self.is_logged_in(session, seen).await;
        let state = match logged_in {
            Some(false) => return None,
            Some(true) => "the session is still there",
            None if elsewhere.is_none() => return None,
            None => "whether the session has ended is not known",
        };
        let place = elsewhere.map_or_else(
            || format!("the browser was sent back to {back}"),
            |place| format!("the browser did not come back to {back}, {place}"),
        );
        Some(format!(
            "no logout request came, and {state}: {place}. A page that asks for confirmation takes form steps ([[op.logout]] in setspec.toml), or a command (--hook)"
        ))
    }
}
