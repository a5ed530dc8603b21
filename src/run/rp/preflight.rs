//! Before the first case: somebody logs in, a stranger does not, and a good token is answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::actor::Visitors;
use super::world::{Failed, Session, World, told};
use crate::http::Exchange;
use crate::run::browser::shown;
use crate::run::clock;
use crate::run::event::PreflightLine;
use crate::run::receiver::Preflight;
use crate::run::steps::Stop;

/// The first pause between two attempts to log in; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

pub(super) async fn run(world: &Arc<World>) -> Preflight {
    let mut found = Preflight { lines: Vec::new(), exchanges: Vec::new(), internal_error: None };
    let session = match first_login(world).await {
        Ok((session, exchanges)) => {
            found.exchanges.extend(exchanges);
            found.lines.push(line(
                "login",
                true,
                format!("{} logs in by way of our provider", world.settings.login),
                None,
            ));
            session
        }
        Err(failed) => {
            found.exchanges.extend(failed.exchanges);
            let advice = format!(
                "The relying party has to know our provider {} by the client id {:?}, and --login is the page that sends \
                 browsers there; [[rp.login]] in setspec.toml describes the forms on the way. A relying party that looks us up at \
                 its start is started meanwhile with --wait. One that keeps our keys from an earlier run needs the same ones again \
                 (--key FILE).",
                world.op.issuer(),
                world.settings.client_id,
            );
            found.lines.push(line("login", false, failed.reason, Some(advice)));
            return found;
        }
    };
    stranger(world, &session, &mut found).await;
    if found.lines.iter().all(|line| line.ok) {
        good_token(world, session, &mut found).await;
    }
    found
}

fn is_taken(exchange: &Exchange) -> bool {
    exchange.status().is_some_and(|status| (200..300).contains(&status))
}

/// A relying party that is being started may take a while.
async fn first_login(world: &World) -> Result<(Session, Vec<Exchange>), Failed> {
    let mut again = Again::of(world);
    let sub = world.anybody();
    loop {
        match world.login(&sub, None).await {
            Ok(done) => return Ok(done),
            Err(failed) => {
                if !again.pause().await {
                    return Err(failed);
                }
            }
        }
    }
}

/// Attempts with growing pauses, for as long as the operator wants to wait.
struct Again {
    until: Instant,
    pause: Duration,
}

impl Again {
    fn of(world: &World) -> Self {
        Self { until: Instant::now() + world.settings.wait, pause: PAUSE }
    }

    /// Waits for the next attempt; false if there is no time for one.
    async fn pause(&mut self) -> bool {
        if Instant::now() + self.pause >= self.until {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

/// A page that anybody can open tells nothing of sessions.
async fn stranger(world: &World, session: &Session, found: &mut Preflight) {
    let page = session.page();
    let visit = world.stranger().open(page, |url| world.is_login(url)).await;
    let opens = world.opens(&visit, page);
    found.exchanges.extend(visit.exchanges);
    let shown_page = shown(page);
    found.lines.push(match opens {
        Ok(true) => line(
            "protected page",
            false,
            format!("{shown_page} opens for a browser that is not logged in"),
            Some(
                "--protected URL names a page that only those who are logged in see, and --logged-in-text TEXT a text that \
                 they alone see there."
                    .to_owned(),
            ),
        ),
        Ok(false) => {
            let told = told(&visit.end);
            line("protected page", true, format!("{shown_page} opens after the login alone: {told}"), None)
        }
        Err(why) => line("protected page", false, format!("a browser that is not logged in ends at {why}"), None),
    });
}

async fn good_token(world: &Arc<World>, mut session: Session, found: &mut Preflight) {
    let mut again = Again::of(world);
    let encrypts = world.op.encryption().is_some();
    let mut encrypt = None;
    let exchange = loop {
        match Visitors::new(world.clone()).good(&session, encrypt).await {
            // One that takes a token as it is is told apart from one that takes none.
            Ok(exchange) if encrypts && encrypt.is_none() && !is_taken(&exchange) => {
                found.exchanges.push(exchange);
                encrypt = Some(false);
            }
            Ok(exchange) if encrypt.is_some() && is_taken(&exchange) => {
                world.takes_plain.store(true, Ordering::Relaxed);
                break exchange;
            }
            Ok(exchange) if is_taken(&exchange) => break exchange,
            // One that keeps our keys may have those of an earlier run, and looks again after a while.
            Ok(exchange) => {
                if !again.pause().await {
                    break exchange;
                }
                encrypt = None;
            }
            Err(stop) => {
                let why = match stop {
                    Stop::Internal(why)
                    | Stop::NotApplicable(why)
                    | Stop::NoOccasion(why)
                    | Stop::Inconclusive { reason: why, .. } => why,
                };
                found.lines.push(line("good token", false, why.clone(), None));
                found.internal_error = Some(why);
                return;
            }
        }
    };
    let endpoint = shown(&world.endpoint);
    let still_there = match world.look(&mut session).await {
        Ok(exchanges) => {
            found.exchanges.extend(exchanges);
            session.open
        }
        Err(failed) => {
            found.exchanges.extend(failed.exchanges);
            false
        }
    };
    found.lines.push(match exchange.status() {
        Some(status) if (200..300).contains(&status) && still_there => line(
            "good token",
            true,
            format!("{endpoint} answers {status}, and the session is still there"),
            Some("Nothing that has to be refused can be told from that; the run says what it sees.".to_owned()),
        ),
        Some(status) if (200..300).contains(&status) => {
            line("good token", true, format!("{endpoint} answers {status}, and the session is gone"), None)
        }
        Some(status) => line(
            "good token",
            false,
            format!("{endpoint} answers {status} to a good logout token"),
            Some(format!(
                "Is it the backchannel_logout_uri of the relying party? The token is for {:?} and is signed with {}; its log may say \
                 more. A relying party that keeps our keys from an earlier run needs the same ones again (--key FILE), or the time \
                 to look for new ones (--wait SECONDS).",
                world.client_id(),
                world.settings.key.alg(),
            )),
        ),
        None => {
            let why = exchange.failure.as_ref().map_or("no answer", |failure| failure.message.as_str());
            line("good token", false, format!("{endpoint}: {why}"), Some("Is --logout the right address?".to_owned()))
        }
    });
    found.lines.extend(clock::line(&exchange, "the relying party"));
    found.exchanges.push(exchange);
}

fn line(name: &str, ok: bool, message: String, advice: Option<String>) -> PreflightLine {
    PreflightLine { name: name.to_owned(), ok, message, advice }
}
