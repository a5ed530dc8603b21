//! What a built-in peer can be made to do otherwise than it should: named switches.

use super::tamper::Tamper;

/// Name and description of each switch of a peer.
pub type Known = &'static [(&'static str, &'static str)];

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
