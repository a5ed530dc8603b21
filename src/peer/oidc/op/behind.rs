//! A provider whose users log in elsewhere: at the relying party that it belongs to (Back-Channel Logout section 2.7).

use std::sync::Arc;

use axum::http::HeaderMap;
use url::form_urlencoded::Serializer;

use super::{AUTHORIZE, Call, Op, Shared, logout};
use crate::peer::answer::Answer;
use crate::peer::oidc::answer::redirect;
use crate::peer::oidc::random;

/// Whose request it is: subject and session, or nobody's.
type Who = dyn Fn(&HeaderMap) -> Option<(String, String)> + Send + Sync;

/// The relying party that a provider belongs to, as the provider sees it.
pub(crate) struct Behind {
    /// Where a login begins; the parameter `then` says where it goes on.
    pub login: String,
    /// Who a browser is logged in as there: the user, and the session.
    pub who: Box<Who>,
}

/// Ends sessions of a provider whose users log in elsewhere. Cheap to clone.
#[derive(Clone)]
pub struct Downstream(Arc<Shared>);

impl Op {
    /// Has its users log in at a relying party from now on.
    pub(crate) fn stand_behind(&self, behind: Behind) {
        self.shared.behind.get_or_init(|| behind);
    }

    /// What its relying party ends sessions by.
    pub fn downstream(&self) -> Downstream {
        Downstream(self.shared.clone())
    }
}

impl Downstream {
    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// Ends what was logged in by a session of the relying party, and tells those who took part.
    pub(crate) async fn end(&self, upstream: &str) {
        for session in self.0.sessions.end_of(upstream) {
            logout::tell(&self.0, &session).await;
        }
    }
}

/// The cookie of the session that a browser has by way of the relying party, or the way there; `None` where users log in here.
pub(super) fn session(shared: &Shared, call: &Call) -> Option<Result<String, Answer>> {
    let behind = shared.behind.get()?;
    if let Some((user, upstream)) = (behind.who)(&call.headers) {
        let known = shared.sessions.of_upstream(&upstream);
        return Some(Ok(known.unwrap_or_else(|| shared.sessions.admit_by(&user, random(), Some(upstream)).cookie)));
    }
    let mut query = Serializer::new(String::new());
    for (name, value) in &call.parameters {
        query.append_pair(name, value.as_str().unwrap_or_default());
    }
    let then = format!("{}{AUTHORIZE}?{}", shared.issuer(), query.finish());
    let query = Serializer::new(String::new()).append_pair("then", &then).finish();
    Some(Err(redirect(&format!("{}?{query}", behind.login))))
}
