//! Model to catalogue: ids resolved, expressions compiled, steps checked.

use serde_json::{Map, Value};

use super::at::{At, Position};
use super::catalogue::{
    Action, Case, Catalogue, Deviation, Expectation, PushBase, PushPlan, RequestPlan, RespondPlan, Rule, Step,
};
use super::error::SuiteError;
use super::load::LoadedSection;
use super::model;
use super::model::case::Auth;
use super::model::deviation::Stage;
use super::model::expect::{Expect, Expectations};
use super::model::profile::Role;
use super::model::section::Party;
use super::words;
use crate::expr::{CompileError, Expression, Template, Vocabulary, nearest};

/// The features that `needs` may name.
pub(crate) const FEATURES: &[(&str, &str)] = &[
    ("tls", "the target is reached over https"),
    ("authorization", "the operator gave the Authorization header that the receiver expects"),
    ("anonymous", "the receiver asks callers for no credential"),
    ("asymmetric", "the harness signs with a key pair"),
    ("ecdsa", "the harness signs with ECDSA"),
    ("deployed", "the target is more than plain http on a loopback address"),
    ("languages", "the receiver is said to describe errors in several languages"),
    ("trigger", "the target can be asked for an event"),
];

/// Compiles rules, cases, mutants and variations of a section into the catalogue.
pub(super) fn section(section: &LoadedSection<'_>, catalogue: &mut Catalogue, errors: &mut Vec<SuiteError>) {
    let mut compiler = Compiler { section, catalogue, errors };
    for (index, rule) in section.model.rules.iter().enumerate() {
        compiler.rule(index, rule);
    }
    for case in &section.model.cases {
        compiler.case(case);
    }
    for (list, is_mutant) in [(&section.model.mutants, true), (&section.model.variations, false)] {
        for deviation in list {
            compiler.deviation(deviation, is_mutant);
        }
    }
}

struct Compiler<'a, 'b> {
    section: &'a LoadedSection<'b>,
    catalogue: &'a mut Catalogue,
    errors: &'a mut Vec<SuiteError>,
}

impl Compiler<'_, '_> {
    fn error(&mut self, position: Position, message: impl Into<String>) {
        self.errors.push(SuiteError::new(self.section.file, Some(position), message));
    }

    fn error_with_help(&mut self, position: Position, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(SuiteError::new(self.section.file, Some(position), message).help(help));
    }

    fn prefix(&self) -> String {
        format!("{}/{}", self.section.folder, self.section.model.section.value)
    }

    /// The index of a requirement, by a full id or a slug of this section.
    fn requirement(&mut self, name: &At<String>) -> Option<usize> {
        let id = if name.contains('/') { name.value.clone() } else { format!("{}/{}", self.prefix(), name.value) };
        if let Some(index) = self.catalogue.by_id.get(&id) {
            return Some(*index);
        }
        let message = format!("unknown requirement `{}`", name.value);
        match nearest(&id, self.catalogue.by_id.keys().map(String::as_str)).map(str::to_owned) {
            Some(near) => self.error_with_help(name.position, message, format!("did you mean `{near}`?")),
            None => self.error_with_help(
                name.position,
                message,
                "requirements are named by slug, or by folder/section/slug",
            ),
        }
        None
    }

    fn expression(&mut self, source: &str, position: Position, vocabulary: &Vocabulary) -> Option<Expression> {
        Expression::compile(source, vocabulary).map_err(|error| self.expression_error(position, error, source)).ok()
    }

    /// An expression written on one line is underlined where the fault is, else where it begins.
    fn expression_error(&mut self, position: Position, error: CompileError, source: &str) {
        let line = self.section.file.text.lines().nth(position.line.saturating_sub(1)).unwrap_or_default();
        let is_plain = line.contains(source);
        let shift = if is_plain { error.offset.unwrap_or(0) } else { 0 };
        let position = Position { column: position.column + shift, ..position };
        self.error(position, error.message);
    }

    fn optional(&mut self, source: Option<&At<String>>, vocabulary: &Vocabulary) -> Option<Expression> {
        source.and_then(|source| self.expression(source, source.position, vocabulary))
    }

