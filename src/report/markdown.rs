//! A run as Markdown: for the comment on a pull request and for the summary of a step.
//!
//! Texts of targets and of people stand in code spans, where nothing is a link, a mention or a tag.

use super::record::Report;
use super::{text, words};
use crate::run::baseline::BaselineOutcome;
use crate::run::event::{CaseStatus, RequirementResult, Status};

/// The longest comment that GitHub takes is 65,536 characters.
pub const COMMENT: usize = 65_000;

/// The longest value, in characters.
const VALUE: usize = 400;

/// How many different findings of a requirement are shown.
const FINDINGS: usize = 3;

/// How many items a folded list has.
const FOLDED: usize = 200;

/// What stands at the end where something was left out.
const CUT: &str = "\n_The rest is left out here: it is too long. The report of the run has all of it._\n";

/// The report in at most `limit` bytes. It ends with a whole item, and says so where something is left out.
pub fn render(report: &Report, limit: usize) -> String {
    let mut page = String::new();
    for block in blocks(report) {
        if page.len() + block.len() + CUT.len() > limit {
            if page.len() + CUT.len() <= limit {
                page.push_str(CUT);
            }
            return page;
        }
        page.push_str(&block);
    }
    page
}

/// The page in pieces, each whole in itself.
fn blocks(report: &Report) -> Vec<String> {
    let mut blocks = vec![head(report), counts(report)];
    blocks.extend(report.baseline.iter().flat_map(faults));
    let what = if report.baseline.is_some() { "New violations" } else { "Violations" };
    blocks.extend(section(what, report.failing().map(breach).collect()));
    blocks.extend(open(report));
    blocks.extend(section("Warnings", report.warnings().map(breach).collect()));
    blocks.extend(folded("Known violations", report.known().map(known).collect()));
    let unseen = report.baseline.iter().flat_map(|baseline| &baseline.unseen);
    let unseen = unseen.map(|unseen| format!("- {}: {}\n", code(&unseen.entry.name()), code(&unseen.why)));
    blocks.extend(folded("Entries of the baseline of which this run says nothing", unseen.collect()));
    blocks
}

fn head(report: &Report) -> String {
    format!(
        "## setspec: {}\n\n{}\n\n{} {}, profile {}, run {}, setspec {}\n",
        report.verdict.name().to_uppercase(),
        plain(&report.meaning()),
        report.target.role.name(),
        code(&report.target.url),
        code(&report.profile),
        code(&report.run.id),
        plain(&report.tool.version)
    )
}

fn counts(report: &Report) -> String {
    let names = Status::ALL.map(Status::words).join(" | ");
    let rules = Status::ALL.map(|_| "--:").join(" | ");
    let numbers = Status::ALL.map(|status| report.summary.get(status).to_string()).join(" | ");
    format!("\n| {names} |\n| {rules} |\n| {numbers} |\n")
}

/// What has to be done about the baseline.
fn faults(baseline: &BaselineOutcome) -> Vec<String> {
    let item = |entry: &crate::run::baseline::BaselineEntry, what: &str| {
        let place = format!("{}:{}", baseline.file, entry.line);
        format!("- {} ({}): {what} {}\n", code(&entry.name()), code(&place), code(&entry.words()))
    };
    let stale = baseline.stale.iter().map(|entry| item(entry, "no longer fails; remove the entry."));
    let expired = baseline.expired.iter().map(|entry| item(entry, "still fails, and its day has passed."));
    section("The baseline has to be changed", stale.chain(expired).collect())
}

/// What kept the run from a conclusion.
fn open(report: &Report) -> Vec<String> {
    let internal = report.internal_errors.iter().map(|error| format!("- internal error: {}\n", code(error)));
    let preflight = report.preflight.iter().filter(|line| !line.ok).map(|line| {
        let advice = line.advice.as_deref().map(|advice| format!(" {}", code(advice))).unwrap_or_default();
        format!("- preflight, {}: {}{advice}\n", code(&line.name), code(&line.message))
    });
    let cases = report.cases.iter().filter(|case| case.status == CaseStatus::Inconclusive).map(|case| {
        format!("- {}: {}\n", code(&case.id), code(case.reason.as_deref().unwrap_or("the case came to nothing")))
    });
    section("Not concluded", internal.chain(preflight).chain(cases).collect())
}

fn section(title: &str, items: Vec<String>) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    let head = format!("\n### {title}: {}\n\n", items.len());
    std::iter::once(head).chain(items).collect()
}

