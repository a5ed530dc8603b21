//! What a judge remembers of the SETs before.

use std::collections::HashMap;

use serde_json::{Value, json};

/// How many events of one subject are remembered.
const MOST_EVENTS: usize = 50;

/// The SETs that have been judged.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// What each SET says, by its issuer, audience and `jti`.
    contents: HashMap<String, Value>,
    /// The events about each subject in the order in which they came, by issuer, audience, stream and subject.
    told: HashMap<String, Vec<Told>>,
}

#[derive(Debug)]
struct Told {
    event: String,
    iat: f64,
}

impl Feed {
    /// Takes note of a SET that came by this stream; returns the variable `feed` for it.
    pub fn take(&mut self, claims: &Value, stream: &Value) -> Value {
        let earlier = self.content_of_jti(claims);
        let reused = earlier.as_ref().is_some_and(|(earlier, content)| earlier != content);
        // What comes once more tells nothing new.
        let told = if earlier.is_none() { self.told_before(claims, stream) } else { Vec::new() };
        json!({ "jti_reused": reused, "earlier": told })
    }

    /// What the SET of the same issuer, audience and `jti` said that came before, and what this one says. One that is signed
    /// anew for a retransmission may carry another time.
    fn content_of_jti(&mut self, claims: &Value) -> Option<(Value, Value)> {
        let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty())?;
        let key = json!([claims.get("iss"), claims.get("aud"), jti]).to_string();
        let mut content = claims.clone();
        if let Value::Object(members) = &mut content {
            members.shift_remove("iat");
            members.shift_remove("exp");
        }
        self.contents.insert(key, content.clone()).map(|earlier| (earlier, content))
    }

    /// The events that were told of the same subject in SETs that came before and were not issued later, and by how many seconds
    /// those are older.
    fn told_before(&mut self, claims: &Value, stream: &Value) -> Vec<Value> {
        let (Some(subject), Some(iat)) = (claims.get("sub_id"), claims.get("iat").and_then(Value::as_f64)) else {
            return Vec::new();
        };
        let Some(events) = claims.get("events").and_then(Value::as_object) else { return Vec::new() };
        let key = json!([claims.get("iss"), claims.get("aud"), stream.get("stream_id"), subject]).to_string();
        let told = self.told.entry(key).or_default();
        let earlier = told.iter().filter(|one| one.iat <= iat);
        let earlier = earlier.map(|one| json!({ "type": one.event, "age": iat - one.iat })).collect();
        told.extend(events.keys().take(MOST_EVENTS).map(|event| Told { event: event.clone(), iat }));
        told.drain(..told.len().saturating_sub(MOST_EVENTS));
        earlier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(jti: &str, iat: u64, event: &str) -> Value {
        json!({"iss": "i", "aud": "a", "jti": jti, "iat": iat, "sub_id": {"format": "opaque", "id": "1"}, "events": {event: {}}})
    }

    fn earlier(feed: &mut Feed, claims: &Value) -> Value {
        feed.take(claims, &Value::Null)["earlier"].clone()
    }

    #[test]
    fn a_jti_is_reused_when_the_content_differs() {
        let mut feed = Feed::default();
        let mut reused = |claims: &Value| feed.take(claims, &Value::Null)["jti_reused"] == true;
        assert!(!reused(&set("1", 1, "urn:x")));
        assert!(!reused(&set("1", 2, "urn:x")), "the same SET signed anew");
        assert!(!reused(&set("2", 2, "urn:x")));
        assert!(reused(&set("1", 2, "urn:y")));
        assert!(!reused(&json!({"jti": 1})));
    }

    #[test]
    fn what_came_before_and_was_not_issued_later_is_earlier() {
        let mut feed = Feed::default();
        assert_eq!(earlier(&mut feed, &set("1", 10, "urn:a")), json!([]));
        assert_eq!(earlier(&mut feed, &set("2", 11, "urn:b")), json!([{"type": "urn:a", "age": 1.0}]));
        let both = json!([{"type": "urn:a", "age": 1.0}, {"type": "urn:b", "age": 0.0}]);
        assert_eq!(earlier(&mut feed, &set("3", 11, "urn:c")), both);
        assert_eq!(earlier(&mut feed, &set("3", 12, "urn:c")), json!([]), "the same SET signed anew");
        assert_eq!(earlier(&mut feed, &set("4", 9, "urn:d")), json!([]), "it came late");
    }

    #[test]
    fn other_subjects_and_other_streams_are_other_stories() {
        let mut feed = Feed::default();
        feed.take(&set("1", 10, "urn:a"), &json!({"stream_id": "s"}));
        assert_eq!(earlier(&mut feed, &set("2", 11, "urn:a")), json!([]));
        let mut other = set("3", 12, "urn:a");
        other["sub_id"]["id"] = json!("2");
        assert_eq!(earlier(&mut feed, &other), json!([]));
        assert_eq!(feed.take(&set("4", 12, "urn:a"), &json!({"stream_id": "s"}))["earlier"][0]["age"], 2.0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut feed = Feed::default();
        for number in 0..1000 {
            feed.take(&set(&number.to_string(), number, "urn:a"), &Value::Null);
        }
        let last = earlier(&mut feed, &set("last", 5000, "urn:a"));
        assert_eq!(last.as_array().map(Vec::len), Some(MOST_EVENTS));
    }
}
