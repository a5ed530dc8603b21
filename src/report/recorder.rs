//! From events to the record.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::exchange::ExchangeRecord;
use super::record::{ConfigPlace, FORMAT, Report, Run, Summary, Target, Tool};
use crate::run::baseline::BaselineOutcome;
use crate::run::event::{
    CaseResult, Event, Finding, Finished, PreflightLine, RequirementResult, Started, Status, Verdict,
};

/// How many exchanges are kept to which nothing refers.
pub const OTHERS: usize = 2_000;

/// How many of the newest exchanges wait for a finding that may refer to them.
const RECENT: usize = 500;

/// How many findings of one requirement are kept for a run that is cut off.
const FINDINGS: usize = 20;

/// How a run was set up, as far as no event says it.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// Whether warnings count.
    pub strict: bool,
    /// Where in its repository the run was started.
    pub directory: Option<String>,
    /// Where the target is configured.
    pub config: Option<ConfigPlace>,
}

/// Folds events into a [`Report`]. Its memory is bounded, however long the run.
#[derive(Debug)]
pub struct Recorder {
    version: String,
    frame: Frame,
    started: Option<Started>,
    preflight: Vec<PreflightLine>,
    cases: Vec<CaseResult>,
    exchanges: Shelf,
    broken: BTreeMap<String, Vec<Finding>>,
    baseline: Option<BaselineOutcome>,
    finished: Option<Finished>,
}

impl Recorder {
    /// A recorder that says it is of this version of setspec.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            frame: Frame::default(),
            started: None,
            preflight: Vec::new(),
            cases: Vec::new(),
            exchanges: Shelf::default(),
            broken: BTreeMap::new(),
            baseline: None,
            finished: None,
        }
    }

    /// A recorder that also says how the run was set up.
    pub fn within(self, frame: Frame) -> Self {
        Self { frame, ..self }
    }

    /// Takes in what happened. Events come in the order in which the run emits them.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Started(started) => self.started = Some(started.clone()),
            Event::Preflight(line) => self.preflight.push(line.clone()),
            Event::Waiting(_) | Event::CaseStarted { .. } => {}
            Event::Exchange(exchange) => self.exchanges.add(exchange.as_ref().into()),
            Event::Broken { requirement, finding } => {
                let findings = self.broken.entry(requirement.clone()).or_default();
                if findings.len() < FINDINGS {
                    findings.push(finding.clone());
                    self.exchanges.pin(finding.exchange.as_deref());
                }
            }
            Event::CaseFinished(case) => self.cases.push(case.clone()),
            Event::Baseline(outcome) => self.baseline = Some(outcome.as_ref().clone()),
            Event::Finished(finished) => self.finished = Some(finished.as_ref().clone()),
        }
    }

    /// The report of what was seen, also of a run that was cut off. `None` if no run started.
    pub fn report(&self) -> Option<Report> {
        let started = self.started.as_ref()?;
        let finished = self.finished.clone().unwrap_or_else(|| self.cut_off(started));
        let mut notes = finished.notes;
        let (exchanges, left_out) = self.exchanges.take_stock(&referenced(&finished.requirements));
        if left_out > 0 {
            notes.push(format!("{left_out} exchanges to which no finding refers are left out of this report."));
        }
        Some(Report {
            format: FORMAT.to_owned(),
            tool: Tool { name: "setspec".to_owned(), version: self.version.clone() },
            run: Run {
                id: started.id.clone(),
                started_at: started.at,
                duration_ms: (finished.duration_ms * 1e3).round() / 1e3,
                interrupted: finished.interrupted,
                inconclusive: finished.inconclusive,
                strict: self.frame.strict,
                command: Some(started.command.clone()),
                directory: self.frame.directory.clone(),
                config: self.frame.config.clone(),
            },
            target: Target { role: started.role, url: started.url.clone() },
            profile: started.profile.clone(),
            verdict: finished.verdict,
            summary: Summary::of(&finished.requirements),
            baseline: self.baseline.clone(),
            preflight: self.preflight.clone(),
            requirements: finished.requirements,
            cases: self.cases.clone(),
            exchanges,
            notes,
            internal_errors: finished.internal_errors,
        })
    }

    /// The end of a run that never said that it ended: what was broken is shown, and nothing is judged, because the
    /// levels come with the results.
    fn cut_off(&self, started: &Started) -> Finished {
        let requirements = self.broken.iter().map(|(id, findings)| unjudged(id, findings)).collect();
        Finished {
            verdict: Verdict::Inconclusive,
            inconclusive: true,
            interrupted: true,
            duration_ms: self.exchanges.span_ms(started.at),
            requirements,
            notes: vec!["The run was cut off before its end: nothing was judged.".to_owned()],
            internal_errors: Vec::new(),
        }
    }
}

fn unjudged(id: &str, findings: &[Finding]) -> RequirementResult {
    let mut parts = id.splitn(3, '/');
    let (spec, section) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    RequirementResult {
        id: id.to_owned(),
        spec: spec.to_owned(),
        section: section.to_owned(),
        title: String::new(),
        link: String::new(),
        level: "unknown".to_owned(),
        party: "unknown".to_owned(),
        text: findings.first().map(|finding| finding.message.clone()).unwrap_or_default(),
        status: Status::Untested,
        reason: Some("the run was cut off before this was judged".to_owned()),
        observations: findings.len(),
        findings: findings.to_vec(),
        broken_by: Vec::new(),
        known_by: Vec::new(),
        accepted: Vec::new(),
    }
}

