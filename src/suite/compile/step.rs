//! Steps: exactly one verb each, and nothing beside it that belongs to another.

use serde_json::{Map, Value};

use super::Compiler;
use crate::expr::Vocabulary;
use crate::suite::at::{At, Position};
use crate::suite::catalogue::{Action, HttpPlan, LoginPlan, PushBase, PushPlan, Step, TriggerPlan};
use crate::suite::model::case::{Auth, Awaited, Login, Push, Step as StepModel, Trigger};

/// The verbs, as an error message lists them.
const VERBS: &str = "push, control, offer, get, post, put, patch, delete, poll, hello, answer, trigger, serve, ask, decide, \
                     login, logout, end, refresh, await or quiet";

impl Compiler<'_, '_> {
    /// `names` are those under which steps were started in the background.
    pub(super) fn step(
        &mut self,
        model: &At<StepModel>,
        vocabulary: &mut Vocabulary,
        names: &mut Vec<String>,
    ) -> Option<Step> {
        let (verb, action) = self.action(model, vocabulary, names)?;
        self.companions(model, verb);
        let when = self.optional(model.when.as_ref(), vocabulary);
        let until = self.optional(model.until.as_ref(), vocabulary);
        let within = self.optional(model.within.as_ref(), vocabulary);
        let assume = self.optional(model.assume.as_ref(), vocabulary);
        let mut save = Vec::new();
        let expect = self.expectations(&model.expect, vocabulary);
        for (name, source) in model.save.iter() {
            if let Some(expression) = self.expression(source, source.position, vocabulary) {
                save.push((name.value.clone(), expression));
            }
            vocabulary.add(name.value.clone());
        }
        let background = model.as_.as_ref().map(|name| name.value.clone());
        if let Some(name) = &model.as_ {
            if !model.expect.is_empty() || model.assume.is_some() || !save.is_empty() || model.until.is_some() {
                self.error_with_help(
                    name.position,
                    "a step that is started in the background has no outcome yet",
                    format!("`await: {}` has it", name.value),
                );
            }
            names.push(name.value.clone());
        }
        Some(Step {
            action: action?,
            on: self.on(model, vocabulary),
            background,
            until,
            within,
            when,
            assume,
            expect,
            save,
        })
    }

    fn on(&mut self, model: &At<StepModel>, vocabulary: &Vocabulary) -> Option<String> {
        let on = model.on.as_ref()?;
        if !vocabulary.has(on) {
            self.error_with_help(
                on.position,
                format!("there is no stream `{}`", on.value),
                "a stream of `with`, or one that was saved",
            );
        }
        Some(on.value.clone())
    }

    /// Members that belong to another verb would be passed over silently, and what they ask for with them.
    fn companions(&mut self, model: &At<StepModel>, verb: &str) {
        let step = &model.value;
        let request = matches!(verb, "get" | "post" | "put" | "patch" | "delete");
        let waits = matches!(verb, "await" | "quiet" | "offer");
        let place = |at: &Option<At<String>>| at.as_ref().map(|at| at.position);
        let given: [(&str, Option<Position>, bool); 9] = [
            ("headers", (!step.headers.is_empty()).then_some(model.position), request || verb == "poll"),
            ("body", step.body.as_ref().map(|at| at.position), request),
            ("json", step.json.as_ref().map(|at| at.position), request || verb == "ask"),
            ("auth", step.auth.map(|_| model.position), request || verb == "poll"),
            ("fault", place(&step.fault), request || verb == "poll"),
            ("as", place(&step.as_), request || matches!(verb, "poll" | "offer" | "ask")),
            ("until", place(&step.until), request || matches!(verb, "poll" | "refresh" | "ask")),
            ("where", place(&step.where_), matches!(verb, "await" | "quiet")),
            ("on", place(&step.on), matches!(verb, "await" | "quiet" | "poll" | "answer" | "trigger" | "hello")),
        ];
        for (name, position, fits) in given {
            if let Some(position) = position.filter(|_| !fits) {
                self.error(position, format!("`{name}` says nothing beside `{verb}`"));
            }
        }
        if let Some(within) = step.within.as_ref().filter(|_| !waits && step.until.is_none()) {
            self.error(within.position, format!("`within` says nothing beside `{verb}`"));
        }
        if let (Some(_), Some(body)) = (&step.json, &step.body) {
            self.error(body.position, "a request has `body` or `json`");
        }
    }

