//! The SETs of a stream that are still to be delivered, oldest first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::time::Instant;

/// A SET that is to be delivered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub jti: Arc<str>,
    pub set: Arc<[u8]>,
    pub event: Arc<str>,
    /// Whether it tells of the stream's own status, and is delivered whatever that is (SSF section 8.1.5).
    pub notice: bool,
    /// Whether it was held because the stream was paused.
    pub held: bool,
    /// How often it was pushed.
    pub attempts: u32,
    /// Before when it is not delivered (again).
    pub not_before: Option<Instant>,
    /// Whether a poll returned it.
    pub returned: bool,
    /// Whether it was acknowledged and is delivered once more nevertheless.
    pub repeated: bool,
}

impl Entry {
    /// One that waits like any other.
    pub fn new(jti: &str, set: Vec<u8>, event: &str) -> Self {
        Self {
            jti: Arc::from(jti),
            set: Arc::from(set),
            event: Arc::from(event),
            notice: false,
            held: false,
            attempts: 0,
            not_before: None,
            returned: false,
            repeated: false,
        }
    }
}

/// Which entries may be delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    /// Whether more than notices may pass.
    pub open: bool,
    /// Whether entries that a poll has returned stay back.
    pub once: bool,
    pub now: Instant,
}

impl Gate {
    fn lets(&self, entry: &Entry) -> bool {
        self.may_ever(entry) && entry.not_before.is_none_or(|time| time <= self.now)
    }

    fn may_ever(&self, entry: &Entry) -> bool {
        (self.open || entry.notice) && !(self.once && entry.returned)
    }
}

/// Where an entry stands: notices first, then in the order in which they came.
pub(super) type Place = (bool, u64);

/// A queue in which entries have a place, which does not change.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<Place, Entry>,
    places: HashMap<Arc<str>, Place>,
    pushed: u64,
    /// Whether two entries have had the same `jti`, which only a deviation does.
    doubled: bool,
    /// Acknowledged entries that return with [`Queue::bring_back`].
    again: Vec<Entry>,
}

impl Queue {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether one of them tells of the stream's own status.
    pub fn has_notice(&self) -> bool {
        self.entries.first_key_value().is_some_and(|(_, entry)| entry.notice)
    }

    /// Adds an entry behind those that are there; notices go before everything else.
    pub fn push(&mut self, entry: Entry) {
        self.pushed += 1;
        self.insert((!entry.notice, self.pushed), entry);
    }

    fn insert(&mut self, place: Place, entry: Entry) {
        self.doubled |= self.places.insert(entry.jti.clone(), place).is_some();
        self.entries.insert(place, entry);
    }

    /// Takes an acknowledged SET out, if it is there.
    pub fn settle(&mut self, jti: &str) -> Option<Entry> {
        let found = self.places.remove(jti).and_then(|place| self.entries.remove(&place));
        if self.doubled {
            self.entries.retain(|_, entry| &*entry.jti != jti);
        }
        found
    }

    /// The same, but it comes back once.
    pub fn settle_for_now(&mut self, jti: &str) {
        if let Some(entry) = self.settle(jti).filter(|entry| !entry.repeated) {
            self.again.push(Entry { repeated: true, returned: false, not_before: None, ..entry });
        }
    }

    /// Queues what was settled for now.
    pub fn bring_back(&mut self) {
        for entry in std::mem::take(&mut self.again) {
            self.push(entry);
        }
    }

