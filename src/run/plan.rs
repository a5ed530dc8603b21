//! Which requirements and cases a run consists of.

use std::collections::BTreeSet;

use crate::suite::Catalogue;
use crate::suite::model::profile::Profile;

/// What the operator picked: patterns over ids of requirements, cases and specifications.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// What is taken: everything if there is no pattern. Examples: `rfc8935/2.2`, `*status*`.
    pub only: Vec<String>,
    /// What is left out of that.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether an id is in the selection. A pattern is a part of an id, or has `*` for any text.
    pub fn takes(&self, id: &str) -> bool {
        let matches = |pattern: &String| matches_pattern(pattern, id);
        (self.only.is_empty() || self.only.iter().any(matches)) && !self.skip.iter().any(matches)
    }

    /// Whether nothing was picked and nothing left out.
    pub fn is_everything(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }
}

fn matches_pattern(pattern: &str, id: &str) -> bool {
    if !pattern.contains('*') {
        return id.contains(pattern);
    }
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = id.strip_prefix(first) else { return false };
    for piece in pieces.clone() {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    let last = pieces.next_back().unwrap_or_default();
    last.is_empty() || id.ends_with(last)
}

/// The requirements (by index) and the cases (by index) of a run.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What gets a status in the report, in the order of the catalogue.
    pub requirements: Vec<usize>,
    /// What is gone through, in the order of the catalogue.
    pub cases: Vec<usize>,
}

/// What becomes of the cases for receivers that visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visits {
    /// They are part of the run.
    Taken,
    /// The target does not visit us.
    LeftOut,
}

impl Plan {
    /// Everything of the profile that the selection takes. A selected case brings the requirements that it
    /// verifies; a selected requirement brings the cases that verify it.
    pub fn new(catalogue: &Catalogue, profile: &Profile, selection: &Selection, visits: Visits) -> Self {
        let of_profile = catalogue.of_profile(profile);
        let in_profile: BTreeSet<usize> = of_profile.iter().copied().collect();
        let cases_of_profile: Vec<usize> = catalogue
            .cases
            .iter()
            .enumerate()
            .filter(|(_, case)| {
                case.role == profile.role
                    && (visits == Visits::Taken || !case.is_visit())
                    && case.requirements().any(|index| in_profile.contains(&index))
            })
            .map(|(index, _)| index)
            .collect();
        if selection.is_everything() {
            return Self { requirements: of_profile, cases: cases_of_profile };
        }
        let selected: BTreeSet<usize> =
            of_profile.iter().copied().filter(|index| selection.takes(&catalogue.requirements[*index].id)).collect();
        // What a case brings along must not bring further cases.
        let mut requirements = selected.clone();
        let mut cases = Vec::new();
        for index in cases_of_profile {
            let case = &catalogue.cases[index];
            let skipped = selection.skip.iter().any(|pattern| matches_pattern(pattern, &case.id));
            let chosen = !selection.only.is_empty() && selection.takes(&case.id);
            let wanted = case.requirements().any(|requirement| selected.contains(&requirement));
            if !skipped && (chosen || wanted) {
                cases.push(index);
            }
            if chosen {
                let not_skipped = |index: &usize| {
                    let id = &catalogue.requirements[*index].id;
                    !selection.skip.iter().any(|pattern| matches_pattern(pattern, id))
                };
                requirements.extend(case.requirements().filter(|index| in_profile.contains(index)).filter(not_skipped));
            }
        }
        Self { requirements: requirements.into_iter().collect(), cases }
    }

    /// Whether the selection matched nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.cases.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let id = "rfc8935/2.2/status-202";
        for pattern in ["rfc8935", "2.2", "status-202", "rfc8935/*/status*", "*202", "rfc8935/2.2/*"] {
            assert!(matches_pattern(pattern, id), "{pattern}");
        }
        for pattern in ["rfc8417", "rfc8935/*/body", "*2.3*", "2.2*"] {
            assert!(!matches_pattern(pattern, id), "{pattern}");
        }
    }
}
