//! The SETs of completions, for those who would rather fetch them (RFC 9967 section 2.5.1.1).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::refusal::Refusal;
use crate::peer::answer::Answer;

/// How many are kept; the oldest makes room.
const MOST: usize = 1_000;

/// Where they are, below the base.
pub(super) const PLACE: &str = "/AsyncResults/";

/// SETs by their `txn`.
#[derive(Debug, Default)]
pub(super) struct Results(Mutex<VecDeque<(String, Vec<u8>)>>);

impl Results {
    pub fn keep(&self, txn: &str, set: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back((txn.to_owned(), set));
    }

    /// The SET, once the request is completed.
    pub fn answer(&self, txn: &str) -> Result<Answer, Refusal> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(known, _)| known == txn);
        let (_, set) = found.ok_or_else(|| Refusal::nothing_at(&format!("{PLACE}{txn}")))?;
        let mut answer = Answer { status: 200, body: set.clone(), ..Answer::default() };
        answer.set_header("Content-Type", Some("application/secevent+jwt"));
        Ok(answer)
    }
}