    fn template(&mut self, value: &Value, position: Position, vocabulary: &Vocabulary) -> Option<Template> {
        Template::compile(value, vocabulary).map_err(|error| self.error(position, error.message)).ok()
    }

    fn object(
        &mut self,
        members: &Map<String, Value>,
        position: Position,
        vocabulary: &Vocabulary,
    ) -> Option<Template> {
        self.template(&Value::Object(members.clone()), position, vocabulary)
    }

    fn members(&mut self, members: Option<&At<Map<String, Value>>>, vocabulary: &Vocabulary) -> Option<Template> {
        members.and_then(|members| self.object(members, members.position, vocabulary))
    }

    fn text(&mut self, text: &At<String>, vocabulary: &Vocabulary) -> Option<Template> {
        self.template(&Value::from(text.value.as_str()), text.position, vocabulary)
    }

    fn expectations(&mut self, model: &Expectations, vocabulary: &Vocabulary) -> Vec<Expectation> {
        let mut expectations = Vec::new();
        for (name, expect) in model.iter() {
            let Some(requirement) = self.requirement(name) else { continue };
            let expectation =
                match &expect.value {
                    Expect::Plain(source) => self
                        .expression(source, expect.position, vocabulary)
                        .map(|that| Expectation { requirement, when: None, that, also: None }),
                    Expect::Full(full) => {
                        let that = self.expression(&full.that, full.that.position, vocabulary);
                        let when = self.optional(full.when.as_ref(), vocabulary);
                        let also = self.optional(full.also.as_ref(), vocabulary);
                        if full.also.is_some() != full.because.is_some() {
                            self.error_with_help(
                                expect.position,
                                "a leniency and its reason go together",
                                "give both `also` and `because`",
                            );
                        }
                        that.map(|that| Expectation { requirement, when, that, also: also.zip(full.because.clone()) })
                    }
                };
            expectations.extend(expectation);
        }
        expectations
    }

    fn rule(&mut self, index: usize, model: &At<model::section::Rule>) {
        let vocabulary = words::of_rule(model.on);
        let when = self.optional(model.when.as_ref(), &vocabulary);
        let expect = self.expectations(&model.expect, &vocabulary);
        if model.expect.is_empty() {
            self.error(model.position, "a rule without expectations checks nothing");
        }
        self.catalogue.rules.push(Rule { id: format!("{}#{}", self.prefix(), index + 1), on: model.on, when, expect });
    }

