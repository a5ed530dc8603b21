//! Mutants and variations.

use serde_json::Value;

use super::Compiler;
use crate::expr::{Template, Vocabulary, nearest};
use crate::peer::{oidc, scim, ssf, ssf_receiver};
use crate::suite::at::{At, Position};
use crate::suite::catalogue::{Deviation, RequestPlan, RespondPlan};
use crate::suite::model::case::Served;
use crate::suite::model::deviation::{Deviation as DeviationModel, Request, Respond, Stage};
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;
use crate::suite::words;

impl Compiler<'_, '_> {
    pub(super) fn deviation(&mut self, model: &At<DeviationModel>, is_mutant: bool) {
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
        self.known_names(model, role);
        let vocabulary = words::of_deviation();
        let when = self.optional(model.when.as_ref(), &vocabulary);
        let place = model.position;
        let respond = model.respond.as_ref().and_then(|plain| self.respond(plain, place, &vocabulary));
        let request = model.request.as_ref().and_then(|plain| self.request_change(plain, place, &vocabulary));
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
            behave: model.behave.as_ref().map(|name| name.value.clone()),
            given: model.given.iter().map(|name| name.value.clone()).collect(),
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

    /// What our transmitter does otherwise while a receiver visits it.
    pub(super) fn served(&mut self, models: &[At<Served>], vocabulary: &Vocabulary) -> Vec<Deviation> {
        let vocabulary = words::of_deviation().joined(vocabulary);
        let mut served = Vec::new();
        for model in models {
            let place = model.position;
            let token =
                model.claims.is_some() || model.header.is_some() || model.payload.is_some() || model.forge.is_some();
            let fits = match model.on {
                Stage::Set => token && model.respond.is_none(),
                stage => stage.is_answer() && model.respond.is_some() && !token,
            };
            if !fits {
                self.error(place, "this does not say what our transmitter does otherwise with that message");
                continue;
            }
            let when = self.optional(model.when.as_ref(), &vocabulary);
            served.push(Deviation {
                on: Some(model.on),
                when,
                respond: model.respond.as_ref().and_then(|plain| self.respond(plain, place, &vocabulary)),
                claims: self.members(model.claims.as_ref(), &vocabulary),
                header: self.members(model.header.as_ref(), &vocabulary),
                payload: model.payload.as_ref().and_then(|payload| self.text(payload, &vocabulary)),
                forge: model.forge,
                file: self.section.file.name.clone(),
                ..Deviation::plain(Role::Transmitter, format!("{}/serve", self.prefix()))
            });
        }
        served
    }

    fn respond(&mut self, plain: &Respond, place: Position, vocabulary: &Vocabulary) -> Option<RespondPlan> {
        Some(RespondPlan {
            headers: self.object(&plain.headers, place, vocabulary)?,
            body: self.optional_text(plain.body.as_deref(), place, vocabulary),
            json: plain.json.as_ref().and_then(|json| self.object(json, place, vocabulary)),
            whole: plain.whole.as_ref().and_then(|whole| self.template(whole, place, vocabulary)),
            plain: plain.clone(),
        })
    }

    fn request_change(&mut self, plain: &Request, place: Position, vocabulary: &Vocabulary) -> Option<RequestPlan> {
        Some(RequestPlan {
            headers: self.object(&plain.headers, place, vocabulary)?,
            body: self.optional_text(plain.body.as_deref(), place, vocabulary),
            json: plain.json.as_ref().and_then(|json| self.object(json, place, vocabulary)),
            query: self.object(&plain.query, place, vocabulary)?,
            url: self.optional_text(plain.url.as_deref(), place, vocabulary),
            plain: plain.clone(),
        })
    }

    fn optional_text(&mut self, text: Option<&str>, place: Position, vocabulary: &Vocabulary) -> Option<Template> {
        text.and_then(|text| self.template(&Value::from(text), place, vocabulary))
    }

    /// An OpenID provider or a relying party says so by its party; `None` for any other peer.
    fn logout_role(&mut self, model: &At<DeviationModel>) -> Option<Option<Role>> {
        let broken = model.breaks.as_ref().and_then(|name| self.requirement(name));
        let party = model.party.as_ref().map(|party| party.value);
        let role = match party.or_else(|| broken.map(|index| self.catalogue.requirements[index].party))? {
            Party::Op => Role::Op,
            Party::Rp => Role::Rp,
            _ => return None,
        };
        let token =
            model.claims.is_some() || model.header.is_some() || model.payload.is_some() || model.forge.is_some();
        let fits = match (role, model.on) {
            (_, None) => model.behave.is_some(),
            (Role::Rp, Some(Stage::Logout)) => (model.respond.is_some() || model.ignore.is_some()) && !token,
            (Role::Rp, Some(Stage::Tls)) => model.tls.as_ref().is_some_and(|tls| tls.plain),
            (Role::Op, Some(Stage::Set)) => token,
            (Role::Op, Some(Stage::Logout)) => model.request.is_some() && !token,
            (Role::Op, Some(Stage::Metadata | Stage::Jwks | Stage::Token)) => model.respond.is_some() && !token,
            _ => false,
        };
        if !fits {
            self.error(model.position, "this deviation does not say what is different on that message");
        }
        Some(fits.then_some(role))
    }

    /// What a deviation says of the peer has to be among what the peer can be like.
    fn known_names(&mut self, model: &At<DeviationModel>, role: Role) {
        let of = |table: &[(&'static str, &str)]| table.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let (behaviours, toggles) = match role {
            Role::Receiver => (of(ssf_receiver::BEHAVIOURS), of(ssf_receiver::TOGGLES)),
            Role::Op => (of(oidc::behaviour::OF_OP), Vec::new()),
            Role::Rp => (of(oidc::behaviour::OF_RP), Vec::new()),
            _ if self.section.folder == "scim-events" => (of(scim::BEHAVIOURS), of(scim::TOGGLES)),
            _ => (ssf::Behaviour::NAMES.to_vec(), of(ssf::TOGGLES)),
        };
        if let Some(name) = &model.behave {
            self.known_name(name, "behaviour", &behaviours, role);
        }
        for name in &model.given {
            self.known_name(name, "toggle", &toggles, role);
        }
    }

    fn known_name(&mut self, name: &At<String>, kind: &str, known: &[&'static str], role: Role) {
        if known.contains(&name.value.as_str()) {
            return;
        }
        let message = format!("the {} has no {kind} `{}`", role.name(), name.value);
        match nearest(&name.value, known.iter().copied()) {
            Some(near) => self.error_with_help(name.position, message, format!("did you mean `{near}`?")),
            None => self.error_with_help(name.position, message, format!("`setspec list {kind}s` prints them")),
        }
    }

    /// The behaviours that a deviation names say which peer deviates.
    fn deviating_role(&mut self, model: &At<DeviationModel>) -> Option<Role> {
        if let Some(role) = self.logout_role(model) {
            return role;
        }
        let tls_of_server = model
            .tls
            .as_ref()
            .is_some_and(|tls| tls.also_accepts.is_some() || tls.newest.is_some() || tls.oldest.is_some() || tls.plain);
        let trusts_anything = model.tls.as_ref().is_some_and(|tls| tls.trusts_anything);
        // Where a transmitter is asked, it is the server; where it pushes, the receiver is.
        let serves = matches!(self.section.folder, "ssf" | "rfc8936" | "caep-interop" | "risc");
        let answers = model.on.is_some_and(Stage::is_answer);
        let breaks = model.breaks.as_ref().and_then(|name| self.requirement(name));
        let party = model.party.as_ref().map(|party| party.value);
        let party = party.or_else(|| breaks.map(|index| self.catalogue.requirements[index].party));
        // A behaviour does not say whose it is.
        let visitor = party == Some(Party::Receiver) && serves;
        let receiver = (model.respond.is_some() && !answers)
            || model.ignore.is_some()
            || model.languages.is_some()
            || (model.request.is_some() && answers)
            || (model.behave.is_some() && visitor)
            || (!model.given.is_empty() && visitor)
            || (trusts_anything && visitor)
            || (tls_of_server && !serves);
        let token =
            model.claims.is_some() || model.header.is_some() || model.payload.is_some() || model.forge.is_some();
        let transmitter = token
            || (model.respond.is_some() && answers)
            || (model.request.is_some() && !answers)
            || model.retry.is_some()
            || (model.behave.is_some() && !visitor)
            || (!model.given.is_empty() && !visitor)
            || (tls_of_server && serves)
            || (trusts_anything && !visitor);
        let fits = match model.on {
            Some(Stage::Scim) => model.respond.is_some() && !token && self.section.folder == "scim-events",
            Some(Stage::Set) => token,
            Some(Stage::Push) => !token && (receiver || transmitter),
            Some(Stage::Tls) => model.tls.is_some(),
            Some(_) => {
                (model.respond.is_some() || model.request.is_some() || (visitor && model.ignore.is_some())) && !token
            }
            None => model.behave.is_some() || (!model.given.is_empty() && model.breaks.is_none()),
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
