//! Why a feature is not there, and what that means.

use super::settings::TransmitterSettings;
use super::world::World;
use crate::run::settings::is_loopback;
use crate::suite::model::case::{Auth, Method};

/// What a missing feature means for what needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absence {
    /// The target does not declare it.
    NotApplicable(String),
    /// The operator could have given the means.
    Untested(String),
}

impl Absence {
    pub fn reason(&self) -> &str {
        match self {
            Self::NotApplicable(reason) | Self::Untested(reason) => reason,
        }
    }
}

/// The first feature that is missing, and what that means.
pub(crate) fn of(world: &World, needs: &[String]) -> Option<Absence> {
    let has = |need: &str| world.offer().is_some_and(|offer| offer.features.contains(need));
    needs.iter().find(|need| !has(need)).map(|need| why(world, need))
}

/// Why a delivery method is not tested, if it is not.
pub(crate) fn of_method(world: &World, method: Method) -> Option<Absence> {
    let offer = world.offer()?;
    let name = method.name();
    if offer.methods.contains(&method) {
        return None;
    }
    if !offer.features.contains(name) {
        return Some(why(world, name));
    }
    Some(Absence::Untested(match world.settings.delivery.contains(&method) {
        true => format!("no stream by {name} could be used; the preflight says why"),
        false => format!("delivery by {name} was not selected (--delivery)"),
    }))
}

/// A token that was neither given nor to be had.
fn limited(world: &World, auth: Auth, what: &str) -> Absence {
    let why = world.limited.why_not(auth).map_or_else(String::new, |why| format!(" ({why})"));
    Absence::Untested(format!("it takes {what}{why}"))
}

fn why(world: &World, feature: &str) -> Absence {
    let settings: &TransmitterSettings = &world.settings;
    let untested = |what: &str| Absence::Untested(what.to_owned());
    let loopback = url::Url::parse(&settings.issuer).is_ok_and(|url| is_loopback(&url));
    match feature {
        "trigger" => {
            untested("it takes an event: a hook that causes one shows it (--trigger, or [trigger] in setspec.toml)")
        }
        "trigger-status" => {
            untested("it takes a status that the transmitter changes by itself: a hook that does `status` shows it")
        }
        "trigger-verification" => {
            untested("it takes a verification that nobody requested: a hook that does `verification` shows it")
        }
        "trigger-keys" => untested("it takes a new key: a hook that does `rotate-key` shows it"),
        "risc-opt-out" if !settings.events.is_empty() => {
            untested("it takes an account that leaves and comes back: --event names the events of RISC that tell of it")
        }
        "risc-opt-out" => {
            Absence::NotApplicable("the events by which RISC tells of opting out are not supported".to_owned())
        }
        "other-receiver" => untested("it takes a second receiver: --second-token shows it"),
        "read-only-token" => limited(
            world,
            Auth::ReadOnly,
            "a token that may read and nothing else: --read-only-token gives it, or --client-id where the scope ssf.read is given out",
        ),
        "manage-only-token" => limited(
            world,
            Auth::ManageOnly,
            "a token of the scope ssf.manage alone: --manage-only-token gives it, or --client-id where that scope is given out",
        ),
        "expired-token" => limited(
            world,
            Auth::Expired,
            "a token that has expired: --expired-token gives it, or --client-id where tokens can be revoked (RFC 7009)",
        ),
        "oauth-client" => untested("it takes tokens that are asked for: --client-id shows it"),
        "ssf-scopes" => Absence::NotApplicable(
            "its metadata as a protected resource do not name the scopes ssf.read and ssf.manage".to_owned(),
        ),
        "authorization" => {
            Absence::NotApplicable("no credential was given, so the transmitter asks for none".to_owned())
        }
        "scim" => untested("it takes the SCIM service provider: --scim names its base URL"),
        "scim-authorization" => {
            Absence::NotApplicable("no credential was given, so the service provider asks for none".to_owned())
        }
        "scim-async" => {
            Absence::NotApplicable("the service provider does not say that it answers asynchronously".to_owned())
        }
        "scim-bulk" => Absence::NotApplicable("the service provider takes no bulk requests".to_owned()),
        "scim-new-resources" => Absence::NotApplicable(
            "a stream covers no resource that was not added, and a new one is not known yet".to_owned(),
        ),
        "scim-deletions" => Absence::NotApplicable("no event tells of deletions".to_owned()),
        "long-poll" => untested("it takes to know how long a poll is held: --long-poll says so"),
        "several-events" => untested("it takes two events that can be caused: --event names them"),
        "listener-tls" => untested("our push listener is plain http"),
        "tls" | "deployed" if loopback => {
            Absence::NotApplicable("plain http on a loopback address: a development set-up".to_owned())
        }
        "tls" => Absence::NotApplicable("the target is not reached over https".to_owned()),
        "push" => Absence::NotApplicable("the transmitter does not offer delivery by push".to_owned()),
        "poll" => Absence::NotApplicable("the transmitter does not offer delivery by poll".to_owned()),
        "push-and-poll" => Absence::NotApplicable("the transmitter offers one delivery method only".to_owned()),
        "one-method" => Absence::NotApplicable("the transmitter offers both delivery methods".to_owned()),
        "several-streams" => Absence::NotApplicable("a receiver may have one stream only".to_owned()),
        "one-stream" => Absence::NotApplicable("a receiver may have several streams".to_owned()),
        "default-subjects-all" | "default-subjects-none" => {
            Absence::NotApplicable("the metadata say otherwise of default_subjects, or nothing".to_owned())
        }
        "issuer-path" => Absence::NotApplicable("the issuer has no path component".to_owned()),
        other => Absence::NotApplicable(format!("the transmitter does not announce it: {}", other.replace('-', " "))),
    }
}
