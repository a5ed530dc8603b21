//! The catalogue: every requirement, rule, case, mutant and variation, compiled and cross-referenced.

use std::collections::BTreeMap;

use serde::Serialize;

use super::at::Position;
use super::fixture::Fixtures;
use super::model::case::{
    Answer, Asked, Auth, Awaited, BadCertificate, CaseDelivery, Decision, Fault, Method, StreamStatus, TlsVersion,
};
use super::model::deviation::{Check, Request, Respond, Retry, Stage, TlsDeviation};
use super::model::profile::{Profile, Role};
use super::model::section::{Kind, Level, Party};
use crate::expr::{Expression, Template};
use crate::set::Forgery;

/// All suites, ready to run.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The specifications, sorted by folder.
    pub specs: Vec<SpecInfo>,
    /// The requirements, by folder, number of the section and order in the file; elsewhere they are named by their index.
    pub requirements: Vec<Requirement>,
    /// The passive checks, in the order of the requirements' sections.
    pub rules: Vec<Rule>,
    /// The active scenarios of both roles, in the same order.
    pub cases: Vec<Case>,
    /// The peers that break a requirement: each one names it in `breaks`.
    pub mutants: Vec<Deviation>,
    /// The peers that are legal oddities: they break nothing.
    pub variations: Vec<Deviation>,
    /// The conformance claims of `profiles.yaml`, by name: `push-receiver`.
    pub profiles: BTreeMap<String, Profile>,
    /// The SET templates that cases and the built-in transmitter send.
    pub fixtures: Fixtures,
    pub(super) by_id: BTreeMap<String, usize>,
}

/// One specification: its folder and its name.
#[derive(Debug, Clone, Serialize)]
pub struct SpecInfo {
    /// The folder below `suites/`: `rfc8935`.
    pub id: String,
    /// The short name: `RFC 8935`.
    pub name: String,
    /// The title as the specification writes it.
    pub title: String,
}

/// One testable statement of a specification.
#[derive(Debug, Clone, Serialize)]
pub struct Requirement {
    /// Folder, section and slug: `rfc8935/2.2/status-202`.
    pub id: String,
    /// The name of the specification: `RFC 8935`.
    pub spec: String,
    /// The number of the section, as text: `2.2`.
    pub section: String,
    /// The title of the section file: `Success response`.
    pub section_title: String,
    /// How strongly it binds; no place that checks can change it.
    pub level: Level,
    /// Who is judged by it.
    pub party: Party,
    /// The statement in one sentence, in our own words.
    pub text: String,
    /// Why a breach is a warning at most.
    pub ambiguous: Option<String>,
    /// Why no harness can see it.
    pub unobservable: Option<String>,
    /// What will test it, where it can be tested and is not yet.
    pub planned: Option<String>,
    /// Features of the target without which it is not applicable: `tls`, `authorization`.
    pub needs: Vec<String>,
    /// Earlier ids, in full: `rfc8935/2.2/an-old-slug`. They are found like the id itself.
    pub aliases: Vec<String>,
    /// Where the section can be read.
    pub link: String,
    /// The suite file, and the place in it.
    pub file: String,
    /// Where the slug stands in `file`.
    #[serde(skip)]
    pub position: Position,
}

impl Requirement {
    /// Whether a breach is a violation; if not, it is a warning.
    pub fn breach_is_violation(&self) -> bool {
        self.level.is_absolute() && self.ambiguous.is_none()
    }

    /// The folder of the specification.
    pub fn folder(&self) -> &str {
        self.id.split('/').next().unwrap_or_default()
    }
}

/// One requirement to verify, by an expression.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// The index of the requirement in the catalogue.
    pub requirement: usize,
    /// A condition without which nothing is expected and nothing observed.
    pub when: Option<Expression>,
    /// What has to hold. What cannot be evaluated does not hold.
    pub that: Expression,
    /// What is accepted though not ideal, and why.
    pub also: Option<(Expression, String)>,
}

/// A passive check.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `rfc8417/2.2#1`: the section and the position in the file.
    pub id: String,
    /// The kind of message that it is applied to.
    pub on: Kind,
    /// A condition without which the rule does not apply to a message.
    pub when: Option<Expression>,
    /// What it verifies on each message: at least one expectation.
    pub expect: Vec<Expectation>,
}