/// The ids of the exchanges to which findings and leniencies refer.
fn referenced(requirements: &[RequirementResult]) -> HashSet<&str> {
    let findings = requirements.iter().flat_map(|result| &result.findings);
    let accepted = requirements.iter().flat_map(|result| &result.accepted);
    findings
        .filter_map(|finding| finding.exchange.as_deref())
        .chain(accepted.filter_map(|leniency| leniency.exchange.as_deref()))
        .collect()
}

/// Exchanges in the order in which they came: the first ones, the newest, and those that a finding refers to.
///
/// A leniency is known at the end only. The ledger keeps the first ones of each requirement, so what they refer to is
/// found among the first exchanges; in a run so long that it is not, the leniency stands without its exchange.
#[derive(Debug, Default)]
struct Shelf {
    kept: BTreeMap<usize, ExchangeRecord>,
    numbers: HashMap<String, usize>,
    pinned: HashSet<usize>,
    recent: VecDeque<usize>,
    next: usize,
}

impl Shelf {
    fn add(&mut self, exchange: ExchangeRecord) {
        // An exchange that is reported again replaces what was known of it.
        if let Some(number) = self.numbers.get(&exchange.id) {
            self.kept.insert(*number, exchange);
            return;
        }
        let number = self.next;
        self.next += 1;
        self.numbers.insert(exchange.id.clone(), number);
        self.kept.insert(number, exchange);
        if number < OTHERS {
            return;
        }
        self.recent.push_back(number);
        if self.recent.len() > RECENT
            && let Some(oldest) = self.recent.pop_front()
            && !self.pinned.contains(&oldest)
            && let Some(dropped) = self.kept.remove(&oldest)
        {
            self.numbers.remove(&dropped.id);
        }
    }

    fn pin(&mut self, id: Option<&str>) {
        if let Some(number) = id.and_then(|id| self.numbers.get(id)) {
            self.pinned.insert(*number);
        }
    }

    /// Those that are referred to, the first of the others, and how many were left out.
    fn take_stock(&self, referenced: &HashSet<&str>) -> (Vec<ExchangeRecord>, usize) {
        let mut others = 0;
        let kept: Vec<ExchangeRecord> = self
            .kept
            .values()
            .filter(|exchange| {
                let wanted = referenced.contains(exchange.id.as_str());
                others += usize::from(!wanted);
                wanted || others <= OTHERS
            })
            .cloned()
            .collect();
        let left_out = self.next - kept.len();
        (kept, left_out)
    }

    /// Milliseconds from the start until the end of the last exchange.
    fn span_ms(&self, start: jiff::Timestamp) -> f64 {
        let ends = self.kept.values().map(|exchange| {
            let began = exchange.at.duration_since(start).as_secs_f64() * 1e3;
            began + exchange.elapsed_ms
        });
        ends.fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn a_run_that_is_cut_off_is_interrupted_and_inconclusive() {
        let mut recorder = Recorder::new("0.0.0");
        assert_eq!(recorder.report(), None);
        for event in testing::events().iter().filter(|event| !matches!(event, Event::Finished(_))) {
            recorder.event(event);
        }
        let report = recorder.report().expect("a report");
        assert!(report.run.interrupted && report.run.inconclusive);
        assert_eq!(report.verdict, Verdict::Inconclusive);
        assert!(report.run.duration_ms > 0.0);
        let broken = &report.requirements[0];
        assert_eq!((broken.status, broken.findings.is_empty()), (Status::Untested, false));
        assert!(report.exchanges.iter().any(|x| Some(&x.id) == broken.findings[0].exchange.as_ref()));
    }

    #[test]
    fn memory_is_bounded_and_evidence_stays() {
        let mut recorder = Recorder::new("0.0.0");
        recorder.event(&testing::events()[0]);
        let wanted = OTHERS + 10;
        for number in 0..OTHERS + 3 * RECENT {
            let id = format!("x{number}");
            recorder.event(&testing::exchange(&id, 200, "OK", "text/plain", b""));
            if number == wanted {
                recorder.event(&testing::broken("rfc8935/2.2/status-202", &id));
            }
        }
        assert!(recorder.exchanges.kept.len() <= OTHERS + RECENT + 1);
        let report = recorder.report().expect("a report");
        assert_eq!(report.exchanges.len(), OTHERS + 1);
        assert!(report.exchange(&format!("x{wanted}")).is_some());
        assert!(report.notes.iter().any(|note| note.starts_with("1499 exchanges")), "{:?}", report.notes);
    }

    #[test]
    fn a_large_body_is_cut_with_a_note() {
        let mut recorder = Recorder::new("0.0.0");
        recorder.event(&testing::events()[0]);
        let body = "ä".repeat(20_000);
        recorder.event(&testing::exchange("x1", 200, "OK", "text/plain", format!("-{body}").as_bytes()));
        let report = recorder.report().expect("a report");
        let message = &report.exchanges[0].response.as_ref().expect("a response").message;
        assert!(message.truncated);
        assert_eq!(message.notes, ["16384 of 40001 bytes of the body are kept here."]);
        assert!(matches!(&message.body, crate::report::exchange::Body::Text(text) if text.len() == 16_383));
    }

    #[test]
    fn a_set_in_a_body_is_taken_apart() {
        let report = testing::report();
        let set = report.exchange("x1").and_then(|x| x.request.message.set.clone()).expect("a SET");
        assert_eq!(set.header.expect("a header")["typ"], "secevent+jwt");
        assert_eq!(set.claims.expect("claims")["iss"], "https://issuer.example");
    }
}