    fn action(
        &mut self,
        model: &At<StepModel>,
        vocabulary: &mut Vocabulary,
        names: &[String],
    ) -> Option<(&'static str, Option<Action>)> {
        let step = &model.value;
        let mut actions: Vec<(&'static str, Option<Action>)> = Vec::new();
        if let Some(push) = &step.push {
            actions.push(("push", self.push(push, vocabulary).map(Action::Push)));
        }
        if let Some(push) = &step.control {
            if push.fault.is_some() || push.forge.is_some() {
                self.error(push.position, "a control is the good counterpart: it has no fault");
            }
            actions.push(("control", self.push(push, vocabulary).map(Action::Control)));
        }
        if let Some(offer) = &step.offer {
            actions.push(("offer", self.push(offer, vocabulary).map(Action::Offer)));
        }
        if let Some(served) = &step.serve {
            actions.push(("serve", Some(Action::Serve(self.served(served, vocabulary)))));
        }
        if let Some(what) = &step.ask {
            let arguments = step.json.as_ref().and_then(|json| self.template(json, json.position, vocabulary));
            actions.push(("ask", Some(Action::Ask { what: what.value, arguments })));
        }
        if let Some(decision) = &step.decide {
            actions.push(("decide", Some(Action::Decide(decision.value.clone()))));
        }
        let requests = [
            ("get", "GET", &step.get),
            ("post", "POST", &step.post),
            ("put", "PUT", &step.put),
            ("patch", "PATCH", &step.patch),
            ("delete", "DELETE", &step.delete),
        ];
        for (verb, method, url) in requests {
            if let Some(url) = url {
                actions.push((verb, self.request(method, url, step, vocabulary).map(Action::Http)));
            }
        }
        if let Some(members) = &step.poll {
            actions.push(("poll", self.poll(members, step, vocabulary)));
        }
        if let Some(version) = &step.hello {
            actions.push(("hello", Some(Action::Hello(version.value))));
        }
        if let Some(answer) = &step.answer {
            actions.push(("answer", Some(Action::Answer(answer.value.clone()))));
        }
        if let Some(trigger) = &step.trigger {
            let may_refuse = trigger.may_refuse;
            let plan = self.trigger(trigger, vocabulary);
            actions.push(("trigger", plan.map(|plan| Action::Trigger { plan, may_refuse })));
        }
        if let Some(login) = &step.login {
            actions.push(("login", self.login(login, vocabulary).map(Action::Login)));
        }
        if let Some(logout) = &step.logout {
            actions.push(("logout", self.push(logout, vocabulary).map(Action::Logout)));
        }
        if let Some(session) = &step.end {
            if !vocabulary.has(session) {
                self.error(session.position, format!("no `login` made the session `{}`", session.value));
            }
            actions.push(("end", Some(Action::End(session.value.clone()))));
        }
        if let Some(session) = &step.refresh {
            if !vocabulary.has(session) {
                self.error(session.position, format!("no `login` made the session `{}`", session.value));
            }
            actions.push(("refresh", Some(Action::Refresh(session.value.clone()))));
        }
        let filter = self.optional(step.where_.as_ref(), vocabulary);
        if let Some(what) = &step.await_ {
            actions.push((
                "await",
                self.awaited(what, names).map(|what| match what {
                    Waited::Message(what) => Action::Await { what, filter: filter.clone() },
                    Waited::Step(name) => Action::Join(name),
                }),
            ));
        }
        if let Some(what) = &step.quiet {
            actions.push(("quiet", Some(Action::Quiet { what: what.value, filter })));
        }
        if actions.len() == 1 {
            return actions.pop();
        }
        self.error_with_help(
            model.position,
            format!("a step has exactly one verb, this one has {}", actions.len()),
            VERBS,
        );
        None
    }

    fn login(&mut self, model: &At<Login>, vocabulary: &mut Vocabulary) -> Option<LoginPlan> {
        let session = model.session.as_ref().map_or("session", |name| name.value.as_str()).to_owned();
        let sid = match &model.sid {
            Some(sid) => Some(self.text(sid, vocabulary)?),
            None => None,
        };
        vocabulary.add(session.clone());
        Some(LoginPlan {
            session,
            user: model.user.clone().unwrap_or_else(|| "user".to_owned()),
            sid,
            impostor: model.impostor,
            offline: model.offline,
            encrypted: model.encrypted,
            behind: model.behind,
        })
    }

    fn awaited(&mut self, what: &At<String>, names: &[String]) -> Option<Waited> {
        match what.as_str() {
            "push" => Some(Waited::Message(Awaited::Push)),
            "set" => Some(Waited::Message(Awaited::Set)),
            "request" => Some(Waited::Message(Awaited::Request)),
            "connection" => Some(Waited::Message(Awaited::Connection)),
            "logout" => Some(Waited::Message(Awaited::Logout)),
            name if names.iter().any(|known| known == name) => Some(Waited::Step(name.to_owned())),
            name => {
                let message = format!("nothing was started under the name `{name}`");
                self.error_with_help(
                    what.position,
                    message,
                    "`set`, `push`, `request`, `connection`, `logout`, or the name of a step with `as`",
                );
                None
            }
        }
    }

    fn request(
        &mut self,
        method: &'static str,
        url: &At<String>,
        step: &StepModel,
        vocabulary: &Vocabulary,
    ) -> Option<HttpPlan> {
        let body = match (&step.json, &step.body) {
            (Some(json), _) => Some(self.template(json, json.position, vocabulary)?),
            (None, Some(body)) => Some(self.template(body, body.position, vocabulary)?),
            (None, None) => None,
        };
        Some(HttpPlan {
            method,
            url: self.text(url, vocabulary)?,
            headers: self.object(&step.headers, url.position, vocabulary)?,
            body,
            is_json: step.json.is_some(),
            auth: step.auth.unwrap_or(Auth::Valid),
            fault: step.fault.as_ref().map(|fault| fault.value.clone()),
        })
    }

    /// A poll is a POST to the endpoint of its stream.
    fn poll(&mut self, members: &At<Map<String, Value>>, step: &StepModel, vocabulary: &Vocabulary) -> Option<Action> {
        let on = step.on.as_ref().map_or("stream", |on| on.value.as_str());
        let url = Value::from(format!("${{{on}.delivery.endpoint_url}}"));
        Some(Action::Poll(HttpPlan {
            method: "POST",
            url: self.template(&url, members.position, vocabulary)?,
            headers: self.object(&step.headers, members.position, vocabulary)?,
            body: Some(self.object(members, members.position, vocabulary)?),
            is_json: true,
            auth: step.auth.unwrap_or(Auth::Valid),
            fault: step.fault.as_ref().map(|fault| fault.value.clone()),
        }))
    }

    fn trigger(&mut self, model: &At<Trigger>, vocabulary: &Vocabulary) -> Option<TriggerPlan> {
        let subject = match &model.subject {
            Some(subject) => Some(self.template(subject, subject.position, vocabulary)?),
            None => None,
        };
        let mut plans = Vec::new();
        if let Some(name) = &model.set {
            plans.push(
                self.fixture(name).then(|| TriggerPlan::Set { name: name.value.clone(), subject: subject.clone() }),
            );
        }
        if let Some(event) = &model.event {
            plans
                .push(self.text(event, vocabulary).map(|event| TriggerPlan::Event { event, subject: subject.clone() }));
        }
        plans.extend(model.status.map(|status| Some(TriggerPlan::Status(status))));
        plans.extend(model.verification.then_some(Some(TriggerPlan::Verification)));
        plans.extend(model.rotate_key.then_some(Some(TriggerPlan::RotateKey)));
        if plans.len() == 1 {
            return plans.pop().flatten();
        }
        self.error(
            model.position,
            "a trigger has exactly one of `set`, `event`, `status`, `verification` and `rotate_key`",
        );
        None
    }

    fn push(&mut self, model: &At<Push>, vocabulary: &Vocabulary) -> Option<PushPlan> {
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
        if push.auth.is_some_and(Auth::is_for_transmitters) {
            self.error(
                model.position,
                "a receiver is shown no such credential: one of valid, none, invalid, other-receiver",
            );
        }
        let claims = self.members(push.claims.as_ref(), vocabulary);
        let header = self.members(push.header.as_ref(), vocabulary);
        let headers = self.object(&push.headers, model.position, vocabulary)?;
        let form = (!push.form.is_empty()).then(|| self.object(&push.form, model.position, vocabulary)).flatten();
        Some(PushPlan {
            base: bases.pop().flatten()?,
            claims,
            header,
            forge: push.forge,
            headers,
            form,
            encrypt: push.encrypt,
            auth: push.auth.unwrap_or(Auth::Valid),
            fault: push.fault,
        })
    }
}

/// What an `await` waits for.
enum Waited {
    Message(Awaited),
    Step(String),
}