/// An active scenario.
#[derive(Debug, Clone)]
pub struct Case {
    /// `rfc8935/2.2/accepts-a-valid-set`.
    pub id: String,
    /// What happens in it, in a few words, for progress and reports.
    pub title: String,
    /// Features of the target without which the case is skipped.
    pub needs: Vec<String>,
    /// By which methods a transmitter delivers in it.
    pub delivery: CaseDelivery,
    /// Streams that are created before the first step.
    pub streams: Vec<StreamPlan>,
    /// Whether nothing else may go on with the target meanwhile.
    pub alone: bool,
    /// How a visiting receiver is started anew for the case, if it is.
    pub fresh: Option<Fresh>,
    /// What our transmitter does otherwise from before the first step.
    pub serve: Vec<Deviation>,
    /// What is done, in this order; the variables of a step are seen by those after it.
    pub steps: Vec<Step>,
    /// The role of the target that the case is for.
    pub role: Role,
    /// The suite file that it stands in, as errors show it.
    pub file: String,
    /// Where the case begins in `file`.
    pub position: Position,
}

impl Case {
    /// The requirements that the case verifies, by index.
    pub fn requirements(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().flat_map(|step| step.expect.iter().map(|expectation| expectation.requirement))
    }

    /// Whether something that the case sends has to be refused.
    pub fn expects_refusal(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Push(plan) | Action::Offer(plan) | Action::Logout(plan) => {
                plan.fault.is_some_and(Fault::must_be_refused) && !step.expect.is_empty()
            }
            Action::Http(plan) | Action::Poll(plan) => {
                plan.fault.as_deref().is_some_and(|fault| fault != Fault::Oddity.name()) && !step.expect.is_empty()
            }
            _ => false,
        })
    }

    /// Whether the case has a good counterpart.
    pub fn has_control(&self) -> bool {
        !self.streams.is_empty()
            || self.steps.iter().any(|step| match &step.action {
                Action::Control(_) => true,
                Action::Http(plan) | Action::Poll(plan) => plan.fault.is_none() && step.assume.is_some(),
                _ => false,
            })
    }

    /// Whether the case is one for a receiver that visits our transmitter.
    pub fn is_visit(&self) -> bool {
        self.role == Role::Receiver
            && (self.fresh.is_some()
                || !self.serve.is_empty()
                || self.steps.iter().any(|step| {
                    matches!(
                        step.action,
                        Action::Serve(_)
                            | Action::Ask { .. }
                            | Action::Decide(_)
                            | Action::Await { .. }
                            | Action::Quiet { .. }
                            | Action::Join(_)
                    )
                }))
    }

    /// Whether the case needs no more than a TCP connection, and so runs even where nothing can be pushed.
    pub fn is_handshake_only(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Hello(_)))
    }
}

/// How a receiver is started anew.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The issuer that it is told, if not the plain one.
    pub issuer: Option<Template>,
    /// The certificate that it is shown, if not the good one.
    pub certificate: Option<BadCertificate>,
}

/// A stream that a case is given.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// The variable that holds its configuration.
    pub name: String,
    /// A list of the events requested; the one that can be triggered unless given.
    pub events: Option<Template>,
    /// Subjects that are added to it where the target has an endpoint for that.
    pub subjects: Vec<Template>,
    /// Its delivery method, if not that of the case.
    pub delivery: Option<Method>,
    /// Who creates it, if not the first receiver.
    pub auth: Option<Auth>,
}

