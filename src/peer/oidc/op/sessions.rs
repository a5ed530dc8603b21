//! Who is logged in, in which browser, at which relying parties (Back-Channel Logout section 2.3).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::peer::oidc::random;

/// How many sessions, codes and access tokens are kept before it starts anew.
const MOST: usize = 10_000;

/// A browser that is logged in before it comes.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The value of the cookie [`COOKIE`](super::COOKIE).
    pub cookie: String,
    /// The user.
    pub sub: String,
    /// The session.
    pub sid: String,
}

/// What became of a session.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whether the browser came to the authorization endpoint with it.
    pub asked: bool,
    /// The ID Tokens that were given for it, in order.
    pub id_tokens: Vec<String>,
}

/// One session of a browser.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub sub: String,
    pub sid: String,
    pub seen: Seen,
    /// The identifiers of the clients that it was used with.
    pub clients: Vec<String>,
    /// Whether it gets logout tokens in place of ID Tokens.
    pub confused: bool,
    /// The session elsewhere that it came of.
    pub upstream: Option<String>,
}

/// What an authorization code stands for.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub client: String,
    pub redirect_uri: String,
    pub nonce: Option<String>,
    /// The PKCE challenge and whether it is a digest.
    pub challenge: Option<(String, bool)>,
    /// The cookie of the session.
    pub session: String,
    /// Whether `offline_access` was asked for.
    pub offline: bool,
}

/// What a refresh token stands for.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub client: String,
    /// The cookie of the session.
    pub session: String,
    /// Whether it outlives the session.
    pub offline: bool,
    /// Whether the session has ended, and one use is left.
    pub fading: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<String, Session>,
    grants: HashMap<String, Grant>,
    /// The cookie of the session by access token.
    tokens: HashMap<String, String>,
    /// By the refresh token.
    refreshes: HashMap<String, Refresh>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn admit(&self, sub: &str, sid: String) -> Admission {
        self.admit_by(sub, sid, None)
    }

    /// The same for a session that came of one elsewhere.
    pub fn admit_by(&self, sub: &str, sid: String, upstream: Option<String>) -> Admission {
        let cookie = random();
        let session = Session {
            sub: sub.to_owned(),
            sid: sid.clone(),
            seen: Seen::default(),
            clients: Vec::new(),
            confused: false,
            upstream,
        };
        insert(&mut self.lock().sessions, cookie.clone(), session);
        Admission { cookie, sub: sub.to_owned(), sid }
    }

    pub fn find(&self, cookie: &str) -> Option<Session> {
        self.lock().sessions.get(cookie).cloned()
    }

    pub fn seen(&self, cookie: &str) -> Seen {
        self.lock().sessions.get(cookie).map(|session| session.seen.clone()).unwrap_or_default()
    }

    pub fn confuse(&self, cookie: &str) {
        if let Some(session) = self.lock().sessions.get_mut(cookie) {
            session.confused = true;
        }
    }

    /// The cookie of the session with this identifier.
    pub fn by_sid(&self, sid: &str) -> Option<String> {
        self.lock().sessions.iter().find(|(_, session)| session.sid == sid).map(|(cookie, _)| cookie.clone())
    }

    /// Enters a grant; gives its code.
    pub fn grant(&self, grant: Grant) -> String {
        let code = random();
        let mut inner = self.lock();
        if let Some(session) = inner.sessions.get_mut(&grant.session) {
            session.seen.asked = true;
        }
        insert(&mut inner.grants, code.clone(), grant);
        code
    }

    /// A code is good for once.
    pub fn redeem(&self, code: &str) -> Option<Grant> {
        self.lock().grants.remove(code)
    }

    /// Notes that a client has logged the session in; gives an access token.
    pub fn logged_in(&self, grant: &Grant, id_token: &str) -> String {
        let token = random();
        let mut inner = self.lock();
        if let Some(session) = inner.sessions.get_mut(&grant.session) {
            session.seen.id_tokens.push(id_token.to_owned());
            if !session.clients.contains(&grant.client) {
                session.clients.push(grant.client.clone());
            }
        }
        insert(&mut inner.tokens, token.clone(), grant.session.clone());
        token
    }

    /// The user that an access token stands for.
    pub fn user_of(&self, token: &str) -> Option<String> {
        let inner = self.lock();
        inner.tokens.get(token).and_then(|cookie| inner.sessions.get(cookie)).map(|session| session.sub.clone())
    }

    /// Enters a refresh token.
    pub fn refreshable(&self, refresh: Refresh) -> String {
        let token = random();
        insert(&mut self.lock().refreshes, token.clone(), refresh);
        token
    }

    /// A refresh token is good for once.
    pub fn refresh(&self, token: &str) -> Option<Refresh> {
        self.lock().refreshes.remove(token)
    }

    /// Revokes the refresh tokens of a session that `revoked` holds for; with `later`, after one more use.
    pub fn revoke(&self, session: &str, revoked: impl Fn(&Refresh) -> bool, later: bool) {
        let mut inner = self.lock();
        let is_meant = |refresh: &Refresh| refresh.session == session && revoked(refresh);
        if later {
            inner.refreshes.values_mut().filter(|refresh| is_meant(refresh)).for_each(|refresh| refresh.fading = true);
        } else {
            inner.refreshes.retain(|_, refresh| !is_meant(refresh));
        }
    }

    /// The cookie of the session that came of one elsewhere.
    pub fn of_upstream(&self, upstream: &str) -> Option<String> {
        let inner = self.lock();
        let found = inner.sessions.iter().find(|(_, session)| session.upstream.as_deref() == Some(upstream));
        found.map(|(cookie, _)| cookie.clone())
    }

    /// Ends the sessions that came of one elsewhere; gives what they were.
    pub fn end_of(&self, upstream: &str) -> Vec<Session> {
        let mut inner = self.lock();
        inner
            .sessions
            .extract_if(|_, session| session.upstream.as_deref() == Some(upstream))
            .map(|(_, it)| it)
            .collect()
    }

    /// Ends a session; gives what it was.
    pub fn end(&self, cookie: &str) -> Option<Session> {
        self.lock().sessions.remove(cookie)
    }
}

fn insert<T>(map: &mut HashMap<String, T>, key: String, value: T) {
    if map.len() >= MOST {
        map.clear();
    }
    map.insert(key, value);
}
