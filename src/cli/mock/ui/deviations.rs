//! The mutants and variations of a mock, and which of them are on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::peer::tamper::{Switch, Tamper};
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

/// How many deviations may be on at the same time.
const MOST: usize = 50;

/// Whether a mock can act a deviation out at all.
pub(in crate::cli::mock) type Fits = fn(&Deviation) -> bool;

/// A part of a mock: which deviations are its own, and what switches them.
pub(in crate::cli::mock) struct Part {
    pub fits: Fits,
    pub switch: Switch,
}

/// What can be switched.
pub(in crate::cli::mock) struct Deviations {
    catalogue: Arc<Catalogue>,
    role: Role,
    parts: Vec<Part>,
    on: Mutex<BTreeSet<String>>,
    /// Those that were on from the start and differ in what only a start can change.
    fixed: BTreeSet<String>,
}

impl Deviations {
    /// The deviations of a peer of this role; those of `on` are on, which the switches have to know.
    pub fn new(catalogue: Arc<Catalogue>, role: Role, parts: Vec<Part>, on: Vec<Deviation>) -> Self {
        let fixed = on.iter().filter(|deviation| at_start(deviation)).map(|deviation| deviation.id.clone()).collect();
        let on = Mutex::new(on.into_iter().map(|deviation| deviation.id).collect());
        Self { catalogue, role, parts, on, fixed }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // A set of names is whole whatever happened.
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of those that are on.
    pub fn on(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// All that this mock can have: `{id, kind, about, breaks, level, text, start, fixed}`.
    pub fn all(&self) -> Vec<Value> {
        let (mutants, variations) = (&self.catalogue.mutants, &self.catalogue.variations);
        let lists = [("mutant", mutants), ("variation", variations)];
        let mut all = Vec::new();
        for (kind, list) in lists {
            for deviation in list.iter().filter(|deviation| self.has(deviation)) {
                let broken = deviation.breaks.map(|index| &self.catalogue.requirements[index]);
                all.push(json!({
                    "id": deviation.id,
                    "kind": kind,
                    "about": deviation.about,
                    "breaks": broken.map(|requirement| &requirement.id),
                    "level": broken.map(|requirement| requirement.level.name()),
                    "text": broken.map(|requirement| &requirement.text),
                    "start": at_start(deviation).then(|| format!("--{kind} {}", deviation.id)),
                    "fixed": self.fixed.contains(&deviation.id),
                }));
            }
        }
        all
    }

    fn has(&self, deviation: &Deviation) -> bool {
        deviation.role == self.role && self.parts.iter().any(|part| (part.fits)(deviation))
    }

    fn find(&self, id: &str) -> Option<&Deviation> {
        let all = self.catalogue.mutants.iter().chain(&self.catalogue.variations);
        all.filter(|deviation| self.has(deviation)).find(|deviation| deviation.id == id)
    }

    /// Switches one on or off.
    ///
    /// # Errors
    /// In words, if there is none of this name, or only a start can change it.
    pub fn set(&self, id: &str, wanted: bool) -> Result<(), String> {
        let found = self.find(id).ok_or_else(|| format!("there is no `{id}` of a {}", self.role.name()))?;
        if at_start(found) {
            return Err(format!("`{id}` counts when a mock starts, and cannot be switched while it runs"));
        }
        let mut on = self.lock();
        if wanted && !on.contains(id) && on.len() >= MOST {
            return Err(format!("{MOST} deviations are on, and no more can be"));
        }
        if wanted {
            on.insert(id.to_owned());
        } else {
            on.remove(id);
        }
        self.apply(&on);
        Ok(())
    }

    /// Switches all off that can be.
    pub fn conform(&self) {
        let mut on = self.lock();
        on.clone_from(&self.fixed);
        self.apply(&on);
    }

    fn apply(&self, on: &BTreeSet<String>) {
        for part in &self.parts {
            let its_own = on.iter().filter_map(|id| self.find(id)).filter(|deviation| (part.fits)(deviation));
            part.switch.set(Tamper::new(its_own.cloned()));
        }
    }
}

/// Whether it differs in what a peer is when it starts: toggles, and the TLS layer.
fn at_start(deviation: &Deviation) -> bool {
    !deviation.given.is_empty() || deviation.tls.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Sources, load};

    fn deviations(switch: &Switch, on: &[&str]) -> Deviations {
        let catalogue = Arc::new(load(&Sources::embedded()).expect("the built-in suites load"));
        let find = |id: &&str| Catalogue::find_deviation(&catalogue.mutants, id).expect("a mutant").clone();
        let on = on.iter().map(find).collect();
        let part = Part { fits: |deviation| !deviation.is_of_scim(), switch: switch.clone() };
        Deviations::new(catalogue.clone(), Role::Transmitter, vec![part], on)
    }

    #[test]
    fn a_switch_follows() {
        let switch = Switch::default();
        let deviations = deviations(&switch, &[]);
        deviations.set("rfc8936/2.1/ignores-acknowledgements", true).expect("there is one");
        assert_eq!(switch.now().behaviours().collect::<Vec<_>>(), ["ignores-acks"]);
        assert_eq!(deviations.on(), ["rfc8936/2.1/ignores-acknowledgements"]);
        deviations.conform();
        assert_eq!(switch.now().behaviours().count(), 0);
        deviations.set("rfc8935/2.2/acknowledges-with-200", true).expect_err("it is one of a receiver");
    }

    #[test]
    fn each_part_has_its_own() {
        let (one, other) = (Switch::default(), Switch::default());
        let catalogue = Arc::new(load(&Sources::embedded()).expect("the built-in suites load"));
        let parts = vec![
            Part { fits: |deviation| !deviation.is_of_scim(), switch: one.clone() },
            Part { fits: Deviation::is_of_scim, switch: other.clone() },
        ];
        let deviations = Deviations::new(catalogue, Role::Transmitter, parts, Vec::new());
        deviations.set("scim-events/2.5.1.2/counts-from-one", true).expect("there is one");
        deviations.set("rfc8936/2.1/ignores-acknowledgements", true).expect("there is one");
        assert_eq!(one.now().behaviours().collect::<Vec<_>>(), ["ignores-acks"]);
        assert_eq!(other.now().behaviours().collect::<Vec<_>>(), ["counts-from-one"]);
    }

    #[test]
    fn what_only_a_start_can_change_is_named_and_kept() {
        let switch = Switch::default();
        let all = deviations(&switch, &[]).all();
        let at_start: Vec<&Value> = all.iter().filter(|one| one["start"].is_string()).collect();
        assert!(!at_start.is_empty() && at_start.len() < all.len() / 2, "{} of {}", at_start.len(), all.len());
        let id =
            at_start.iter().find(|one| one["kind"] == "mutant").and_then(|one| one["id"].as_str()).expect("a mutant");
        let deviations = deviations(&switch, &[id]);
        deviations.set(id, false).expect_err("it stays");
        deviations.conform();
        assert_eq!(deviations.on(), [id]);
    }
}
