//! Hooks of our transmitter that see everything, and deviate as a switch says.

use std::sync::{Arc, RwLock};

use crate::peer::ssf::{Answer, Behaviour, Hooks, Operation, PushFacts, RequestFacts, SetFacts, SsfOptions, Tampered};
use crate::peer::tamper::{OutgoingPush, Switch};
use crate::run::redact::Redactor;
use crate::run::visiting::visits::Visits;
use crate::set::{Draft, Forgery};

/// What comes and goes, with its history.
pub(crate) struct Eyes {
    pub visits: Arc<Visits>,
    tampered: Tampered,
}

impl Eyes {
    /// Sets a transmitter up to be watched, and to deviate as the switch says; `redactor` learns the secrets of its receivers.
    ///
    /// # Errors
    /// In words, if a deviation that is on cannot be acted out by this transmitter.
    pub fn install(
        options: &mut SsfOptions,
        switch: Switch,
        redactor: Arc<RwLock<Redactor>>,
    ) -> Result<Arc<Self>, String> {
        let tampered = Tampered::switched(switch);
        tampered.clone().install(options)?;
        let visits = Arc::new(Visits::new(redactor, Vec::new()));
        visits.act_out(tampered.clone());
        let eyes = Arc::new(Self { visits, tampered });
        options.hooks = eyes.clone();
        Ok(eyes)
    }
}

impl Hooks for Eyes {
    fn behaviour(&self, usual: Behaviour) -> Behaviour {
        Hooks::behaviour(&self.tampered, usual)
    }

    fn asked(&self, operation: Operation, request: &RequestFacts) {
        self.visits.asked(operation, request);
    }

    fn polled(&self, request: &RequestFacts) {
        self.visits.polled(request);
    }

    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        self.visits.answer(operation, request, answer)
    }

    fn polls_apart(&self, request: &RequestFacts) -> bool {
        self.tampered.polls_apart(request)
    }

    fn draft(&self, draft: &mut Draft, about: &SetFacts<'_>) -> Option<Forgery> {
        self.visits.draft(draft, about)
    }

    fn push(&self, push: &mut OutgoingPush, about: &PushFacts<'_>) {
        self.visits.push(push, about);
    }
}
