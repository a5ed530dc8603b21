//! Why a feature is not there, and what that means.

use super::control::Control;
use super::settings::VisitingSettings;
use super::world::Stream;
use crate::run::settings::is_loopback;
use crate::run::transmitter::absence::Absence;
use crate::suite::model::case::{Asked, Method};
use url::Url;

const BY_POLL: &str = "the receiver takes SETs by poll";
const BY_PUSH: &str = "the receiver takes SETs by push";

/// Why a requirement of another revision of the CAEP Interoperability Profile does not apply.
pub(crate) const OTHER_REVISION: &str = "another revision of the profile was chosen (--interop)";

/// What our transmitter offers, and so every receiver that visits it can use.
const OFFERED: [&str; 14] = [
    "asymmetric",
    "trigger",
    "trigger-status",
    "trigger-verification",
    "push-and-poll",
    "configuration_endpoint",
    "status_endpoint",
    "add_subject_endpoint",
    "remove_subject_endpoint",
    "verification_endpoint",
    "several-streams",
    "default-subjects-all",
    "several-events",
    "long-poll",
];

/// The features of a receiver with this stream.
pub(super) fn features(settings: &VisitingSettings, stream: Option<&Stream>) -> Vec<&'static str> {
    let mut features = OFFERED.to_vec();
    let control: &Control = &settings.control;
    features.extend(Asked::ALL.into_iter().filter(|what| control.does(*what)).map(Asked::feature));
    features.extend(settings.interop.features());
    if control.restarts() {
        features.push("restart");
    }
    if settings.client.is_some() {
        features.push("oauth-client");
    }
    if settings.tls.is_some() {
        features.push("transmitter-tls");
    }
    if settings.key.alg().to_string().starts_with("ES") {
        features.push("ecdsa");
    }
    if settings.languages.len() > 1 {
        features.push("languages");
    }
    let Some(stream) = stream else { return features };
    features.push(stream.method.name());
    features.push(if stream.method == Method::Poll { "by-poll" } else { "by-push" });
    if stream.method == Method::Poll {
        return features;
    }
    let delivery = &stream.configuration["delivery"];
    features.push(if delivery["authorization_header"].is_string() { "authorization" } else { "anonymous" });
    let endpoint = delivery["endpoint_url"].as_str().and_then(|url| Url::parse(url).ok());
    let secure = endpoint.as_ref().is_some_and(|url| url.scheme() == "https");
    if secure {
        features.push("tls");
    }
    if secure || settings.deployed || endpoint.is_some_and(|url| !is_loopback(&url)) {
        features.push("deployed");
    }
    features
}

/// Whether a specification of delivery plays no part for a receiver with this stream.
pub(super) fn of_method(stream: Option<&Stream>, folder: &str) -> Option<Absence> {
    let what = match (stream?.method, folder) {
        (Method::Poll, "rfc8935") => BY_POLL,
        (Method::Push, "rfc8936") => BY_PUSH,
        _ => return None,
    };
    Some(Absence::NotApplicable(what.to_owned()))
}

/// The first feature that is missing, and what that means.
pub(super) fn of(features: &[&'static str], needs: &[String]) -> Option<Absence> {
    needs.iter().find(|need| !features.contains(&need.as_str())).map(|need| why(need, features))
}

fn why(feature: &str, features: &[&'static str]) -> Absence {
    let untested = |what: String| Absence::Untested(what);
    let not_applicable = |what: &str| Absence::NotApplicable(what.to_owned());
    let polls = features.contains(&Method::Poll.name());
    match feature {
        "restart" => untested(
            "it takes a receiver that starts anew: a hook that starts it shows it (--start, or start in [receiver])"
                .to_owned(),
        ),
        asked if asked.starts_with("ask-") => {
            let what = asked.trim_start_matches("ask-");
            untested(format!(
                "it takes a receiver that can be asked: a hook that does `{what}` shows it (ask in [receiver])"
            ))
        }
        "transmitter-tls" => untested(
            "it takes a receiver that reaches us over https: certificates that it trusts show it (--tls-ca)".to_owned(),
        ),
        "oauth-client" => untested(
            "it takes a receiver that gets its token from us: credentials for it show it (--client-id, --client-secret)"
                .to_owned(),
        ),
        "iop-status-endpoint" | "iop-device-compliance" => not_applicable(OTHER_REVISION),
        "languages" => untested("no second language was declared".to_owned()),
        "by-poll" => untested(format!("{BY_PUSH} in this run; --delivery poll shows the other method")),
        "by-push" => untested(format!("{BY_POLL} in this run; --delivery push shows the other method")),
        "poll" => not_applicable(BY_PUSH),
        "push" => not_applicable(BY_POLL),
        "authorization" | "anonymous" | "tls" | "deployed" if polls => not_applicable(BY_POLL),
        "authorization" => not_applicable("the stream has no authorization_header"),
        "anonymous" => not_applicable("the stream has an authorization_header"),
        "tls" | "deployed" => {
            not_applicable("the push endpoint is plain http on a loopback address: a development set-up")
        }
        "ecdsa" => not_applicable("the harness does not sign with ECDSA (--alg ES256)"),
        other => Absence::NotApplicable(format!("the feature `{other}` is not there")),
    }
}
