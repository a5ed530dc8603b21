//! Steps against a relying party: logins, and logout requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};
use url::form_urlencoded::Serializer;

use super::world::{Failed, Session, World};
use crate::expr::{Scope, Template, Vocabulary};
use crate::http::{Exchange, RequestSpec, Subscription};
use crate::peer::message::{form_request_value, object_or_null, sent_value, set_value};
use crate::peer::oidc::{FORM, LOGOUT_TYPE, random};
use crate::run::conscience;
use crate::run::evidence::evidence;
use crate::run::request::{merged, rendered_object, set_exchange};
use crate::run::steps::{Acted, Actor, Stop};
use crate::set::{self, Draft, Token, jwe};
use crate::suite::catalogue::{Action, LoginPlan, PushBase, PushPlan, Step};
use crate::suite::model::case::{Auth, Awaited, Fault};
use crate::suite::model::section::Kind;

/// The session that a token is about where the case has several.
const USUAL: &str = "session";

/// The token that every relying party of the profile has to take.
const GOOD_TOKEN: &str = "logout/session-ended";

/// The browsers and users of one case.
pub(crate) struct Visitors {
    world: Arc<World>,
    sessions: BTreeMap<String, Session>,
    /// The subject by the name of the user within the case.
    users: BTreeMap<String, String>,
    /// What comes to our relying party behind the target.
    behind: Option<Subscription>,
}

impl From<Failed> for Stop {
    fn from(failed: Failed) -> Self {
        Self::Inconclusive { reason: failed.reason, exchanges: failed.exchanges, observations: Vec::new() }
    }
}

impl Visitors {
    pub fn new(world: Arc<World>) -> Self {
        Self { world, sessions: BTreeMap::new(), users: BTreeMap::new(), behind: None }
    }

    /// The subject of a user: one of those that the relying party knows, or a new one.
    fn subject(&mut self, user: &str) -> Result<String, Stop> {
        if let Some(known) = self.users.get(user) {
            return Ok(known.clone());
        }
        let given = &self.world.settings.subjects;
        let sub = match given.get(self.users.len()) {
            Some(sub) => sub.clone(),
            None if given.is_empty() => format!("user-{}", random()),
            None => {
                let why = format!("the case takes more users than the {} that were given (--subject)", given.len());
                return Err(Stop::NoOccasion(why));
            }
        };
        self.users.insert(user.to_owned(), sub.clone());
        Ok(sub)
    }

    async fn login(&mut self, plan: &LoginPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let sub = self.subject(&plan.user)?;
        if plan.impostor {
            let known = self.sessions.values().next().map(|session| session.page().clone());
            let page = known.ok_or_else(|| Stop::Internal("a login comes before that of an impostor".to_owned()))?;
            let (open, exchanges) = self.world.lets_impostors_in(&sub, &page).await?;
            scope.set(plan.session.clone(), json!({ "sub": sub, "sid": null, "open": open }));
            return Ok(Acted { exchanges, ..Acted::default() });
        }
        if plan.behind {
            let (session, exchanges, requests) = self.world.login_behind(&sub).await?;
            self.behind = Some(requests);
            scope.set(plan.session.clone(), session.value());
            self.sessions.insert(plan.session.clone(), session);
            return Ok(Acted { exchanges, ..Acted::default() });
        }
        let sid = plan.sid.as_ref().map(|sid| scope.enter(|entered| sid.render_text(entered))).transpose();
        let (session, exchanges) = self.world.login(&sub, sid.map_err(Stop::Internal)?).await?;
        scope.set(plan.session.clone(), session.value());
        self.sessions.insert(plan.session.clone(), session);
        Ok(Acted { exchanges, ..Acted::default() })
    }