/// One step of a case.
#[derive(Debug, Clone)]
pub struct Step {
    /// The verb of the step, and what belongs to it.
    pub action: Action,
    /// The variable of the stream that is meant; `stream` unless given.
    pub on: Option<String>,
    /// The name under which a request is started, to be taken up again by [`Action::Join`].
    pub background: Option<String>,
    /// A request is repeated until this holds.
    pub until: Option<Expression>,
    /// How long the step waits, in seconds.
    pub within: Option<Expression>,
    /// A condition without which the whole step is left out.
    pub when: Option<Expression>,
    /// What must hold after the action; if it does not, the case is inconclusive and ends here.
    pub assume: Option<Expression>,
    /// What is judged after the action.
    pub expect: Vec<Expectation>,
    /// Variables for later steps: name and value. One that cannot be evaluated becomes null.
    pub save: Vec<(String, Expression)>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Pushes to the target.
    Push(PushPlan),
    /// Pushes what the target has to accept; if it does not, the case is inconclusive.
    Control(PushPlan),
    /// Sends any other request, to any URL.
    Http(HttpPlan),
    /// Polls a stream (RFC 8936).
    Poll(HttpPlan),
    /// Offers one TLS version to the target by hand, and sets the variable `hello`.
    Hello(TlsVersion),
    /// Says how our push endpoint answers from now on.
    Answer(Answer),
    /// Asks the target to do something by itself.
    Trigger {
        /// What it is asked for.
        plan: TriggerPlan,
        /// Whether the case goes on where it is refused.
        may_refuse: bool,
    },
    /// Waits for something, and sets the variables of it when it comes.
    Await {
        /// The kind of message that is waited for.
        what: Awaited,
        /// A condition on the message; one that does not meet it is recorded and judged, and waiting goes on.
        filter: Option<Expression>,
    },
    /// Takes up a request that was started in the background.
    Join(String),
    /// Sees that something does not come: its variable stays null.
    Quiet {
        /// The kind of message that should not come.
        what: Awaited,
        /// A condition on the message.
        filter: Option<Expression>,
    },
    /// Gives a SET to the receiver by whichever method it takes SETs, and waits for what it says of it.
    Offer(PushPlan),
    /// Says what our transmitter does otherwise from now on.
    Serve(Vec<Deviation>),
    /// Asks the receiver to do something by itself.
    Ask {
        /// What.
        what: Asked,
        /// An object of arguments.
        arguments: Option<Template>,
    },
    /// Changes the status of the receiver's stream by our own decision.
    Decide(Decision),
    /// Logs a browser in.
    Login(LoginPlan),
    /// Sends a back-channel logout request, and looks which sessions are still there.
    Logout(PushPlan),
    /// Has the OpenID provider end the session of this variable.
    End(String),
    /// Uses the refresh token of the session of this variable.
    Refresh(String),
}

/// How a browser logs in.
#[derive(Debug, Clone)]
pub struct LoginPlan {
    /// The variable of the session.
    pub session: String,
    /// The user, by a name within the case.
    pub user: String,
    /// The session identifier that our OpenID provider gives it.
    pub sid: Option<Template>,
    /// Whether our OpenID provider gives a logout token in place of an ID Token.
    pub impostor: bool,
    /// Whether our relying party asks for `offline_access`.
    pub offline: bool,
    /// Whether our relying party is the one whose ID Tokens are encrypted.
    pub encrypted: bool,
    /// Whether the login is one at our relying party behind the target, which is a provider itself.
    pub behind: bool,
}

/// How one HTTP request is made.
#[derive(Debug, Clone)]
pub struct HttpPlan {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The absolute URL, made when the step is reached.
    pub url: Template,
    /// An object of header fields to replace by name; null leaves one out.
    pub headers: Template,
    /// The body; none is sent unless given.
    pub body: Option<Template>,
    /// Whether the body is JSON, and says so in Content-Type.
    pub is_json: bool,
    /// What stands in the Authorization header.
    pub auth: Auth,
    /// What is wrong with the request, where something is wrong on purpose.
    pub fault: Option<String>,
}

/// What the target is asked to do by itself.
#[derive(Debug, Clone)]
pub enum TriggerPlan {
    /// To send an event like this SET template: `caep/session-revoked`.
    Set {
        /// The name of the fixture.
        name: String,
        /// The subject in place of that of the fixture.
        subject: Option<Template>,
    },
    /// To send an event of this type.
    Event {
        /// The URI of the type.
        event: Template,
        /// The subject; `subject` of the case unless given.
        subject: Option<Template>,
    },
    /// To change the status of a stream.
    Status(StreamStatus),
    /// To send a verification event that nobody requested.
    Verification,
    /// To sign with a new key from now on.
    RotateKey,
}

