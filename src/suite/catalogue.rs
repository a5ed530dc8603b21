//! The catalogue: every requirement, rule, case, mutant and variation, compiled and cross-referenced.

use std::collections::BTreeMap;

use serde::Serialize;

use super::at::Position;
use super::fixture::Fixtures;
use super::model::case::{Answer, Auth, Awaited, Fault, TlsVersion};
use super::model::deviation::{Check, Request, Respond, Retry, Stage, TlsDeviation};
use super::model::profile::{Profile, Role};
use super::model::section::{Kind, Level, Party};
use crate::expr::{Expression, Template};
use crate::set::Forgery;

/// All suites, ready to run.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pub specs: Vec<SpecInfo>,
    pub requirements: Vec<Requirement>,
    pub rules: Vec<Rule>,
    pub cases: Vec<Case>,
    pub mutants: Vec<Deviation>,
    pub variations: Vec<Deviation>,
    pub profiles: BTreeMap<String, Profile>,
    pub fixtures: Fixtures,
    pub(super) by_id: BTreeMap<String, usize>,
}

/// One specification: its folder and its name.
#[derive(Debug, Clone, Serialize)]
pub struct SpecInfo {
    pub id: String,
    pub name: String,
    pub title: String,
}

/// One testable statement of a specification.
#[derive(Debug, Clone, Serialize)]
pub struct Requirement {
    /// Folder, section and slug: `rfc8935/2.2/status-202`.
    pub id: String,
    /// The name of the specification: `RFC 8935`.
    pub spec: String,
    pub section: String,
    pub section_title: String,
    pub level: Level,
    pub party: Party,
    pub text: String,
    /// Why a breach is a warning at most.
    pub ambiguous: Option<String>,
    /// Why no harness can see it.
    pub unobservable: Option<String>,
    pub needs: Vec<String>,
    pub aliases: Vec<String>,
    /// Where the section can be read.
    pub link: String,
    /// The suite file, and the place in it.
    pub file: String,
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
    pub when: Option<Expression>,
    pub that: Expression,
    /// What is accepted though not ideal, and why.
    pub also: Option<(Expression, String)>,
}

/// A passive check.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `rfc8417/2.2#1`: the section and the position in the file.
    pub id: String,
    pub on: Kind,
    pub when: Option<Expression>,
    pub expect: Vec<Expectation>,
}

/// An active scenario.
#[derive(Debug, Clone)]
pub struct Case {
    /// `rfc8935/2.2/accepts-a-valid-set`.
    pub id: String,
    pub title: String,
    pub needs: Vec<String>,
    pub steps: Vec<Step>,
    /// The role of the target that the case is for.
    pub role: Role,
    pub file: String,
    pub position: Position,
}

impl Case {
    /// The requirements that the case verifies, by index.
    pub fn requirements(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().flat_map(|step| step.expect.iter().map(|expectation| expectation.requirement))
    }

    /// Whether some push of the case has to be refused.
    pub fn expects_refusal(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Push(plan) => plan.fault.is_some_and(Fault::must_be_refused) && !step.expect.is_empty(),
            _ => false,
        })
    }

    /// Whether the case has a good counterpart.
    pub fn has_control(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Control(_)))
    }

    /// Whether the case needs no more than a TCP connection, and so runs even where nothing can be pushed.
    pub fn is_handshake_only(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Hello(_)))
    }
}

/// One step of a case.
#[derive(Debug, Clone)]
pub struct Step {
    pub action: Action,
    pub when: Option<Expression>,
    pub assume: Option<Expression>,
    pub expect: Vec<Expectation>,
    pub save: Vec<(String, Expression)>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    Push(PushPlan),
    Control(PushPlan),
    Http { method: String, url: Template, headers: Template, body: Option<Template>, auth: Auth },
    Hello(TlsVersion),
    Answer(Answer),
    Trigger(String),
    Await { what: Awaited, filter: Option<Expression>, within: Option<Expression> },
    Quiet { what: Awaited, within: Option<Expression> },
}

/// How one SET transmission request is made.
#[derive(Debug, Clone)]
pub struct PushPlan {
    pub base: PushBase,
    pub claims: Option<Template>,
    pub header: Option<Template>,
    pub forge: Option<Forgery>,
    pub headers: Template,
    pub auth: Auth,
    pub fault: Option<Fault>,
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
    pub about: Option<String>,
    /// The role of the peer that deviates.
    pub role: Role,
    pub on: Stage,
    pub when: Option<Expression>,
    pub respond: Option<RespondPlan>,
    pub ignore: Option<Check>,
    pub languages: Option<Vec<String>>,
    pub request: Option<RequestPlan>,
    pub claims: Option<Template>,
    pub header: Option<Template>,
    pub payload: Option<Template>,
    pub forge: Option<Forgery>,
    pub tls: Option<TlsDeviation>,
    pub retry: Option<Retry>,
    pub file: String,
}

/// [`Respond`] with its templates compiled.
#[derive(Debug, Clone)]
pub struct RespondPlan {
    pub plain: Respond,
    pub headers: Template,
    pub body: Option<Template>,
    pub json: Option<Template>,
}

/// [`Request`] with its templates compiled.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    pub plain: Request,
    pub headers: Template,
    pub body: Option<Template>,
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
