//! What a built-in peer can be made to do otherwise than it should: named switches.

use super::tamper::Tamper;

/// Name and description of each switch of a peer.
pub type Known = &'static [(&'static str, &'static str)];

/// A legal variant of a peer: its name, what it is, and how it changes the options.
pub(crate) type Toggle<Options> = (&'static str, &'static str, fn(&mut Options));

/// Name and description of each toggle.
pub(crate) const fn described<Options, const N: usize>(all: &[Toggle<Options>]) -> [(&'static str, &'static str); N] {
    let mut described = [("", ""); N];
    let mut at = 0;
    while at < N {
        described[at] = (all[at].0, all[at].1);
        at += 1;
    }
    described
}

/// The switches of a peer that are on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behaviours {
    known: Known,
    chosen: Vec<String>,
}

impl Behaviours {
    /// Those of the deviations, all of which have to be among `known`.
    ///
    /// # Errors
    /// In words, if one is not.
    pub fn new(tamper: &Tamper, known: Known) -> Result<Self, String> {
        let chosen: Vec<String> = tamper.behaviours().map(str::to_owned).collect();
        match chosen.iter().find(|name| !known.iter().any(|(known, _)| known == name)) {
            Some(name) => Err(format!("there is no behaviour `{name}` of this peer")),
            None => Ok(Self { known, chosen }),
        }
    }

    /// Whether one is on.
    pub fn has(&self, name: &str) -> bool {
        debug_assert!(
            self.known.is_empty() || self.known.iter().any(|(known, _)| *known == name),
            "{name} is a switch"
        );
        self.chosen.iter().any(|known| known == name)
    }
}
