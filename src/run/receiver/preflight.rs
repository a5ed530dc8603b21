//! The preflight: is the target there, does it take our credential, does it trust our issuer?
//!
//! Whatever fails here is a matter of set-up. It makes the run inconclusive and says what helps; it is never a
//! violation, least of all forty of them.

use std::sync::Arc;

use super::pusher::Pusher;
use super::{Preflight, World, scope};
use crate::expr::Template;
use crate::http::{Exchange, FailureKind, Response};
use crate::run::clock;
use crate::run::event::PreflightLine;
use crate::run::steps::Stop;
use crate::suite::catalogue::{PushBase, PushPlan};
use crate::suite::model::case::Auth;

/// The SET that every receiver of the profile has to take.
pub(crate) const GOOD_SET: &str = "caep/session-revoked";

pub(super) async fn run(world: &Arc<World>) -> Preflight {
    let plan = PushPlan {
        base: PushBase::Set(GOOD_SET.to_owned()),
        claims: None,
        header: None,
        forge: None,
        headers: Template::compile(&serde_json::json!({}), &crate::expr::Vocabulary::default())
            .expect("an empty object is a template"),
        form: None,
        encrypt: None,
        auth: Auth::Valid,
        fault: None,
    };
    let mut scope = scope(world);
    match Pusher::new(world.pushing.clone()).push(&plan, &mut scope).await {
        Ok(acted) => {
            let lines = acted.exchanges.first().map(|exchange| lines(world, exchange)).unwrap_or_default();
            Preflight { lines, exchanges: acted.exchanges, internal_error: None }
        }
        Err(stop) => {
            let message = match stop {
                Stop::Internal(message)
                | Stop::NotApplicable(message)
                | Stop::NoOccasion(message)
                | Stop::Inconclusive { reason: message, .. } => message,
            };
            Preflight {
                lines: vec![failed("good SET", message.clone(), None)],
                exchanges: Vec::new(),
                internal_error: Some(message),
            }
        }
    }
}

/// The preflight and what else is worth knowing before a run: the clock, and whether our keys were fetched.
pub(super) async fn examine(world: &Arc<World>) -> Preflight {
    let mut preflight = run(world).await;
    let good = preflight.lines.iter().all(|line| line.ok);
    if let Some(exchange) = preflight.exchanges.iter().find(|exchange| exchange.response.is_some()) {
        preflight.lines.extend(clock::line(exchange, "the receiver"));
        preflight.lines.extend(keys(world, good));
    }
    preflight
}

/// A shared secret is no key that anybody could fetch.
fn keys(world: &World, good: bool) -> Option<PreflightLine> {
    world.settings.key.public_jwk()?;
    let jwks = world.identity.jwks_uri();
    Some(match (world.identity.was_asked_for_keys(), good) {
        (true, _) => passed("keys", format!("the receiver fetched ours from {jwks}")),
        (false, true) => PreflightLine {
            advice: Some(
                "It has them from elsewhere, or takes SETs without looking at their signatures; the run will tell."
                    .to_owned(),
            ),
            ..passed("keys", format!("the receiver took the SET and did not fetch ours from {jwks}"))
        },
        (false, false) => failed(
            "keys",
            format!("the receiver did not fetch ours from {jwks}"),
            Some(
                "Can it reach that address (--listen, --public-url), and does it know that our keys are there?"
                    .to_owned(),
            ),
        ),
    })
}

fn passed(name: &str, message: impl Into<String>) -> PreflightLine {
    PreflightLine { name: name.to_owned(), ok: true, message: message.into(), advice: None }
}

fn failed(name: &str, message: impl Into<String>, advice: Option<String>) -> PreflightLine {
    PreflightLine { name: name.to_owned(), ok: false, message: message.into(), advice }
}

