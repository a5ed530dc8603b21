//! Legal variants of the receiver, by name: what a conformant one may do or leave out.

use super::options::SsfReceiverOptions;
use crate::peer::behaviours::{Known, Toggle, described};
use crate::suite::model::case::Method;

const ALL: &[Toggle<SsfReceiverOptions>] = &[
    ("push", "takes SETs by push", |options| options.delivery = Method::Push),
    ("client-credentials", "gets its token from the token endpoint", |options| options.prefers_client = true),
    ("short-polling", "polls at short intervals and never waits", |options| options.poll.immediately = true),
    ("acknowledges-apart", "acknowledges by requests of their own", |options| options.poll.acknowledges_apart = true),
    ("one-at-a-time", "polls for one SET at a time", |options| options.poll.max_events = Some(1)),
    ("errors-apart", "reports errors by requests of their own", |options| options.poll.errors_apart = true),
    ("adopts", "takes over a stream that is there already", |options| options.adopts = true),
    ("no-verification", "asks for no verification by itself", |options| options.verifies = false),
    ("no-authorization", "asks for no authorization of pushes", |options| options.push.authorization = None),
    ("quiet-visitor", "makes no request but the necessary ones", |options| options.quiet = true),
    ("keeps-stream", "does not delete its stream when it stops", |options| options.keeps_stream = true),
    ("deletes-turned-down", "deletes a stream whose configuration it turns down", |options| {
        options.deletes_turned_down = true;
    }),
    ("creates-again", "asks for another stream where it turns one down, three times at the most", |options| {
        options.creates_again = true;
    }),
];

/// The toggles: name and description.
pub const TOGGLES: Known = &described::<_, { ALL.len() }>(ALL);

/// Changes the options as a toggle says; false if there is none of this name.
#[must_use]
pub fn apply(options: &mut SsfReceiverOptions, toggle: &str) -> bool {
    let found = ALL.iter().find(|(name, ..)| *name == toggle);
    found.map(|(_, _, change)| change(options)).is_some()
}
