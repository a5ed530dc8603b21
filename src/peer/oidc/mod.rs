//! OpenID Connect with back-channel logout: a provider and a relying party.
//!
//! - [`op`]: the provider: it approves every login at once, and tells relying parties when a session ends.
//! - [`rp`]: the relying party: one protected page, and the endpoint that takes logout tokens.
//! - [`behaviour`]: what both can be made to do otherwise.

mod answer;
pub mod behaviour;
mod cookie;
pub mod op;
pub mod rp;

pub use op::{Downstream, Op, OpOptions, RegisteredClient};
pub use rp::{Rp, RpOptions};

/// The event that makes a token a logout token (Back-Channel Logout section 2.4).
pub const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The media type of a logout token without `application/` (Back-Channel Logout section 2.4).
pub const LOGOUT_TYPE: &str = "logout+jwt";

/// The media type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A text that nobody can guess.
pub(crate) fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
