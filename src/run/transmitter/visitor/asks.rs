//! What the operator's hook is asked for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Visitor, unmade};
use crate::expr::Scope;
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::hook::Ask;
use crate::suite::catalogue::TriggerPlan;

impl Visitor {
    pub(super) async fn ask(
        &mut self,
        plan: &TriggerPlan,
        may_refuse: bool,
        on: &str,
        scope: &Scope,
    ) -> Result<Acted, Stop> {
        let ask = self.ask_of(plan, on, scope)?;
        let settings = &self.world.settings;
        self.last = Timestamp::now();
        match settings.hook.ask(&ask, &settings.issuer, settings.timeouts.response).await {
            Ok(()) => Ok(Acted::default()),
            Err(_) if may_refuse => Ok(Acted::default()),
            Err(why) => Err(Stop::inconclusive(format!("the trigger hook failed: {why}"))),
        }
    }

    fn ask_of(&self, plan: &TriggerPlan, on: &str, scope: &Scope) -> Result<Ask, Stop> {
        let usual = || scope.get("subject").cloned().unwrap_or(Value::Null);
        let rendered = |template: &Option<crate::expr::Template>| {
            template.as_ref().map(|template| scope.enter(|entered| template.render(entered))).transpose()
        };
        match plan {
            TriggerPlan::Event { event, subject } => {
                let event = scope.enter(|entered| event.render_text(entered)).map_err(|reason| unmade(&reason))?;
                let subject = rendered(subject).map_err(|reason| unmade(&reason))?.unwrap_or_else(usual);
                Ok(Ask::Event { event, subject, payload: json!({}) })
            }
            TriggerPlan::Set { name, subject } => {
                let fixtures = &self.world.settings.catalogue.fixtures;
                let draft = scope.enter(|entered| fixtures.draft(name, entered)).map_err(Stop::Internal)?;
                let events = draft.claims.get("events").and_then(Value::as_object);
                let (event, payload) = events
                    .and_then(|events| events.iter().next())
                    .ok_or_else(|| Stop::Internal(format!("the fixture {name} has no event")))?;
                let subject = rendered(subject).map_err(|reason| unmade(&reason))?.unwrap_or_else(usual);
                Ok(Ask::Event { event: event.clone(), subject, payload: payload.clone() })
            }
            TriggerPlan::Status(status) => Ok(Ask::Status { stream_id: self.stream_of(on, scope)?, status: *status }),
            TriggerPlan::Verification => Ok(Ask::Verification { stream_id: self.stream_of(on, scope)? }),
            TriggerPlan::RotateKey => Ok(Ask::RotateKey),
        }
    }
}
