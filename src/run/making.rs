//! The tokens that the harness sends, as the steps of cases describe them.

use std::sync::Arc;

use super::request::rendered_object;
use super::steps::Stop;
use crate::expr::Scope;
use crate::set::{self, Draft, ForgeKeys, KeyError, SigningKey, Token};
use crate::suite::Catalogue;
use crate::suite::catalogue::{PushBase, PushPlan};

/// What tokens are made with.
#[derive(Clone)]
pub(crate) struct Making {
    pub catalogue: Arc<Catalogue>,
    pub key: Arc<SigningKey>,
    /// Another key of the same algorithm, which nobody trusts.
    pub other_key: Arc<SigningKey>,
}

/// A token, or what stands in place of one.
pub(crate) struct Made {
    pub body: Vec<u8>,
    /// The claim `jti`, where it has one that is text.
    pub jti: Option<String>,
}

impl Making {
    /// The token of a plan, or what it says in place of one.
    pub fn body(&self, plan: &PushPlan, scope: &Scope) -> Result<Vec<u8>, Stop> {
        self.made(plan, scope, |_| {}).map(|made| made.body)
    }

    /// The same with the identifier that it was given, also where its form does not let it be read. The template is adapted before
    /// the plan changes it.
    pub fn made(&self, plan: &PushPlan, scope: &Scope, adapt: impl FnOnce(&mut Draft)) -> Result<Made, Stop> {
        let text = |template: &crate::expr::Template| {
            scope.enter(|entered| template.render_text(entered)).map_err(Stop::Internal)
        };
        let mut draft = match &plan.base {
            PushBase::Raw(raw) => {
                let body = text(raw)?.into_bytes();
                let claims = Token::from_bytes(&body).claims;
                let jti = claims.and_then(|claims| claims.get("jti")?.as_str().map(str::to_owned));
                return Ok(Made { body, jti });
            }
            PushBase::Set(name) => {
                scope.enter(|entered| self.catalogue.fixtures.draft(name, entered)).map_err(Stop::Internal)?
            }
            PushBase::Payload(payload) => Draft { payload_text: Some(text(payload)?), ..Draft::default() },
        };
        adapt(&mut draft);
        if let Some(claims) = &plan.claims {
            draft.merge_claims(&rendered_object(claims, scope)?);
        }
        if let Some(header) = &plan.header {
            draft.merge_header(&rendered_object(header, scope)?);
        }
        let jti = draft.claims.get("jti").and_then(serde_json::Value::as_str).map(str::to_owned);
        let body = match plan.forge {
            None => set::sign(&draft, &self.key).map(String::into_bytes),
            Some(forgery) => set::forge(&draft, forgery, &ForgeKeys::new(&self.key, &self.other_key)),
        }
        .map_err(|error| match error {
            KeyError::Unsupported { .. } => Stop::NotApplicable(error.to_string()),
            error => Stop::Internal(error.to_string()),
        })?;
        Ok(Made { body, jti })
    }
}
