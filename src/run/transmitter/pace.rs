//! The rate at which a transmitter lets itself be asked: who is told 429 waits, and so does everybody else.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::http::Exchange;

/// The pause after a 429 that says nothing of Retry-After; each one in a row is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a run lets itself be made to wait altogether.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often one request is refused for its rate before that is taken for an answer.
pub(crate) const TRIES: u32 = 5;

/// When the next request may be sent.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    /// Refusals in a row.
    strikes: u32,
    /// How long the run was made to wait altogether.
    waited: Duration,
}

impl Pace {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub async fn turn(&self) {
        loop {
            let not_before = self.lock().not_before;
            match not_before {
                Some(moment) if moment > Instant::now() => sleep_until(moment).await,
                _ => return,
            }
        }
    }

    /// Whether the run has waited for as long as it does.
    pub fn is_exhausted(&self) -> bool {
        self.lock().waited > PATIENCE
    }

    /// Takes note of an answer; whether it is a refusal for the rate.
    pub fn note(&self, exchange: &Exchange) -> bool {
        let mut state = self.lock();
        if exchange.status() != Some(429) {
            state.strikes = 0;
            return false;
        }
        let asked = exchange.response.as_ref().and_then(|response| response.headers.get("retry-after"));
        let asked = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        // Whoever is told to come back later than a run waits does not wait at all.
        if asked.is_some_and(|asked| asked > PATIENCE) {
            state.waited = PATIENCE + LONGEST_PAUSE;
            return true;
        }
        let usual = FIRST_PAUSE * 2_u32.saturating_pow(state.strikes.min(8));
        let moment = Instant::now() + asked.unwrap_or(usual).min(LONGEST_PAUSE);
        // Several requests that were under way together are one refusal.
        if state.not_before.is_none_or(|known| known <= Instant::now()) {
            state.strikes += 1;
            state.waited += moment - Instant::now();
        }
        state.not_before = Some(state.not_before.map_or(moment, |known| known.max(moment)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, Response};

    #[test]
    fn nobody_waits_for_a_day() {
        let pace = Pace::default();
        let mut exchange = answered(429);
        let response = exchange.response.as_mut().expect("an answer");
        response.headers.push("Retry-After", "86400");
        assert!(pace.note(&exchange) && pace.is_exhausted());
        assert_eq!(pace.lock().not_before, None);
    }

    fn answered(status: u16) -> Exchange {
        Exchange {
            id: "x1".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            request: Request::default(),
            response: Some(Response { status, ..Response::default() }),
            failure: None,
            elapsed_ms: 0.0,
            tls: None,
        }
    }

    #[test]
    fn refusals_in_a_row_make_the_pauses_longer() {
        let pace = Pace::default();
        let mut pauses = Vec::new();
        for _ in 0..3 {
            // The pause before is over.
            pace.lock().not_before = None;
            assert!(pace.note(&answered(429)));
            let left = pace.lock().not_before.map(|moment| moment.duration_since(Instant::now()));
            pauses.push(left.map(|left| left.as_secs_f64().ceil()));
        }
        assert_eq!(pauses, [Some(1.0), Some(1.0), Some(2.0)]);
        assert!(!pace.note(&answered(200)));
        assert_eq!(pace.lock().strikes, 0);
    }
}
