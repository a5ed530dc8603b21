//! Our relying party behind the target, which is an OpenID provider itself (Back-Channel Logout section 2.7).

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::settings::RpSettings;
use super::world::{Failed, Session, World};
use crate::http::{Client, Exchange, Subscription};
use crate::run::op::RelyingPartyAt;
use crate::set::Token;

/// Our relying party there.
pub(super) type Behind = RelyingPartyAt;

/// Prepares it.
///
/// # Errors
/// If it cannot listen.
pub(super) async fn prepare(settings: &RpSettings, client: Client) -> std::io::Result<Option<Arc<Behind>>> {
    match &settings.downstream {
        None => Ok(None),
        Some(target) => RelyingPartyAt::start(settings, target, client).await.map(Arc::new).map(Some),
    }
}

impl World {
    /// Logs a user in at our relying party behind the target: the target sends the browser on to our provider.
    ///
    /// # Errors
    /// If it does not come to that: where it ended.
    pub(super) async fn login_behind(&self, sub: &str) -> Result<(Session, Vec<Exchange>, Subscription), Failed> {
        let refused = |reason: String| Failed { reason, exchanges: Vec::new() };
        let behind = self.behind.as_ref().ok_or_else(|| refused("nothing is behind the target".to_owned()))?;
        let admission = self.op.admit(sub, None);
        let requests = behind.requests();
        let (browser, exchanges) = match behind.login(self.browser_of(&admission)).await {
            Ok(done) => done,
            Err(failed) => return Err(Failed { reason: failed.reason, exchanges: failed.exchanges }),
        };
        let seen = self.op.seen(&admission);
        let Some(id_token) = seen.id_tokens.last() else {
            let reason = "the target let the browser in, and never came to our provider for it".to_owned();
            return Err(Failed { reason, exchanges });
        };
        let page = self.settings.protected.clone().unwrap_or_else(|| self.settings.login.clone());
        Ok((Session::new(browser, admission, page, Token::parse(id_token)), exchanges, requests))
    }

    /// Waits for a logout request at our relying party behind the target.
    pub(super) async fn told_behind(&self, requests: &mut Subscription) -> Option<Arc<Exchange>> {
        let deadline = Instant::now() + self.settings.timeouts.delivery;
        loop {
            let exchange = timeout_at(deadline, requests.next()).await.ok()??;
            if RelyingPartyAt::is_logout(&exchange) {
                return Some(exchange);
            }
        }
    }
}
