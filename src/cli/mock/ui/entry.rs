//! What the page shows of one thing that happened: a line, and everything behind it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::http::Exchange;
use crate::peer::ssf::events;
use crate::report::exchange::ExchangeRecord;
use crate::report::text;
use crate::run::judge::{Observation, Observed};
use crate::run::watch::{Seen, SeenSet};
use crate::set::Token;
use crate::suite::Catalogue;
use crate::suite::model::section::Level;

/// How many broken requirements a line names.
const NAMED: usize = 6;

/// How many findings, and how many requirements that hold, are told of one exchange.
const MOST: usize = 200;

/// How much of an expected or an actual value is shown, in characters.
const SHOWN: usize = 2_000;

/// How many events and identifiers a line names.
const EVENTS: usize = 8;

/// Who began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli::mock) enum Way {
    /// It came to the mock.
    In,
    /// It went out from the mock.
    Out,
    /// Nothing was on the wire.
    Note,
}

/// What the rules make of it, as the classes of the report have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    /// No rule looks at it.
    Quiet,
    /// Everything holds.
    Satisfied,
    /// A SHOULD is broken, or what is ambiguous.
    Warned,
    /// A MUST is broken.
    Violated,
}

/// The line.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub at: Timestamp,
    pub way: Way,
    /// `create`, `poll`, `push`, `queued`.
    pub what: String,
    pub line: String,
    pub exchange: Option<String>,
    pub stream_id: Option<String>,
    pub status: Option<u16>,
    pub elapsed_ms: Option<f64>,
    /// Short names of event types.
    pub events: Vec<String>,
    pub jtis: Vec<String>,
    pub tone: Tone,
    /// How many expectations were looked at, and hold.
    pub held: usize,
    pub broken: Vec<Brief>,
    /// How many are broken beside those.
    pub more: usize,
    /// The mutants and variations that were on.
    pub deviations: Vec<String>,
}

/// A broken requirement in a line.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Brief {
    pub id: String,
    pub tone: Tone,
    pub party: &'static str,
}

/// Everything behind a line.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    #[serde(flatten)]
    pub entry: Entry,
    pub record: Option<ExchangeRecord>,
    pub sets: Vec<SetDetail>,
    pub findings: Vec<Finding>,
    /// The requirements that hold.
    pub held_ids: Vec<String>,
}

/// A SET taken apart.
#[derive(Debug, Serialize)]
pub(super) struct SetDetail {
    header: Option<Value>,
    claims: Option<Value>,
    defects: Vec<String>,
    signature: &'static str,
    reason: Option<String>,
}

/// A requirement that does not hold, or not ideally.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    id: String,
    tone: Tone,
    level: &'static str,
    party: &'static str,
    text: String,
    link: String,
    source: String,
    expected: String,
    actual: String,
    /// Why it is accepted though it is not ideal, or why a breach is a warning only.
    reason: Option<String>,
}

impl Entry {
    /// Something that nothing was on the wire for.
    pub fn note(what: &str, line: String, stream_id: Option<String>) -> Self {
        Self {
            at: Timestamp::now(),
            way: Way::Note,
            what: what.to_owned(),
            line,
            exchange: None,
            stream_id,
            status: None,
            elapsed_ms: None,
            events: Vec::new(),
            jtis: Vec::new(),
            tone: Tone::Quiet,
            held: 0,
            broken: Vec::new(),
            more: 0,
            deviations: Vec::new(),
        }
    }
}

impl Detail {
    /// A note and nothing more.
    pub fn of_note(entry: Entry) -> Self {
        Self { entry, record: None, sets: Vec::new(), findings: Vec::new(), held_ids: Vec::new() }
    }

