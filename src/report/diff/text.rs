//! The comparison as text.

use super::change::words;
use super::{Change, Diff, Kind};
use crate::report::side::Side;
use crate::report::text::{line, short};

/// The longest expected or actual value, in characters.
const VALUE: usize = 300;

pub(super) fn render(diff: &Diff) -> String {
    let mut lines = vec![side(&diff.old), side(&diff.new)];
    lines.extend(diff.notes.iter().map(|note| format!("note: {note}")));
    for kind in Kind::ALL {
        let changes: Vec<&Change> = diff.of_kind(kind).collect();
        if changes.is_empty() {
            continue;
        }
        let (first, rest) = kind.words().split_at(1);
        lines.push(format!("\n{}{rest}: {}", first.to_uppercase(), changes.len()));
        changes.into_iter().for_each(|change| lines.extend(entry(change)));
    }
    lines.push(format!("\n{}", diff.sum()));
    lines.join("\n") + "\n"
}

fn side(side: &Side) -> String {
    let Side { name, run, role, url, profile, verdict, .. } = side;
    let (run, url, profile) = (line(run), short(url, 200), line(profile));
    format!("{name}: {run}  {} {url}, profile {profile}, {}", role.name(), verdict.name())
}

fn entry(change: &Change) -> Vec<String> {
    let (before, now) = (words(change.old), words(change.new));
    let known = if change.known { " (known by the baseline)" } else { "" };
    let mut lines = vec![
        format!("  {}  {}  {before} -> {now}{known}", line(&change.id), line(&change.level)),
        format!("    {}", line(&change.text)),
    ];
    lines.extend(change.reason.iter().map(|reason| format!("    because:   {}", short(reason, VALUE))));
    if let Some(finding) = &change.finding {
        lines.push(format!("    expected:  {}", short(&finding.expected, VALUE)));
        lines.push(format!("    got:       {}", short(&finding.actual, VALUE)));
        lines.extend(finding.reproduce.iter().map(|command| format!("    reproduce: {}", line(command))));
    }
    lines
}
