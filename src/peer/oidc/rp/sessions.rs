//! Who is logged in, who is on the way, and which logout tokens have come.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::peer::oidc::random;

/// How many of each are kept before it starts anew.
const MOST: usize = 10_000;

/// A login that has begun.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub nonce: String,
    pub verifier: String,
    /// Where the browser goes on once it is in, if not to the protected page.
    pub then: Option<String>,
}

/// A session: what the ID Token said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub sub: String,
    pub sid: Option<String>,
}

/// The sessions that a logout token names (Back-Channel Logout section 2.7).
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub sub: Option<&'a str>,
    pub sid: Option<&'a str>,
}

impl Named<'_> {
    fn fits(&self, session: &Session) -> bool {
        let by_sub = self.sub.is_none_or(|sub| session.sub == sub);
        let by_sid = self.sid.is_none_or(|sid| session.sid.as_deref() == Some(sid));
        by_sub && by_sid && (self.sub.is_some() || self.sid.is_some())
    }
}

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By the value of `state`.
    pending: HashMap<String, Pending>,
    /// By the value of the cookie.
    sessions: HashMap<String, Session>,
    jtis: HashSet<String>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a login; gives its `state`.
    pub fn begin(&self, pending: Pending) -> String {
        let state = random();
        let mut inner = self.lock();
        if inner.pending.len() >= MOST {
            inner.pending.clear();
        }
        inner.pending.insert(state.clone(), pending);
        state
    }

    /// A `state` is good for once.
    pub fn take(&self, state: &str) -> Option<Pending> {
        self.lock().pending.remove(state)
    }

    /// Enters a session; gives its cookie.
    pub fn enter(&self, session: Session) -> String {
        let cookie = random();
        let mut inner = self.lock();
        if inner.sessions.len() >= MOST {
            inner.sessions.clear();
        }
        inner.sessions.insert(cookie.clone(), session);
        cookie
    }

    pub fn has(&self, cookie: &str) -> bool {
        self.lock().sessions.contains_key(cookie)
    }

    pub fn find(&self, cookie: &str) -> Option<Session> {
        self.lock().sessions.get(cookie).cloned()
    }

    /// Whether some session is meant.
    pub fn knows(&self, named: Named<'_>) -> bool {
        self.lock().sessions.values().any(|session| named.fits(session))
    }

    /// Ends the sessions that are named, at most so many; gives their cookies.
    pub fn end(&self, named: Named<'_>, most: usize) -> Vec<String> {
        let mut inner = self.lock();
        let found = inner.sessions.iter().filter(|(_, session)| named.fits(session));
        let cookies: Vec<String> = found.map(|(cookie, _)| cookie.clone()).take(most).collect();
        for cookie in &cookies {
            inner.sessions.remove(cookie);
        }
        cookies
    }

    /// Ends all there are; gives their cookies.
    pub fn end_all(&self) -> Vec<String> {
        self.lock().sessions.drain().map(|(cookie, _)| cookie).collect()
    }

    /// The user of the session with this identifier.
    pub fn user_of(&self, sid: &str) -> Option<String> {
        let inner = self.lock();
        inner.sessions.values().find(|session| session.sid.as_deref() == Some(sid)).map(|session| session.sub.clone())
    }

    /// Whether a token with this identifier came before.
    pub fn is_repeated(&self, jti: &str) -> bool {
        self.lock().jtis.contains(jti)
    }

    /// Remembers the identifier of a token that was taken.
    pub fn remember(&self, jti: &str) {
        let mut inner = self.lock();
        if inner.jtis.len() >= MOST {
            inner.jtis.clear();
        }
        inner.jtis.insert(jti.to_owned());
    }
}
