//! Accounts that have left the exchange of RISC events (RISC 1.0 section 2.8).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// What the URIs of RISC begin with.
const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";

/// The subjects of the accounts that have left.
#[derive(Debug, Default)]
pub(super) struct OptedOut(Mutex<HashSet<String>>);

impl OptedOut {
    /// Whether an event about this subject may be sent; one that tells that the account leaves or comes back is taken note of.
    pub fn admits(&self, event: &str, subject: &Value) -> bool {
        let Some(name) = event.strip_prefix(RISC) else { return true };
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let subject = subject.to_string();
        match name {
            "opt-in" => {
                left.remove(&subject);
                true
            }
            "opt-out-effective" => {
                left.insert(subject);
                true
            }
            other => is_told_by(other) || !left.contains(&subject),
        }
    }
}

/// Whether an event tells of the account's part in the exchange itself.
pub(super) fn tells_of_it(event: &str) -> bool {
    event.strip_prefix(RISC).is_some_and(is_told_by)
}

fn is_told_by(name: &str) -> bool {
    matches!(name, "opt-in" | "opt-out-initiated" | "opt-out-cancelled" | "opt-out-effective")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_said_of_who_has_left() {
        let (accounts, one, other) = (OptedOut::default(), json!({"id": "1"}), json!({"id": "2"}));
        let admits = |name: &str, subject: &Value| accounts.admits(&format!("{RISC}{name}"), subject);
        assert!(admits("opt-out-initiated", &one) && admits("account-enabled", &one));
        assert!(admits("opt-out-effective", &one));
        assert!(!admits("account-enabled", &one));
        assert!(admits("account-enabled", &other));
        assert!(accounts.admits("https://schemas.openid.net/secevent/caep/event-type/session-revoked", &one));
        assert!(admits("opt-in", &one) && admits("account-enabled", &one));
    }
}
