//! What the cases of a run came to, beside its end.

use std::sync::{Arc, Mutex, PoisonError};

use crate::run::event::{CaseResult, CaseStatus, Emitter, Event};

/// The results of cases, as they come.
#[derive(Default)]
pub(super) struct Cases(Arc<Mutex<Vec<CaseResult>>>);

impl Cases {
    /// Hears of every case.
    pub fn emitter(&self) -> Emitter {
        let seen = self.0.clone();
        Emitter::new(move |event| {
            if let Event::CaseFinished(case) = event {
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(case);
            }
        })
    }

    /// Those that have ended.
    pub fn ended(&self) -> Vec<CaseResult> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// In words, each case from which nothing can be concluded.
    pub fn inconclusive(&self) -> Vec<String> {
        let inconclusive = |case: &CaseResult| case.status == CaseStatus::Inconclusive;
        let describe =
            |case: CaseResult| format!("inconclusive {}: {}", case.id, case.reason.as_deref().unwrap_or_default());
        self.ended().into_iter().filter(inconclusive).map(describe).collect()
    }
}