fn folded(title: &str, items: Vec<String>) -> Option<String> {
    let number = items.len();
    let more = number.saturating_sub(FOLDED);
    let shown: String = items.into_iter().take(FOLDED).collect();
    let rest = if more > 0 { format!("- and {more} more\n") } else { String::new() };
    let fold = || format!("\n<details><summary>{title}: {number}</summary>\n\n{shown}{rest}\n</details>\n");
    (number > 0).then(fold)
}

fn breach(requirement: &RequirementResult) -> String {
    let mut item =
        format!("- **{}** {}: {}\n", plain(&requirement.level), linked(requirement), plain(&requirement.text));
    let groups = words::grouped(&requirement.findings);
    let more = groups.len().saturating_sub(FINDINGS);
    for (finding, times) in groups.into_iter().take(FINDINGS) {
        let often = words::count(times, "time");
        item.push_str(&format!(
            "  - expected {}, got {} ({often}, by {})\n",
            code(&finding.expected),
            code(&finding.actual),
            code(&finding.source)
        ));
        if let Some(command) = &finding.reproduce {
            item.push_str(&format!("    {}\n", code(command)));
        }
    }
    if more > 0 {
        item.push_str(&format!("  - and {more} more\n"));
    }
    item
}

fn known(requirement: &RequirementResult) -> String {
    let words: Vec<String> = requirement.known_by.iter().map(|entry| code(&entry.words())).collect();
    format!("- {} {}: {}\n", plain(&requirement.level), linked(requirement), words.join("; "))
}

fn linked(requirement: &RequirementResult) -> String {
    let id = code(&requirement.id);
    words::web_link(&requirement.link).map_or_else(|| id.clone(), |link| format!("[{id}](<{link}>)"))
}

/// A code span of one line. Its fence is longer than every row of backticks in it, so that nothing in it ends it.
fn code(text: &str) -> String {
    let shown = text::short(text, VALUE);
    if shown.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// Running text in which every mark of Markdown stands for itself, and nobody is mentioned.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for c in text::short(text, VALUE).chars() {
        match c {
            // Entities are text, whatever they stand for; the joiner keeps names and numbers from becoming links.
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '@' | '#' => shown.extend([c, '\u{2060}']),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn a_code_span_is_never_left() {
        for (text, span) in [
            ("plain", "`plain`"),
            ("a `b` c", "``a `b` c``"),
            ("``", "``` `` ```"),
            ("`", "`` ` ``"),
            ("a\n# b", r"`a\n# b`"),
            ("", "(empty)"),
        ] {
            assert_eq!(code(text), span);
        }
    }

    #[test]
    fn running_text_has_no_marks() {
        assert_eq!(plain("<b>*x* [y](z) @team #1"), "&lt;b&gt;\\*x\\* \\[y\\](z) @\u{2060}team #\u{2060}1");
    }

    /// Outside code spans nothing of a hostile text begins anything.
    #[test]
    fn hostile_texts_stay_in_their_spans() {
        let hostile = "</details>\n\n# h\n@everyone ![x](https://evil.example/x.png) ``` <script> | `";
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}{hostile}"));
        let page = render(&report, usize::MAX);
        assert!(!page.lines().any(|line| line.starts_with("# ") || line.starts_with("@")), "{page}");
        for line in page.lines() {
            let outside = outside_of_spans(line);
            for mark in ["<script", "![x", "@everyone", "</details>x"] {
                assert!(!outside.contains(mark), "{mark} in {line}");
            }
        }
    }

    /// What of a line stands in no code span: a span ends at the next row of as many backticks (CommonMark 6.1).
    fn outside_of_spans(line: &str) -> String {
        let (mut rest, mut outside) = (line, String::new());
        while let Some(start) = rest.find('`') {
            outside.push_str(rest[..start].strip_suffix('\\').unwrap_or(&rest[..start]));
            let fence = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            let inner = &rest[start + fence..];
            let mut at = 0;
            let end = loop {
                let Some(next) = inner[at..].find('`').map(|next| at + next) else { break None };
                let run = inner[next..].len() - inner[next..].trim_start_matches('`').len();
                if run == fence {
                    break Some(next + run);
                }
                at = next + run;
            };
            rest = end.map_or("", |end| &inner[end..]);
        }
        outside + rest
    }

    #[test]
    fn a_page_that_is_too_long_ends_with_a_whole_item_and_says_so() {
        let report = testing::report_with_a_baseline();
        let whole = render(&report, usize::MAX);
        for limit in [0, 50, 400, 900, whole.len() - 1] {
            let page = render(&report, limit);
            assert!(page.len() <= limit);
            assert!(page.is_empty() || page.ends_with(CUT), "{page}");
            assert!(whole.starts_with(page.strip_suffix(CUT).unwrap_or(&page)));
        }
        assert!(!whole.contains(CUT));
    }
}