    /// Sends a logout request, and looks which sessions are still there.
    async fn logout(&mut self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let about = self.sessions.get(USUAL).or_else(|| self.sessions.values().next()).map(Session::value);
        let mut acted = self.sent(plan, about.unwrap_or(Value::Null), scope).await?;
        let exchange = acted.exchanges.pop();
        for (name, session) in &mut self.sessions {
            match self.world.look(session).await {
                Ok(looked) => acted.exchanges.extend(looked),
                Err(failed) => {
                    acted.exchanges.extend(failed.exchanges);
                    acted.exchanges.extend(exchange);
                    let Acted { exchanges, observations, .. } = acted;
                    return Err(Stop::Inconclusive { reason: failed.reason, exchanges, observations });
                }
            }
            scope.set(name.clone(), session.value());
        }
        // The exchange that the step is about stands last.
        acted.exchanges.extend(exchange);
        Ok(acted)
    }

    /// Waits for a logout request at our relying party behind the target; `request` is null where none comes.
    async fn told_behind(&mut self, scope: &mut Scope) -> Result<Acted, Stop> {
        let requests = self.behind.as_mut();
        let requests = requests.ok_or_else(|| Stop::Internal("nobody has logged in behind the target".to_owned()))?;
        let told = self.world.told_behind(requests).await;
        scope.set("request", told.as_ref().map_or(Value::Null, |exchange| form_request_value(&exchange.request)));
        let exchanges = told.iter().map(|exchange| evidence((**exchange).clone())).collect();
        Ok(Acted { exchanges, ..Acted::default() })
    }

    /// Sends a logout request for a case, which ends where nobody is there any more.
    async fn sent(&self, plan: &PushPlan, session: Value, scope: &mut Scope) -> Result<Acted, Stop> {
        let World { client, endpoint, .. } = &*self.world;
        self.send(plan, session, scope).await?.unless_gone(client, endpoint).await
    }

    async fn send(&self, plan: &PushPlan, session: Value, scope: &mut Scope) -> Result<Acted, Stop> {
        let world = &self.world;
        let body = world.making.made(plan, scope, |draft| about(draft, &session))?.body;
        let token = Token::from_bytes(&body);
        let text = String::from_utf8_lossy(&body).into_owned();
        let encrypted = self.encrypted(plan, &text)?;
        let jwe = encrypted.as_deref().map(Token::parse).and_then(|token| token.header);
        let mut form = Map::from_iter([("logout_token".to_owned(), json!(encrypted.unwrap_or(text)))]);
        if let Some(changes) = &plan.form {
            set::draft::merge(&mut form, &rendered_object(changes, scope)?);
        }
        let overrides = rendered_object(&plan.headers, scope)?;
        let spec = RequestSpec {
            method: "POST".to_owned(),
            url: world.endpoint.clone(),
            headers: merged(vec![("Content-Type".to_owned(), FORM.to_owned())], &overrides),
            body: encoded(&form).into_bytes(),
        };
        let exchange = world.client.send(spec).await;
        let signature = set::verify(&token, &world.jwks);
        set_exchange(scope, &exchange);
        scope.set("request", form_request_value(&exchange.request));
        scope.set("sent", sent_value(plan.fault, plan.forge.map(|forgery| forgery.name()), plan.auth, None));
        scope.set("set", set_value(&token, &signature));
        scope.set("claims", object_or_null(token.claims.as_ref()));
        scope.set("header", object_or_null(token.header.as_ref()));
        scope.set("jwe", object_or_null(jwe.as_ref()));
        let judged = scope.clone().with("session", session);
        let observations = world.judge.message(Kind::Logout, &judged, Some(&exchange.id));
        if plan.fault.is_none() {
            conscience::clear(&world.conscience, &world.conscience.message(Kind::Logout, &judged, None))?;
        }
        let unanswered = exchange.response.is_none() && plan.fault.is_some_and(Fault::must_be_refused);
        Ok(Acted { exchanges: vec![exchange], observations, unanswered, ..Acted::default() })
    }

