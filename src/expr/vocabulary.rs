//! The names that an expression may use at its place in a suite.

use std::collections::BTreeSet;

/// A set of variable names. An expression that uses another one is refused when the suite is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    names: BTreeSet<String>,
}

impl Vocabulary {
    /// A vocabulary of these variables and no others.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { names: names.into_iter().map(str::to_owned).collect() }
    }

    /// The same vocabulary with more names.
    pub fn and<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut extended = self.clone();
        extended.names.extend(names.into_iter().map(str::to_owned));
        extended
    }

    /// The names of both.
    pub fn joined(&self, other: &Self) -> Self {
        Self { names: self.names.union(&other.names).cloned().collect() }
    }

    /// Makes a variable known from here on, as `save` does for the steps after it.
    pub fn add(&mut self, name: impl Into<String>) {
        self.names.insert(name.into());
    }

    /// Whether an expression may use this variable.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The known name nearest to `name`, where one is near enough to be a slip of the keyboard.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.names.iter().map(String::as_str))
    }

    /// The names for an error message, sorted: `claims, header, set`.
    pub fn list(&self) -> String {
        self.names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// Of `known`, the one with the smallest edit distance to `name`, at most a third of its length.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut current = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let substituted = previous[j] + usize::from(x != *y);
            current.push(substituted.min(previous[j + 1] + 1).min(current[j] + 1));
        }
        previous = current;
    }
    previous[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised() {
        let vocabulary = Vocabulary::of(["claims", "header", "set"]);
        assert_eq!(vocabulary.nearest("clams"), Some("claims"));
        assert_eq!(vocabulary.nearest("photosynthesis"), None);
    }
}