fn lines(world: &World, exchange: &Exchange) -> Vec<PreflightLine> {
    let url = &world.settings.url;
    if let Some(failure) =
        exchange.failure.as_ref().filter(|_| !exchange.response.as_ref().is_some_and(|r| r.truncated))
    {
        let (name, advice) = match failure.kind {
            FailureKind::NameResolution => ("name", "Check the host name of the URL."),
            FailureKind::Connect => {
                ("connection", "Is the receiver running, and does it listen on this address and port?")
            }
            FailureKind::ConnectTimeout => ("connection", "Is a firewall in between? --timeout gives it more time."),
            FailureKind::CertificateInvalid => (
                "certificate",
                "Trust its authority with --ca FILE; --insecure leaves the check out and says so in the report.",
            ),
            FailureKind::Tls => {
                ("TLS", "Does this port speak TLS, version 1.2 or newer? `http://` reaches a plain one.")
            }
            FailureKind::ResponseTimeout => {
                ("answer", "It took the connection and did not answer in time; --timeout gives it more.")
            }
            FailureKind::Malformed | FailureKind::TooLarge => {
                ("answer", "What came back is not HTTP/1.1; is this the right port?")
            }
            _ => ("answer", "The connection ended without a whole answer; the log of the receiver may say why."),
        };
        return vec![failed(name, failure.message.clone(), Some(advice.to_owned()))];
    }
    let mut lines = vec![passed(
        "connection",
        match &exchange.tls {
            Some(tls) => format!("{url} answers, TLS {} {}", tls.version, tls.cipher_suite),
            None => format!("{url} answers"),
        },
    )];
    if let Some(response) = &exchange.response {
        let mut line = good_set(world, response);
        if let Some(way) = clock::skew(exchange).and_then(clock::describe)
            && let Some(advice) = line.advice.as_mut().filter(|_| !line.ok)
        {
            advice.insert_str(0, &format!("Its clock is {way} ours, so our SETs may look wrong to it. "));
        }
        lines.push(line);
    }
    lines
}

fn good_set(world: &World, response: &Response) -> PreflightLine {
    let status = response.status;
    if (200..300).contains(&status) {
        return passed("good SET", format!("accepted with {status}"));
    }
    let err = crate::set::json::parse(&response.body)
        .ok()
        .and_then(|parsed| parsed.value.get("err").and_then(|err| err.as_str().map(str::to_owned)));
    let said = match &err {
        Some(err) => format!("a good SET is answered with {status} and the error {err:?}"),
        None => format!("a good SET is answered with {status}"),
    };
    failed("good SET", said, Some(advice(world, status, err.as_deref())))
}

/// What to do about a receiver that does not take the good SET.
fn advice(world: &World, status: u16, err: Option<&str>) -> String {
    let issuer = &world.issuer;
    let jwks = world.identity.jwks_uri();
    let audience = &world.settings.audience;
    let credential = if world.settings.authorization.is_some() {
        "The credential of --authorization-header was refused; check it."
    } else {
        "The receiver wants a credential; give it with --authorization-header."
    };
    let trust = format!(
        "The receiver has to trust the issuer {issuer} with the keys at {jwks}. Configure it so, or sign as an issuer \
         that it trusts with --issuer and --key."
    );
    let fetched = if world.identity.was_asked_for_keys() {
        String::new()
    } else {
        format!(" It did not fetch {jwks}: can it reach that address (--listen, --public-url)?")
    };
    match (status, err) {
        (401 | 403, _) | (_, Some("authentication_failed" | "access_denied")) => credential.to_owned(),
        (_, Some("invalid_issuer")) => trust,
        (_, Some("invalid_audience")) => {
            format!("The SET is for the audience {audience:?}; give the one that the receiver goes by with --audience.")
        }
        (_, Some("invalid_key")) => format!("{trust}{fetched}"),
        (404 | 405 | 410, _) => "Nothing takes SETs at this URL: check its path.".to_owned(),
        (300..=399, _) => "The receiver redirects; give the final URL.".to_owned(),
        (429, _) => "The receiver limits our rate; try again later or with --jobs 1.".to_owned(),
        (500..=599, _) => "The receiver failed by itself; its log may say why.".to_owned(),
        _ => format!(
            "{trust}{fetched} The SET is for the audience {audience:?} (--audience) and is signed with {} (--alg). A receiver \
             that takes other events only is given one of them with --set.",
            world.settings.key.alg()
        ),
    }
}