    /// The text of a token, encrypted as ID Tokens for the relying party are; `None` where it is sent as it is.
    fn encrypted(&self, plan: &PushPlan, text: &str) -> Result<Option<String>, Stop> {
        let world = &self.world;
        let wanted = plan.encrypt.unwrap_or_else(|| !world.takes_plain.load(Ordering::Relaxed));
        let verbatim = matches!(plan.base, PushBase::Raw(_));
        let Some((key, agreed)) = world.op.encryption().filter(|_| wanted && !verbatim) else { return Ok(None) };
        let header = Map::from_iter([("iss".to_owned(), json!(world.op.issuer()))]);
        jwe::encrypt(text, &key, agreed, &header).map(Some).map_err(|error| Stop::Internal(error.to_string()))
    }

    /// The answer to a token that every relying party has to take.
    pub async fn good(&self, session: &Session, encrypt: Option<bool>) -> Result<Exchange, Stop> {
        let nothing = Template::compile(&json!({}), &Vocabulary::default()).expect("an empty object is a template");
        let plan = PushPlan {
            base: PushBase::Set(GOOD_TOKEN.to_owned()),
            claims: None,
            header: None,
            forge: None,
            headers: nothing,
            form: None,
            encrypt,
            auth: Auth::Valid,
            fault: None,
        };
        let mut acted = self.send(&plan, session.value(), &mut self.world.scope()).await?;
        acted.exchanges.pop().ok_or_else(|| Stop::Internal("a request left no record".to_owned()))
    }

    /// A good token ends a session that was there, so that the refusal of something else proves something.
    async fn control(&mut self, plan: &PushPlan, scope: &mut Scope) -> Result<Acted, Stop> {
        let (mut session, mut exchanges) = self.world.login(&self.world.anybody(), None).await?;
        let mut acted = self.sent(plan, session.value(), scope).await?;
        let last = acted.exchanges.pop();
        let status = last.as_ref().and_then(Exchange::status);
        let failure = last.as_ref().and_then(|exchange| exchange.failure.as_ref().map(|it| it.message.clone()));
        match self.world.look(&mut session).await {
            Ok(looked) => exchanges.extend(looked),
            Err(failed) => exchanges.extend(failed.exchanges),
        }
        exchanges.extend(last);
        let why = match status {
            Some(status) if (200..300).contains(&status) && !session.open => {
                return Ok(Acted { exchanges, ..acted });
            }
            Some(status) if (200..300).contains(&status) => {
                format!("it answers {status}, and the session is still there")
            }
            Some(status) => format!("it answers {status}"),
            None => failure.unwrap_or_else(|| "no answer came".to_owned()),
        };
        Err(Stop::Inconclusive {
            reason: format!("the good counterpart does not log out, so a refusal proves nothing: {why}"),
            exchanges,
            observations: acted.observations,
        })
    }
}

/// Makes a token one about a session: typed, and naming user and session.
fn about(draft: &mut Draft, session: &Value) {
    draft.merge_header(&Map::from_iter([("typ".to_owned(), json!(LOGOUT_TYPE))]));
    if session.is_object() {
        let names = ["sub", "sid"].map(|name| (name.to_owned(), session[name].clone()));
        draft.merge_claims(&Map::from_iter(names));
    }
}

fn encoded(form: &Map<String, Value>) -> String {
    let mut text = Serializer::new(String::new());
    for (name, value) in form {
        match value {
            Value::String(value) => text.append_pair(name, value),
            other => text.append_pair(name, &other.to_string()),
        };
    }
    text.finish()
}

impl Actor for Visitors {
    async fn act(&mut self, step: &Step, scope: &mut Scope) -> Result<Acted, Stop> {
        match &step.action {
            Action::Login(plan) => self.login(plan, scope).await,
            Action::Logout(plan) => self.logout(plan, scope).await,
            Action::Control(plan) => self.control(plan, scope).await,
            Action::Await { what: Awaited::Logout, .. } => self.told_behind(scope).await,
            _ => Err(Stop::Internal("this step is not for a relying party".to_owned())),
        }
    }
}
