//! What GitHub Actions reads: annotations as workflow commands, and the summary of a step.
//!
//! A step shows ten errors and ten warnings, and drops the rest. So nine of each are written, and one that counts the others.

use super::record::Report;
use super::{markdown, text, words};
use crate::run::baseline::BaselineEntry;
use crate::run::event::RequirementResult;

/// How many annotations of a kind are written before the one that counts the rest.
const SHOWN: usize = 9;

/// The longest value in an annotation, in characters.
const VALUE: usize = 300;

/// The longest summary of a step, in bytes.
pub const SUMMARY: usize = 1024 * 1024;

/// One annotation before it is a command.
struct Annotation {
    title: String,
    place: Option<(String, usize)>,
    message: String,
}

/// Annotations for what fails the run and for what is worth a look: a command a line.
pub fn annotations(report: &Report) -> String {
    let baseline = report.baseline.as_ref();
    let internal = report.internal_errors.iter().map(|error| Annotation {
        title: "setspec: internal error".to_owned(),
        place: None,
        message: text::short(error, VALUE),
    });
    let preflight = report.preflight.iter().filter(|line| !line.ok).map(|line| Annotation {
        title: format!("setspec: preflight, {}", line.name),
        place: report.place(),
        message: [Some(&line.message), line.advice.as_ref()]
            .into_iter()
            .flatten()
            .map(|said| text::short(said, VALUE) + "\n")
            .collect(),
    });
    let open = report.run.inconclusive || report.run.interrupted;
    let inconclusive = (open && !report.preflight_failed()).then(|| Annotation {
        title: "setspec: inconclusive".to_owned(),
        place: report.place(),
        message: report.meaning(),
    });
    let of_baseline = |title: &str, entry: &'_ BaselineEntry, what: &str| {
        (
            format!("setspec: {title} entry of the baseline"),
            entry.line,
            format!("{} {what}\n{}", entry.name(), text::short(&entry.words(), VALUE)),
        )
    };
    let stale = baseline.into_iter().flat_map(|baseline| &baseline.stale);
    let stale = stale.map(|entry| of_baseline("stale", entry, "no longer fails: remove the entry."));
    let expired = baseline.into_iter().flat_map(|baseline| &baseline.expired);
    let expired = expired.map(|entry| of_baseline("expired", entry, "still fails, and its day has passed."));
    let entries = stale.chain(expired).map(|(title, line, message)| Annotation {
        title,
        place: baseline.map(|baseline| (report.in_repository(&baseline.file), line)),
        message,
    });
    let broken = report.failing().map(|requirement| breach(report, requirement));
    let errors: Vec<Annotation> = internal.chain(preflight).chain(inconclusive).chain(entries).chain(broken).collect();

    let unexplained = baseline.into_iter().flat_map(|baseline| &baseline.known).filter(|entry| entry.is_placeholder());
    let unexplained = unexplained.map(|entry| Annotation {
        title: "setspec: an entry of the baseline without a reason".to_owned(),
        place: baseline.map(|baseline| (report.in_repository(&baseline.file), entry.line)),
        message: format!("{}: say why it is known, and who looks after it.", entry.name()),
    });
    let warnings: Vec<Annotation> =
        unexplained.chain(report.warnings().map(|requirement| breach(report, requirement))).collect();
    commands("error", &errors) + &commands("warning", &warnings)
}

/// The annotation of a run that came to nothing before it began.
pub fn failed(kind: &str, message: &str, advice: Option<&str>) -> String {
    let title = format!("setspec: {kind}");
    let said = [Some(message), advice]
        .into_iter()
        .flatten()
        .map(|said| text::block(&text::cut(said, 1_000)).into_owned() + "\n");
    commands("error", &[Annotation { title, place: None, message: said.collect() }])
}

/// What is appended to the summary of a step that has `room` bytes left.
pub fn summary(report: &Report, room: usize) -> String {
    markdown::render(report, room)
}

fn breach(report: &Report, requirement: &RequirementResult) -> Annotation {
    Annotation {
        title: format!("setspec: {} {}", requirement.id, requirement.status.words()),
        place: report.place(),
        message: format!(
            "{}: {}\n{}",
            text::short(&requirement.level, 20),
            text::short(&requirement.text, VALUE),
            words::first_breach(requirement, VALUE)
        ),
    }
}

fn commands(level: &str, annotations: &[Annotation]) -> String {
    // Where there is room for all of them, the last place is not needed for a count.
    let shown = if annotations.len() <= SHOWN + 1 { annotations.len() } else { SHOWN };
    let mut lines: String = annotations.iter().take(shown).map(|annotation| command(level, annotation)).collect();
    if annotations.len() > shown {
        let message = format!("and {} more, in the report of the run", annotations.len() - shown);
        lines.push_str(&command(level, &Annotation { title: "setspec".to_owned(), place: None, message }));
    }
    lines
}

fn command(level: &str, annotation: &Annotation) -> String {
    let title = property(&text::short(&annotation.title, VALUE));
    let place =
        annotation.place.as_ref().map(|(file, line)| format!(",file={},line={line}", property(&text::line(file))));
    let message = data(text::block(annotation.message.trim_end()).as_ref());
    format!("::{level} title={title}{}::{message}\n", place.unwrap_or_default())
}

/// The data of a workflow command: what would end its line is encoded.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which also ends at a colon or a comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;
    use crate::run::event::Status;

    #[test]
    fn nothing_ends_a_command_or_begins_another() {
        let hostile = "\r\n::stop-commands::x\n##[error]y%0A,file=z::";
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}{hostile}"));
        let lines = annotations(&report);
        assert!(lines.lines().count() > 2);
        for line in lines.lines() {
            let (head, _) = line.strip_prefix("::").and_then(|rest| rest.split_once("::")).expect("a command");
            assert!(head.starts_with("error title=") || head.starts_with("warning title="), "{line}");
            assert!(!head.contains(",file=z"), "{line}");
            assert!(!line.contains('\r'));
        }
    }

    #[test]
    fn ten_of_a_kind_are_written_at_most() {
        let mut report = testing::report_of(&testing::events()[..1]);
        for (number, expected) in [(1, 1), (10, 10), (11, 10), (300, 10)] {
            report.run.inconclusive = false;
            report.run.interrupted = false;
            report.requirements = (0..number)
                .map(|n| testing::requirement(&format!("rfc8935/2.2/r{n}"), "MUST", "A text.", Status::Violated, None))
                .collect();
            let lines = annotations(&report);
            assert_eq!(lines.lines().count(), expected, "{lines}");
            let last = lines.lines().last().expect("a line");
            assert_eq!(last.contains(&format!("and {} more", number.max(9) - 9)), number > 10, "{last}");
        }
    }
}
