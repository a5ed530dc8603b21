//! Legal variants of the transmitter, by name: what a conformant one may offer or leave out.

use std::time::Duration;

use super::options::{DefaultSubjects, InactivityAction, SsfOptions};
use crate::peer::behaviours::{Known, Toggle, described};

const ALL: &[Toggle<SsfOptions>] = &[
    ("push-only", "delivers by push alone", |options| options.features.poll = false),
    ("poll-only", "delivers by poll alone", |options| options.features.push = false),
    ("one-stream", "allows a receiver one stream", |options| options.features.several_streams = false),
    ("no-subjects", "has no endpoints for subjects", |options| options.features.subjects = false),
    ("no-status", "has no status endpoint", |options| options.features.status = false),
    ("no-verification", "has no verification endpoint", |options| options.features.verification = false),
    ("default-subjects-none", "covers no subject until it is added", |options| {
        options.features.default_subjects = Some(DefaultSubjects::None);
    }),
    ("default-subjects-absent", "does not say which subjects a new stream covers", |options| {
        options.features.default_subjects = None;
    }),
    ("min-verification-interval", "allows one verification request a second", |options| {
        options.timing.min_verification_interval = Some(1);
    }),
    ("inactivity-timeout", "pauses a stream whose receiver is silent for two seconds", |options| {
        options.timing.inactivity_timeout = Some(Duration::from_secs(2));
        options.timing.inactivity_action = InactivityAction::Pause;
    }),
    ("redelivers-later", "returns a SET that is not acknowledged again after half a second", |options| {
        options.timing.redeliver_after = Duration::from_millis(500);
    }),
    ("issuer-path", "has an issuer with a path", |options| "/tenant".clone_into(&mut options.issuer_path)),
    ("no-token-endpoint", "gives out no tokens", |options| options.features.token_endpoint = false),
    ("no-resource-metadata", "has no metadata of a protected resource", |options| {
        options.features.resource_metadata = false;
    }),
    ("critical-members", "declares the subject member user critical", |options| {
        options.features.critical_subject_members = vec!["user".to_owned()];
    }),
    ("several-audiences", "names two audiences in every SET", |options| {
        for account in &mut options.receivers {
            let first = account.audience.first().cloned().unwrap_or_default();
            account.audience.push(format!("{first}/second"));
        }
    }),
];

/// The toggles: name and description.
pub const TOGGLES: Known = &described::<_, { ALL.len() }>(ALL);

/// Changes the options as a toggle says; false if there is none of this name.
#[must_use]
pub fn apply(options: &mut SsfOptions, toggle: &str) -> bool {
    let found = ALL.iter().find(|(name, ..)| *name == toggle);
    found.map(|(_, _, change)| change(options)).is_some()
}
