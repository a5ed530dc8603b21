//! What is right and wrong with a SET, by the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::console::{line, visible};
use crate::http::Exchange;
use crate::peer::receiver::PATH;
use crate::run::judge::{Judge, Observation, Observed, Origin};
use crate::run::observe::judge_push;
use crate::run::redact::Redactor;
use crate::run::settings::Timeouts;
use crate::set::{Jwks, Token, verify};
use crate::suite::Catalogue;
use crate::suite::model::section::{Level, Party};

/// Says of every SET what is right and wrong with it.
pub(super) struct Explainer {
    judge: Judge,
    redactor: Redactor,
    verbose: bool,
}

impl Explainer {
    /// By the requirements of this profile.
    pub fn new(catalogue: Arc<Catalogue>, profile: &str, redactor: Redactor, verbose: bool) -> Self {
        let requirements = catalogue.profiles.get(profile).map(|profile| catalogue.of_profile(profile));
        let judge = Judge::new(catalogue, requirements.unwrap_or_default(), &[Party::Issuer, Party::Transmitter]);
        Self { judge, redactor, verbose }
    }

    /// A push, with its request.
    pub fn push(&self, exchange: &Exchange, keys: &Jwks) {
        let status = exchange.status().map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let request = &exchange.request;
        self.say(&format!("{} {} {} -> {status}", exchange.id, request.method, request.target));
        if let Some(failure) = &exchange.failure {
            self.say(&format!("  {}", failure.message));
            return;
        }
        let answer = exchange.response.as_ref().map(crate::http::Response::body_text).filter(|text| !text.is_empty());
        if let Some(answer) = answer {
            self.say(&format!("  answered: {answer}"));
        }
        if request.target != PATH || request.method == "GET" {
            return;
        }
        let (scope, seen) = judge_push(&self.judge, exchange, keys, &Timeouts::default());
        let set = scope.get("set");
        let signature = set.and_then(|set| set.get("signature")).and_then(Value::as_str);
        self.explain(set.and_then(|set| set.get("claims")), signature.unwrap_or("-"), &seen);
    }

    /// A SET that came by a stream.
    pub fn set(&self, set: &str, keys: &Jwks, origin: &Origin) {
        let token = Token::parse(set);
        let signature = verify(&token, keys);
        let seen = self.judge.token(&token, &signature, origin, None);
        self.explain(token.claims.as_ref(), signature.name(), &seen);
    }

    fn explain(&self, claims: Option<&Value>, signature: &str, seen: &[Observation]) {
        if let Some(claims) = claims.filter(|claims| claims.is_object()) {
            self.say(&format!("  claims: {claims}"));
        }
        line(&format!("  signature: {signature}"));
        let held = seen.iter().filter(|seen| !matches!(seen.result, Observed::Broken(_))).count();
        line(&format!("  right: {held} expectations hold"));
        let requirements = &self.judge.catalogue().requirements;
        if self.verbose {
            let held = seen.iter().filter(|seen| matches!(seen.result, Observed::Held));
            let ids: BTreeSet<&str> = held.map(|seen| requirements[seen.requirement].id.as_str()).collect();
            ids.iter().for_each(|id| line(&format!("    {id}")));
        }
        for observation in seen {
            let Observed::Broken(explanation) = &observation.result else { continue };
            let requirement = &requirements[observation.requirement];
            if requirement.level == Level::May {
                continue;
            }
            let word = if requirement.breach_is_violation() { "WRONG" } else { "doubtful" };
            line(&format!("  {word}: {} ({}): {}", requirement.id, requirement.level.name(), requirement.text));
            self.say(&format!("    expected: {}", explanation.expected));
            self.say(&format!("    got:      {}", explanation.actual));
            line(&format!("    {}", requirement.link));
        }
    }

    /// A line without secrets and control characters.
    pub fn say(&self, text: &str) {
        line(&visible(&self.redactor.text(text)));
    }
}