    fn case(&mut self, model: &At<model::case::Case>) {
        let id = format!("{}/{}", self.prefix(), model.name.value);
        if self.catalogue.cases.iter().any(|case| case.id == id) {
            self.error(model.name.position, format!("there is a case `{id}` already"));
        }
        self.needs(&model.needs);
        let mut vocabulary = words::of_case();
        let steps: Vec<Step> = model.steps.iter().filter_map(|step| self.step(step, &mut vocabulary)).collect();
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
            needs: model.needs.iter().map(|need| need.value.clone()).collect(),
            steps,
            role,
            file: self.section.file.name.clone(),
            position: model.position,
        });
    }

    fn needs(&mut self, needs: &[At<String>]) {
        for need in needs {
            if !FEATURES.iter().any(|(name, _)| *name == need.value) {
                let known: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
                self.error_with_help(
                    need.position,
                    format!("unknown feature `{}`", need.value),
                    format!("one of {}", known.join(", ")),
                );
            }
        }
    }

    fn step(&mut self, model: &At<model::case::Step>, vocabulary: &mut Vocabulary) -> Option<Step> {
        let action = self.action(model, vocabulary);
        let when = self.optional(model.when.as_ref(), vocabulary);
        let assume = self.optional(model.assume.as_ref(), vocabulary);
        let mut save = Vec::new();
        let expect = self.expectations(&model.expect, vocabulary);
        for (name, source) in model.save.iter() {
            if let Some(expression) = self.expression(source, source.position, vocabulary) {
                save.push((name.value.clone(), expression));
            }
            vocabulary.add(name.value.clone());
        }
        Some(Step { action: action?, when, assume, expect, save })
    }

    fn action(&mut self, model: &At<model::case::Step>, vocabulary: &Vocabulary) -> Option<Action> {
        let step = &model.value;
        let mut actions: Vec<Option<Action>> = Vec::new();
        if let Some(push) = &step.push {
            actions.push(self.push(push, vocabulary).map(Action::Push));
        }
        if let Some(push) = &step.control {
            if push.fault.is_some() || push.forge.is_some() {
                self.error(push.position, "a control is the good counterpart: it has no fault");
            }
            actions.push(self.push(push, vocabulary).map(Action::Control));
        }
        let requests = [
            ("GET", &step.get),
            ("POST", &step.post),
            ("PUT", &step.put),
            ("PATCH", &step.patch),
            ("DELETE", &step.delete),
        ];
        for (method, url) in requests {
            if let Some(url) = url {
                let body = step.body.as_ref().and_then(|body| self.template(body, body.position, vocabulary));
                let target = self.text(url, vocabulary);
                let headers = self.object(&step.headers, url.position, vocabulary);
                actions.push(target.zip(headers).map(|(url, headers)| Action::Http {
                    method: method.to_owned(),
                    url,
                    headers,
                    body,
                    auth: step.auth.unwrap_or(Auth::Valid),
                }));
            }
        }
        if let Some(version) = &step.hello {
            actions.push(Some(Action::Hello(version.value)));
        }
        if let Some(answer) = &step.answer {
            actions.push(Some(Action::Answer(answer.value.clone())));
        }
        if let Some(trigger) = &step.trigger {
            self.fixture(&trigger.set);
            actions.push(Some(Action::Trigger(trigger.set.value.clone())));
        }
        let within = self.optional(step.within.as_ref(), vocabulary);
        if let Some(what) = &step.await_ {
            let filter = self.optional(step.where_.as_ref(), vocabulary);
            actions.push(Some(Action::Await { what: what.value, filter, within: within.clone() }));
        }
        if let Some(what) = &step.quiet {
            actions.push(Some(Action::Quiet { what: what.value, within }));
        }
        if actions.len() == 1 {
            return actions.pop().flatten();
        }
        self.error_with_help(
            model.position,
            format!("a step has exactly one verb, this one has {}", actions.len()),
            "push, control, get, post, put, patch, delete, hello, answer, trigger, await or quiet",
        );
        None
    }

    fn fixture(&mut self, name: &At<String>) -> bool {
        let known = self.catalogue.fixtures.has_set(name);
        if !known {
            let near = nearest(name, self.catalogue.fixtures.sets()).map(|near| format!("did you mean `{near}`?"));
            self.error_with_help(
                name.position,
                format!("there is no SET fixture `{}`", name.value),
                near.unwrap_or_else(|| "fixtures/sets/NAME.json".to_owned()),
            );
        }
        known
    }

    fn push(&mut self, model: &At<model::case::Push>, vocabulary: &Vocabulary) -> Option<PushPlan> {
        let push = &model.value;
        let mut bases = Vec::new();
        if let Some(name) = &push.set {
            bases.push(self.fixture(name).then(|| PushBase::Set(name.value.clone())));
        }
        if let Some(payload) = &push.payload {
            bases.push(self.text(payload, vocabulary).map(PushBase::Payload));
        }
        if let Some(raw) = &push.raw {
            bases.push(self.text(raw, vocabulary).map(PushBase::Raw));
        }
        if bases.len() != 1 {
            self.error(model.position, "a push has exactly one of `set`, `payload` and `raw`");
            return None;
        }
        let changed = push.claims.is_some() || push.header.is_some() || push.forge.is_some();
        if (push.raw.is_some() && changed) || (push.payload.is_some() && push.claims.is_some()) {
            self.error(model.position, "a verbatim body or payload is not changed any further");
        }
        let faulty = push.forge.is_some() || matches!(push.auth, Some(Auth::None | Auth::Invalid));
        if faulty && push.fault.is_none() {
            self.error_with_help(
                model.position,
                "what is wrong with this push?",
                "name the check that it must not pass: `fault: ...`",
            );
        }
        let claims = self.members(push.claims.as_ref(), vocabulary);
        let header = self.members(push.header.as_ref(), vocabulary);
        let headers = self.object(&push.headers, model.position, vocabulary)?;
        Some(PushPlan {
            base: bases.pop().flatten()?,
            claims,
            header,
            forge: push.forge,
            headers,
            auth: push.auth.unwrap_or(Auth::Valid),
            fault: push.fault,
        })
    }

    fn deviation(&mut self, model: &At<model::deviation::Deviation>, is_mutant: bool) {
        let id = format!("{}/{}", self.prefix(), model.name.value);
        if self.catalogue.deviations().any(|deviation| deviation.id == id) {
            self.error(model.name.position, format!("there is a mutant or variation `{id}` already"));
        }
        let breaks = model.breaks.as_ref().and_then(|name| self.requirement(name));
        if is_mutant && model.breaks.is_none() {
            self.error(model.position, "a mutant breaks a requirement: `breaks: ...`");
            return;
        }
        if !is_mutant && (model.breaks.is_some() || !model.also.is_empty()) {
            self.error(model.position, "a variation is legal: it breaks nothing");
            return;
        }
        let also = model.also.iter().filter_map(|name| self.requirement(name)).collect();
        let Some(role) = self.deviating_role(model) else { return };
        let vocabulary = words::of_deviation();
        let when = self.optional(model.when.as_ref(), &vocabulary);
        let place = model.position;
        let respond = model.respond.as_ref().and_then(|plain| {
            Some(RespondPlan {
                headers: self.object(&plain.headers, place, &vocabulary)?,
                body: plain
                    .body
                    .as_ref()
                    .and_then(|body| self.template(&Value::from(body.as_str()), place, &vocabulary)),
                json: plain.json.as_ref().and_then(|json| self.object(json, place, &vocabulary)),
                plain: plain.clone(),
            })
        });
        let request = model.request.as_ref().and_then(|plain| {
            Some(RequestPlan {
                headers: self.object(&plain.headers, place, &vocabulary)?,
                body: plain
                    .body
                    .as_ref()
                    .and_then(|body| self.template(&Value::from(body.as_str()), place, &vocabulary)),
                plain: plain.clone(),
            })
        });
        let claims = self.members(model.claims.as_ref(), &vocabulary);
        let header = self.members(model.header.as_ref(), &vocabulary);
        let payload = model.payload.as_ref().and_then(|payload| self.text(payload, &vocabulary));
        let compiled = Deviation {
            id,
            breaks,
            also,
            about: model.about.clone(),
            role,
            on: model.on,
            when,
            respond,
            ignore: model.ignore,
            languages: model.languages.clone(),
            request,
            claims,
            header,
            payload,
            forge: model.forge,
            tls: model.tls.clone(),
            retry: model.retry,
            file: self.section.file.name.clone(),
        };
        let list = if is_mutant { &mut self.catalogue.mutants } else { &mut self.catalogue.variations };
        list.push(compiled);
    }

    /// The behaviours that a deviation names say which peer deviates.
    fn deviating_role(&mut self, model: &At<model::deviation::Deviation>) -> Option<Role> {
        let tls_of_receiver = model
            .tls
            .as_ref()
            .is_some_and(|tls| tls.also_accepts.is_some() || tls.newest.is_some() || tls.oldest.is_some() || tls.plain);
        let receiver =
            model.respond.is_some() || model.ignore.is_some() || model.languages.is_some() || tls_of_receiver;
        let token =
            model.claims.is_some() || model.header.is_some() || model.payload.is_some() || model.forge.is_some();
        let transmitter = token
            || model.request.is_some()
            || model.retry.is_some()
            || model.tls.as_ref().is_some_and(|tls| tls.trusts_anything);
        let fits = match model.on {
            Stage::Set => token,
            Stage::Push => !token && (receiver || transmitter),
            Stage::Tls => model.tls.is_some(),
        };
        if !fits {
            self.error(model.position, "this deviation does not say what is different on that message");
            return None;
        }
        match (receiver, transmitter) {
            (true, false) => Some(Role::Receiver),
            (false, true) => Some(Role::Transmitter),
            _ => {
                self.error(model.position, "a deviation is one of a receiver or one of a transmitter, not both");
                None
            }
        }
    }
}