    pub fn remove(&mut self, place: Place) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        if self.places.get(&entry.jti) == Some(&place) {
            self.places.remove(&entry.jti);
        }
        Some(entry)
    }

    /// The entries that may be delivered, at most so many, and whether there are more of them.
    pub fn take(&mut self, gate: Gate, most: usize, keep_back_until: Option<Instant>) -> (Vec<Entry>, bool) {
        let mut taken = Vec::new();
        let mut repeated = Vec::new();
        let mut more = false;
        let looked_at = self.entries.iter_mut().take_while(|(_, entry)| gate.open || entry.notice);
        for (place, entry) in looked_at.filter(|(_, entry)| gate.lets(entry)) {
            if taken.len() == most {
                more = true;
                break;
            }
            entry.returned = true;
            entry.not_before = keep_back_until;
            if entry.repeated {
                repeated.push(*place);
            }
            taken.push(entry.clone());
        }
        for place in repeated {
            self.remove(place);
        }
        (taken, more)
    }

    /// The first entry that may be delivered, now or later, for delivery one by one.
    pub fn first(&self, gate: Gate) -> Option<(Place, Entry)> {
        // Behind a closed gate nothing but notices counts, and those stand in front.
        let mut entries = self.entries.iter().take_while(|(_, entry)| gate.open || entry.notice);
        entries.find(|(_, entry)| gate.may_ever(entry)).map(|(place, entry)| (*place, entry.clone()))
    }

    pub fn get_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries.get_mut(&place)
    }

    /// When the next entry may be delivered that may not be now.
    pub fn next_due(&self, gate: Gate) -> Option<Instant> {
        self.entries
            .values()
            .take_while(|entry| gate.open || entry.notice)
            .filter(|entry| gate.may_ever(entry))
            .filter_map(|entry| entry.not_before)
            .min()
    }

    /// Forgets everything but notices.
    pub fn clear(&mut self) {
        self.again.clear();
        self.retain(|entry| entry.notice);
    }

    pub fn hold_all(&mut self) {
        for entry in self.entries.values_mut() {
            entry.held |= !entry.notice;
        }
    }

    /// Lets go of what was held.
    pub fn release(&mut self, drop_them: bool, turn_them: bool) {
        if drop_them {
            self.retain(|entry| !entry.held);
        }
        if turn_them {
            let places: Vec<Place> =
                self.entries.iter().filter(|(_, entry)| entry.held).map(|(place, _)| *place).collect();
            let held: Vec<Entry> = places.iter().filter_map(|place| self.remove(*place)).collect();
            for (place, entry) in places.into_iter().zip(held.into_iter().rev()) {
                self.insert(place, entry);
            }
        }
        for entry in self.entries.values_mut() {
            entry.held = false;
        }
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(|_, entry| keep(entry));
        let entries = &self.entries;
        self.places.retain(|_, place| entries.contains_key(place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(jti: &str) -> Entry {
        Entry::new(jti, jti.as_bytes().to_vec(), "e")
    }

    fn open() -> Gate {
        Gate { open: true, once: false, now: Instant::now() }
    }

    fn taken(queue: &mut Queue, gate: Gate, most: usize) -> (Vec<String>, bool) {
        let (entries, more) = queue.take(gate, most, None);
        (entries.iter().map(|entry| entry.jti.to_string()).collect(), more)
    }

    fn of(names: &[&str]) -> Queue {
        let mut queue = Queue::default();
        names.iter().for_each(|name| queue.push(entry(name)));
        queue
    }

    #[tokio::test]
    async fn entries_stay_until_they_are_settled() {
        let mut queue = of(&["a", "b", "c"]);
        assert_eq!(taken(&mut queue, open(), 2), (vec!["a".to_owned(), "b".to_owned()], true));
        assert!(queue.settle("a").is_some());
        assert!(queue.settle("a").is_none());
        assert_eq!(taken(&mut queue, open(), 9), (vec!["b".to_owned(), "c".to_owned()], false));
        assert_eq!(taken(&mut queue, open(), 0), (vec![], true));
    }

    #[tokio::test]
    async fn only_notices_pass_a_closed_gate_and_survive_a_clearing() {
        let mut queue = of(&["a"]);
        queue.push(Entry { notice: true, ..entry("n") });
        let closed = Gate { open: false, ..open() };
        assert_eq!(taken(&mut queue, closed, 9).0, ["n"]);
        assert_eq!(taken(&mut queue, open(), 9).0, ["n", "a"]);
        queue.clear();
        assert_eq!(taken(&mut queue, open(), 9).0, ["n"]);
        assert_eq!(queue.len(), 1);
        assert!(queue.has_notice());
        queue.settle("n");
        assert!(!queue.has_notice());
    }

    #[tokio::test]
    async fn held_entries_can_be_dropped_or_turned_round() {
        let mut queue = of(&["a", "b", "c"]);
        queue.hold_all();
        queue.push(entry("d"));
        queue.release(false, true);
        assert_eq!(taken(&mut queue, open(), 9).0, ["c", "b", "a", "d"]);
        queue.hold_all();
        queue.push(entry("e"));
        queue.release(true, false);
        assert_eq!(taken(&mut queue, open(), 9).0, ["e"]);
    }

    #[tokio::test]
    async fn equal_identifiers_are_settled_together() {
        let mut queue = of(&["a", "a", "b"]);
        assert!(queue.settle("a").is_some());
        assert_eq!(taken(&mut queue, open(), 9).0, ["b"]);
    }

    #[tokio::test]
    async fn what_is_settled_for_now_comes_back_once() {
        let mut queue = of(&["a", "b"]);
        queue.settle_for_now("a");
        assert_eq!(taken(&mut queue, open(), 9).0, ["b"]);
        queue.bring_back();
        assert_eq!(taken(&mut queue, open(), 9).0, ["b", "a"]);
        assert_eq!(taken(&mut queue, open(), 9).0, ["b"]);
        queue.settle_for_now("a");
        queue.bring_back();
        assert_eq!(taken(&mut queue, open(), 9).0, ["b"]);
    }
}