impl TriggerPlan {
    /// The feature of the target without which it cannot be asked.
    pub const fn feature(&self) -> &'static str {
        match self {
            Self::Set { .. } | Self::Event { .. } => "trigger",
            Self::Status(_) => "trigger-status",
            Self::Verification => "trigger-verification",
            Self::RotateKey => "trigger-keys",
        }
    }
}

/// How one SET transmission request is made.
#[derive(Debug, Clone)]
pub struct PushPlan {
    /// What the body is made from.
    pub base: PushBase,
    /// An object of claims to replace in a SET template; null removes one.
    pub claims: Option<Template>,
    /// An object of members of the JOSE header to replace; null removes one.
    pub header: Option<Template>,
    /// How the token is broken; it is signed properly unless given.
    pub forge: Option<Forgery>,
    /// An object of HTTP header fields to replace by name; null leaves one out.
    pub headers: Template,
    /// An object of parameters to replace in the form of a logout request; null leaves one out. Nothing elsewhere.
    pub form: Option<Template>,
    /// What stands in the Authorization header.
    pub auth: Auth,
    /// The check that the push must not pass (RFC 8935 section 2); absent if nothing is wrong with it.
    pub fault: Option<Fault>,
    /// Whether a logout token is encrypted; as ID Tokens are unless given.
    pub encrypt: Option<bool>,
}

/// What the body of a push is made from.
#[derive(Debug, Clone)]
pub enum PushBase {
    /// A fixture, by name.
    Set(String),
    /// The claims set as text.
    Payload(Template),
    /// The body verbatim.
    Raw(Template),
}

/// A mutant or a variation.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// `rfc8935/2.2/acknowledges-with-200`.
    pub id: String,
    /// The requirement that a mutant breaks, by index.
    pub breaks: Option<usize>,
    /// Requirements that may break along with it, by index.
    pub also: Vec<usize>,
    /// What it is about, where the name does not say it.
    pub about: Option<String>,
    /// The role of the peer that deviates.
    pub role: Role,
    /// The message that is tampered with.
    pub on: Option<Stage>,
    /// A Shared Signals transmitter or receiver: what it does otherwise, by name.
    pub behave: Option<String>,
    /// What else the peer is like, by name.
    pub given: Vec<String>,
    /// A condition without which the message is left alone.
    pub when: Option<Expression>,
    /// How answers are changed: those of a receiver to pushes, those of a transmitter to everything else.
    pub respond: Option<RespondPlan>,
    /// A receiver: a check that it leaves out.
    pub ignore: Option<Check>,
    /// A receiver: the languages of its descriptions, in place of those it is set up with; the first is the default.
    pub languages: Option<Vec<String>>,
    /// How requests are changed: the pushes of a transmitter, everything else that a visiting receiver sends.
    pub request: Option<RequestPlan>,
    /// A transmitter: an object of claims to replace; null removes one.
    pub claims: Option<Template>,
    /// A transmitter: an object of members of the JOSE header to replace; null removes one.
    pub header: Option<Template>,
    /// A transmitter: the claims set as verbatim JSON text, which need not be valid JSON.
    pub payload: Option<Template>,
    /// A transmitter: how its tokens are broken.
    pub forge: Option<Forgery>,
    /// Either role: what differs on the TLS layer.
    pub tls: Option<TlsDeviation>,
    /// A transmitter: how it repeats itself.
    pub retry: Option<Retry>,
    /// The suite file that it stands in, as errors show it.
    pub file: String,
}