    /// An exchange and what was seen of it. `shown` is the exchange without secrets.
    pub fn of_exchange(
        way: Way,
        what: &str,
        stream_id: Option<String>,
        shown: &Exchange,
        seen: &Seen,
        catalogue: &Catalogue,
    ) -> Self {
        let record = ExchangeRecord::from(shown);
        let findings: Vec<Finding> = seen.observations.iter().filter_map(|seen| Finding::of(seen, catalogue)).collect();
        let held = seen.observations.iter().filter(|seen| matches!(seen.result, Observed::Held));
        let mut held_ids: Vec<String> =
            held.clone().map(|seen| catalogue.requirements[seen.requirement].id.clone()).collect();
        let held = held_ids.len();
        held_ids.sort();
        held_ids.dedup();
        held_ids.truncate(MOST);
        let breaks: Vec<Brief> = briefs(&findings);
        let least = if seen.observations.is_empty() { Tone::Quiet } else { Tone::Satisfied };
        let claims = || seen.sets.iter().filter_map(|set| set.token.claims.as_ref());
        let mut events: Vec<String> = claims()
            .filter_map(|claims| claims.get("events")?.as_object())
            .flat_map(|events| events.keys().map(|uri| events::short(uri)))
            .collect();
        events.dedup();
        events.truncate(EVENTS);
        let jtis = claims().filter_map(|claims| claims.get("jti")?.as_str()).take(EVENTS).map(str::to_owned).collect();
        let entry = Entry {
            at: shown.at,
            way,
            what: what.to_owned(),
            line: record.line(),
            exchange: Some(shown.id.clone()),
            stream_id,
            status: shown.status(),
            elapsed_ms: Some(shown.elapsed_ms),
            events,
            jtis,
            tone: findings.iter().map(|finding| finding.tone).max().unwrap_or(least).max(least),
            held,
            more: breaks.len().saturating_sub(NAMED),
            broken: breaks.into_iter().take(NAMED).collect(),
            deviations: Vec::new(),
        };
        let sets = seen.sets.iter().map(SetDetail::of).collect();
        Self { entry, record: Some(record), sets, findings, held_ids }
    }
}

/// Each broken requirement once, the worst first.
fn briefs(findings: &[Finding]) -> Vec<Brief> {
    let mut briefs: Vec<Brief> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.tone > Tone::Satisfied) {
        if !briefs.iter().any(|known| known.id == finding.id) {
            briefs.push(Brief { id: finding.id.clone(), tone: finding.tone, party: finding.party });
        }
    }
    briefs.sort_by_key(|brief| std::cmp::Reverse(brief.tone));
    briefs
}

impl SetDetail {
    fn of(set: &SeenSet) -> Self {
        let Token { header, claims, defects, .. } = &set.token;
        Self {
            header: header.clone(),
            claims: claims.clone(),
            defects: defects.iter().map(ToString::to_string).collect(),
            signature: set.signature.name(),
            reason: set.signature.reason().map(str::to_owned),
        }
    }
}

impl Finding {
    /// What is broken or merely accepted; nothing for what holds, and for what may be or not.
    fn of(seen: &Observation, catalogue: &Catalogue) -> Option<Self> {
        let requirement = &catalogue.requirements[seen.requirement];
        let (tone, explanation, because) = match &seen.result {
            Observed::Held => return None,
            Observed::Broken(_) if requirement.level == Level::May => return None,
            Observed::Broken(explanation) if requirement.breach_is_violation() => (Tone::Violated, explanation, None),
            Observed::Broken(explanation) => (Tone::Warned, explanation, requirement.ambiguous.clone()),
            Observed::Accepted { because, explanation } => (Tone::Satisfied, explanation, Some(because.clone())),
        };
        Some(Self {
            id: requirement.id.clone(),
            tone,
            level: requirement.level.name(),
            party: requirement.party.name(),
            text: requirement.text.clone(),
            link: requirement.link.clone(),
            source: seen.source.clone(),
            expected: text::cut(&explanation.expected, SHOWN).into_owned(),
            actual: text::cut(&explanation.actual, SHOWN).into_owned(),
            reason: because,
        })
    }
}
