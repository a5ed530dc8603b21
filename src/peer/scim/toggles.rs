//! Legal variants of the service provider, by name.

use std::time::Duration;

use super::options::{AsyncRequest, Detail, ScimOptions};
use crate::peer::behaviours::{Known, Toggle, described};

const ALL: &[Toggle<ScimOptions>] = &[
    ("async-none", "answers no request asynchronously", |options| options.async_request = AsyncRequest::None),
    ("async-long", "answers asynchronously what takes long", |options| options.async_request = AsyncRequest::Long),
    ("slow", "takes more than a second where the client does not mind", |options| {
        options.takes = Duration::from_millis(1200);
    }),
    ("notices", "names the attributes that changed in its events, and shows no data", |options| {
        options.detail = Detail::Notice;
    }),
    ("set-location", "says where the SET of a completion can be got", |options| options.offers_results = true),
    ("relative-location", "gives locations relative to its base", |options| options.relative_locations = true),
    ("no-bulk", "takes no bulk requests", |options| options.bulk = false),
    ("no-security-events", "says nothing of events, and answers no request asynchronously", |options| {
        options.announces_events = false;
        options.async_request = AsyncRequest::None;
    }),
];

/// The toggles: name and description.
pub const TOGGLES: Known = &described::<_, { ALL.len() }>(ALL);

impl ScimOptions {
    /// Changes the options as a toggle says.
    ///
    /// # Errors
    /// In words, if there is none of this name.
    pub fn apply(&mut self, toggle: &str) -> Result<(), String> {
        let found = ALL.iter().find(|(name, ..)| *name == toggle);
        found.map(|(_, _, change)| change(self)).ok_or_else(|| format!("the service provider has no toggle `{toggle}`"))
    }
}