impl Deviation {
    /// A peer of this role that does nothing otherwise yet.
    pub fn plain(role: Role, id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            breaks: None,
            also: Vec::new(),
            about: None,
            role,
            on: None,
            behave: None,
            given: Vec::new(),
            when: None,
            respond: None,
            ignore: None,
            languages: None,
            request: None,
            claims: None,
            header: None,
            payload: None,
            forge: None,
            tls: None,
            retry: None,
            file: String::new(),
        }
    }

    /// Whether it takes a whole Shared Signals transmitter or receiver to act it out: such deviations stand in the suites of
    /// SSF and of the delivery by poll.
    pub fn is_of_shared_signals(&self) -> bool {
        ["ssf/", "rfc8936/", "caep-interop/"].iter().any(|folder| self.id.starts_with(folder))
    }

    /// Whether it takes a SCIM service provider to act it out.
    pub fn is_of_scim(&self) -> bool {
        let acts = self.on == Some(Stage::Scim) || self.behave.is_some() || !self.given.is_empty();
        acts && self.id.starts_with("scim-events/")
    }

    /// Whether it stands in the suite of a family of events, and is about nothing but their SETs.
    pub fn is_of_events(&self) -> bool {
        !self.is_of_scim()
            && ["caep/", "risc/", "scim-events/", "oauth-events/"].iter().any(|folder| self.id.starts_with(folder))
    }
}

/// [`Respond`] with its templates compiled.
#[derive(Debug, Clone)]
pub struct RespondPlan {
    /// The deviation as written: status, delay, and whether it accepts or closes.
    pub plain: Respond,
    /// An object of header fields to replace; null removes one.
    pub headers: Template,
    /// The body as text.
    pub body: Option<Template>,
    /// An object of members to replace in a JSON body; null removes one.
    pub json: Option<Template>,
    /// The JSON body as a whole.
    pub whole: Option<Template>,
}

/// [`Request`] with its templates compiled.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    /// The deviation as written: the method, among other things.
    pub plain: Request,
    /// An object of header fields to replace; null removes one.
    pub headers: Template,
    /// The body as text; `${body}` is the original.
    pub body: Option<Template>,
    /// An object of members to replace in a JSON body; null removes one.
    pub json: Option<Template>,
    /// An object of parameters to replace in the query; null removes one.
    pub query: Template,
    /// The URL in place of the original.
    pub url: Option<Template>,
}

impl Catalogue {
    /// The requirement with this id or alias.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.by_id.get(id).map(|index| &self.requirements[*index])
    }

    /// The index of the requirement with this id or alias.
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Every mutant and variation.
    pub fn deviations(&self) -> impl Iterator<Item = &Deviation> {
        self.mutants.iter().chain(&self.variations)
    }

    /// Mutants or variations by full id, or by a last part that only one of them has.
    pub fn find_deviation<'a>(list: &'a [Deviation], name: &str) -> Result<&'a Deviation, String> {
        let suffix = format!("/{name}");
        let found: Vec<&Deviation> =
            list.iter().filter(|deviation| deviation.id == name || deviation.id.ends_with(&suffix)).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => {
                // Whoever writes a slash means a full id.
                let known = list.iter().map(|deviation| match name.contains('/') {
                    true => deviation.id.as_str(),
                    false => deviation.id.rsplit('/').next().unwrap_or_default(),
                });
                let near = crate::expr::nearest(name, known);
                Err(match near {
                    Some(near) => format!("there is no `{name}`; did you mean `{near}`?"),
                    None => format!("there is no `{name}`"),
                })
            }
            several => Err(format!(
                "`{name}` is not unique: {}",
                several.iter().map(|deviation| deviation.id.as_str()).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// Whether some rule or case verifies the requirement.
    pub fn is_tested(&self, requirement: usize) -> bool {
        self.rules.iter().any(|rule| rule.expect.iter().any(|e| e.requirement == requirement))
            || self.cases.iter().any(|case| case.requirements().any(|index| index == requirement))
    }

    /// The indices of all requirements of some specifications, in the order of the catalogue.
    pub fn of_specs(&self, specs: &[String]) -> Vec<usize> {
        let of = |requirement: &Requirement| specs.iter().any(|spec| spec == requirement.folder());
        self.requirements.iter().enumerate().filter(|(_, r)| of(r)).map(|(index, _)| index).collect()
    }

    /// The indices of the requirements that a profile consists of, in the order of the catalogue.
    pub fn of_profile(&self, profile: &Profile) -> Vec<usize> {
        self.requirements
            .iter()
            .enumerate()
            .filter(|(_, r)| profile.specs.iter().any(|spec| spec == r.folder()) && profile.parties.contains(&r.party))
            .map(|(index, _)| index)
            .collect()
    }
}
