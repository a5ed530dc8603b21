//! Tokens at rest: the rules applied to SETs and claims from files or standard input.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::event::Status;
use super::judge::{Judge, Observed, Origin};
use super::settings::LogoutRevision;
use crate::expr::Scope;
use crate::peer::message::{object_or_null, set_value};
use crate::set::{self, Jwks, Signature, Token};
use crate::suite::Catalogue;
use crate::suite::model::profile::Profile;
use crate::suite::model::section::{Kind, Level, Party};

/// Applies the token rules of a profile, one token after the other. Remembers every `jti`.
pub struct Checker {
    catalogue: Arc<Catalogue>,
    judge: Judge,
    keys: Option<Jwks>,
    /// Whether the tokens are logout tokens, which have rules of their own.
    logout: bool,
}

/// What of Back-Channel Logout 1.0 binds a logout token by itself, without the request and the session that it belongs to.
const OF_LOGOUT_TOKENS: [&str; 2] = ["backchannel-logout/2.4/", "backchannel-logout/4/"];

/// What was handed in.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A token.
    Token,
    /// A claims set as JSON.
    Claims,
}

/// What became of one token.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checked {
    /// Where it came from: `file:line`.
    pub place: String,
    /// Whether it was a token or a bare claims set.
    pub form: Form,
    /// The claim `iss`; absent where it is missing or not a string.
    pub issuer: Option<String>,
    /// The claim `jti`; absent where it is missing or not a string.
    pub jti: Option<String>,
    /// The types of its events, in their order: the member names of the claim `events`.
    pub events: Vec<String>,
    /// `valid`, `invalid`, `no-key`, `unsecured`, `unsupported` or `not-checked`.
    pub signature: String,
    /// Why the signature is `invalid`, `no-key` or `unsupported`; absent otherwise.
    pub signature_reason: Option<String>,
    /// How many expectations hold; one requirement counts each time that it is looked at.
    pub satisfied: usize,
    /// What is broken, violations first.
    pub findings: Vec<CheckFinding>,
}

/// One broken requirement of a token.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckFinding {
    /// The id of the requirement: `rfc8417/2.2/iss-present`.
    pub requirement: String,
    /// The name of the specification: `RFC 8417`.
    pub spec: String,
    /// The number of the section: `2.2`.
    pub section: String,
    /// The level as the catalogue has it: `MUST`, `SHOULD NOT`.
    pub level: String,
    /// `violated` or `warned`.
    pub status: Status,
    /// The requirement in one sentence.
    pub text: String,
    /// What should have been there: `` `claims.iss` to be present``.
    pub expected: String,
    /// What was there: `absent`.
    pub actual: String,
    /// Where the section can be read.
    pub link: String,
    /// Why it is a warning only.
    pub reason: Option<String>,
}

impl Checked {
    /// Whether a MUST or MUST NOT is broken.
    pub fn is_violated(&self) -> bool {
        self.findings.iter().any(|finding| finding.status == Status::Violated)
    }

    /// Whether something is broken that is a warning at most; there may be violations beside it.
    pub fn is_warned(&self) -> bool {
        self.findings.iter().any(|finding| finding.status == Status::Warned)
    }
}

impl Checker {
    /// A checker for a profile; without keys, signatures are not verified.
    pub fn new(catalogue: Arc<Catalogue>, profile: &Profile, keys: Option<Jwks>) -> Self {
        let mut requirements = catalogue.of_profile(profile);
        let logout = profile.parties.contains(&Party::Op);
        if logout {
            let binds = |id: &str| OF_LOGOUT_TOKENS.iter().any(|section| id.starts_with(section));
            requirements.retain(|index| binds(&catalogue.requirements[*index].id));
        }
        let party = if logout { Party::Op } else { Party::Issuer };
        let judge = Judge::new(catalogue.clone(), requirements, &[party]);
        Self { catalogue, judge, keys, logout }
    }

    /// Checks one text: claims when it is a JSON object, a token else.
    pub fn check(&self, place: &str, text: &str) -> Checked {
        let text = text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let (form, token, signature) = if text.starts_with('{') {
            (Form::Claims, claims_alone(text), Signature::NotChecked)
        } else {
            let token = Token::parse(text);
            let signature = self.keys.as_ref().map_or(Signature::NotChecked, |keys| set::verify(&token, keys));
            (Form::Token, token, signature)
        };
        self.judge_token(place, form, &token, &signature)
    }

    /// Judges a token that has been taken apart and verified already.
    pub fn judge_token(&self, place: &str, form: Form, token: &Token, signature: &Signature) -> Checked {
        let mut satisfied = 0;
        let mut findings = Vec::new();
        let observations = if self.logout {
            self.judge.message(Kind::Logout, &logout_scope(token, signature), None)
        } else {
            self.judge.token(token, signature, &Origin::default(), None)
        };
        for seen in observations {
            let Observed::Broken(explanation) = seen.result else {
                satisfied += 1;
                continue;
            };
            let requirement = &self.catalogue.requirements[seen.requirement];
            if requirement.level == Level::May {
                continue;
            }
            let status = if requirement.breach_is_violation() { Status::Violated } else { Status::Warned };
            findings.push(CheckFinding {
                requirement: requirement.id.clone(),
                spec: requirement.spec.clone(),
                section: requirement.section.clone(),
                level: requirement.level.name().to_owned(),
                status,
                text: requirement.text.clone(),
                expected: explanation.expected,
                actual: explanation.actual,
                link: requirement.link.clone(),
                reason: requirement.ambiguous.clone(),
            });
        }
        findings.sort_by_key(|finding| finding.status != Status::Violated);
        let claim = |name: &str| token.claims.as_ref().and_then(|claims| claims.get(name));
        Checked {
            place: place.to_owned(),
            form,
            issuer: claim("iss").and_then(Value::as_str).map(str::to_owned),
            jti: claim("jti").and_then(Value::as_str).map(str::to_owned),
            events: claim("events")
                .and_then(Value::as_object)
                .map(|events| events.keys().cloned().collect())
                .unwrap_or_default(),
            signature: signature.name().to_owned(),
            signature_reason: signature.reason().map(str::to_owned),
            satisfied,
            findings,
        }
    }
}

/// What the rules on logout requests see of a token alone: issuer, audience and session are those that it names.
fn logout_scope(token: &Token, signature: &Signature) -> Scope {
    let claims = object_or_null(token.claims.as_ref());
    let audience = match &claims["aud"] {
        Value::Array(several) => several.first().cloned().unwrap_or(Value::Null),
        one => one.clone(),
    };
    Scope::new()
        .with("set", set_value(token, signature))
        .with("header", object_or_null(token.header.as_ref()))
        .with("issuer", claims["iss"].clone())
        .with("audience", audience)
        .with("session", json!({ "sub": claims["sub"], "sid": claims["sid"] }))
        .with("features", json!([LogoutRevision::default().feature()]))
        .with("jwe", Value::Null)
        .with("claims", claims)
}

/// A claims set outside a token: it has no header and no signature that could be judged.
fn claims_alone(text: &str) -> Token {
    // Encoding it once lets the one reader of claims find duplicate members and all other defects.
    let mut token = Token::parse(&format!("e30.{}.", URL_SAFE_NO_PAD.encode(text)));
    token.raw = text.to_owned();
    token.header = None;
    token.header_text = None;
    token
}
