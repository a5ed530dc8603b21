//! Which keys are for which target.
//!
//! A key for another one is a fault: with `url` in the file of a transmitter, the built-in one would be judged, and nobody
//! would notice.

use super::fault::Fault;
use super::options::{ROLES, keys, keys_by_visit};
use super::reading::Entry;
use crate::suite::model::profile::Role;

/// The keys that are for other roles than this one.
pub(super) fn foreign(entries: &[Entry], role: Role) -> Vec<Fault> {
    let ours = keys(role);
    let others: Vec<(Role, Vec<String>)> = ROLES.into_iter().map(|role| (role, keys(role))).collect();
    let foreign = entries.iter().filter(|entry| !ours.contains(&entry.key));
    foreign
        .map(|entry| {
            let has_it = others.iter().filter(|(_, keys)| keys.contains(&entry.key));
            let whose: Vec<&str> = has_it.map(|(role, _)| described(*role)).collect();
            Fault { at: entry.at, message: format!("`{}` is for {}", entry.key, whose.join(" or ")) }
        })
        .collect()
}

/// The keys that are for the other kind of receivers: those that visit us, or those that are pushed to.
pub(super) fn of_the_other_kind(entries: &[Entry], visits: bool) -> Vec<Fault> {
    let (visitors, others) = keys_by_visit();
    let (foreign, why) = if visits {
        (others, "a receiver that is pushed to, not for one that visits")
    } else {
        (visitors, "a receiver that visits (visiting = true)")
    };
    let found = entries.iter().filter(|entry| foreign.contains(&entry.key));
    found.map(|entry| Fault { at: entry.at, message: format!("`{}` is for {why}", entry.key) }).collect()
}

/// A target of this role, in words.
pub(in crate::cli) const fn described(role: Role) -> &'static str {
    match role {
        Role::Receiver => "a receiver",
        Role::Transmitter => "a transmitter",
        Role::Rp => "a relying party",
        Role::Op => "an OpenID provider",
        Role::Token => "tokens",
    }
}
