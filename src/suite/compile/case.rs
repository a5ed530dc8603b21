//! Cases.

use super::Compiler;
use crate::expr::Vocabulary;
use crate::suite::at::At;
use crate::suite::catalogue::{Action, Case, Fresh, Step, StreamPlan};
use crate::suite::model::case::{Case as CaseModel, StreamSpec};
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
use crate::suite::words;

impl Compiler<'_, '_> {
    pub(super) fn case(&mut self, model: &At<CaseModel>) {
        let id = format!("{}/{}", self.prefix(), model.name.value);
        if self.catalogue.cases.iter().any(|case| case.id == id) {
            self.error(model.name.position, format!("there is a case `{id}` already"));
        }
        self.needs(&model.needs);
        let mut vocabulary = words::of_case();
        let streams: Vec<StreamPlan> =
            model.with.iter().filter_map(|(name, spec)| self.stream(name, spec, &mut vocabulary)).collect();
        let fresh = model.fresh.then(|| Fresh {
            issuer: model.issuer.as_ref().and_then(|issuer| self.text(issuer, &vocabulary)),
            certificate: model.certificate.as_ref().map(|certificate| certificate.value),
        });
        if let Some(certificate) = model.certificate.as_ref().filter(|_| !model.fresh) {
            self.error(
                certificate.position,
                "only a receiver that is started anew is shown a certificate: `fresh: true`",
            );
        }
        if let Some(issuer) = model.issuer.as_ref().filter(|_| !model.fresh) {
            self.error(issuer.position, "only a receiver that is started anew is told an issuer: `fresh: true`");
        }
        let serve = self.served(&model.serve, &vocabulary);
        let mut names = Vec::new();
        let steps: Vec<Step> =
            model.steps.iter().filter_map(|step| self.step(step, &mut vocabulary, &mut names)).collect();
        let mut parties: Vec<Party> = steps
            .iter()
            .flat_map(|step| step.expect.iter())
            .map(|expectation| self.catalogue.requirements[expectation.requirement].party)
            .collect();
        parties.sort();
        parties.dedup();
        let role = match parties.as_slice() {
            [] => {
                // Where they are there and none compiles, their own faults say enough.
                if model.steps.iter().all(|step| step.expect.is_empty()) {
                    self.error(model.position, "a case without expectations checks nothing");
                }
                return;
            }
            [Party::Receiver] => Role::Receiver,
            [Party::Op] => Role::Op,
            [Party::Rp] => Role::Rp,
            parties if parties.iter().all(|party| matches!(party, Party::Transmitter | Party::Issuer)) => {
                Role::Transmitter
            }
            _ => {
                self.error(model.position, "the expectations of a case bind one side only");
                return;
            }
        };
        self.catalogue.cases.push(Case {
            id,
            title: model.title.clone(),
            needs: needs(model, &steps),
            delivery: model.delivery,
            streams,
            alone: model.alone,
            fresh,
            serve,
            steps,
            role,
            file: self.section.file.name.clone(),
            position: model.position,
        });
    }

    fn stream(&mut self, name: &At<String>, spec: &At<StreamSpec>, vocabulary: &mut Vocabulary) -> Option<StreamPlan> {
        let events = match &spec.events {
            Some(events) => Some(self.template(events, events.position, vocabulary)?),
            None => None,
        };
        let subjects =
            spec.subjects.iter().filter_map(|subject| self.template(subject, spec.position, vocabulary)).collect();
        vocabulary.add(name.value.clone());
        Some(StreamPlan { name: name.value.clone(), events, subjects, delivery: spec.delivery, auth: spec.auth })
    }
}

/// What the case says that it needs, and what its steps cannot do without.
fn needs(model: &CaseModel, steps: &[Step]) -> Vec<String> {
    let mut needs: Vec<String> = model.needs.iter().map(|need| need.value.clone()).collect();
    let asked = steps.iter().filter_map(|step| match &step.action {
        Action::Ask { what, .. } => Some(what.feature()),
        Action::Http(plan) | Action::Poll(plan) => plan.auth.feature(),
        _ => None,
    });
    let streams = model.with.iter().filter_map(|(_, spec)| spec.auth?.feature());
    let restart = model.fresh.then_some("restart");
    let tls = model.certificate.as_ref().map(|_| "transmitter-tls");
    for need in restart.into_iter().chain(tls).chain(asked).chain(streams) {
        if !needs.iter().any(|known| known == need) {
            needs.push(need.to_owned());
        }
    }
    needs
}
