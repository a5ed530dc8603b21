//! The subjects of a stream, and how receivers add and remove them (SSF section 8.1.3).

use serde_json::Value;

use super::matching::{covers, matches};
use super::options::DefaultSubjects;
use super::refusal::{Outcome, Refusal};
use super::request::{member_bool, object, stream_id};
use super::state::{Caller, Shared};
use super::stream::own_subject;
use super::{Answer, RequestFacts};

/// What a receiver has said about subjects.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    added: Vec<Value>,
    removed: Vec<Value>,
}

impl Subjects {
    pub fn add(&mut self, subject: Value) {
        self.removed.retain(|known| *known != subject);
        if !self.added.contains(&subject) {
            self.added.push(subject);
        }
    }

    pub fn remove(&mut self, subject: Value, default: DefaultSubjects) {
        self.added.retain(|known| *known != subject);
        if default == DefaultSubjects::All && !self.removed.contains(&subject) {
            self.removed.push(subject);
        }
    }

    pub fn len(&self) -> usize {
        self.added.len() + self.removed.len()
    }

    /// Whether events about this subject are wanted (SSF sections 7.1 and 8.1.3.1).
    pub fn want(&self, subject: &Value, default: DefaultSubjects) -> bool {
        match default {
            DefaultSubjects::None => self.added.iter().any(|added| matches(added, subject)),
            DefaultSubjects::All => {
                let says_so = |list: &[Value]| list.iter().any(|general| covers(general, subject));
                !says_so(&self.removed) || says_so(&self.added)
            }
        }
    }
}

/// Adds a subject: an empty 200 (SSF section 8.1.3.2).
pub(super) fn add(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    let subject = valid_subject(body.get("subject"))?;
    member_bool(body, "verified")?;
    let mut inner = stream.lock();
    // The subject that is the stream itself is always there (SSF section 8.1.4.1).
    if subject != own_subject(&stream.id) {
        if inner.subjects.len() >= shared.options.limits.subjects_per_stream {
            return Err(Refusal::Forbidden("the stream has as many subjects as it can have".to_owned()));
        }
        if !shared.options.behaviour().adds_subjects_without_effect {
            inner.subjects.add(subject);
        }
    }
    Ok(Answer::empty(200))
}

/// Removes a subject: 204 (SSF section 8.1.3.3).
pub(super) fn remove(shared: &Shared, caller: &Caller, facts: &RequestFacts) -> Outcome {
    let body = object(facts)?;
    let stream = shared.find(caller, stream_id(body)?)?;
    let subject = valid_subject(body.get("subject"))?;
    if subject == own_subject(&stream.id) {
        return Err(Refusal::Forbidden("the subject of the stream itself stays".to_owned()));
    }
    let mut inner = stream.lock();
    let default = shared.options.default_subjects();
    if default == DefaultSubjects::All && inner.subjects.len() >= shared.options.limits.subjects_per_stream {
        return Err(Refusal::Forbidden("the stream has as many subjects as it can have".to_owned()));
    }
    if !shared.options.behaviour().keeps_delivering_removed_subjects {
        inner.subjects.remove(subject, default);
    }
    Ok(Answer::empty(204))
}

/// The members that an identifier of a known format must have (RFC 9493 section 3.2, SSF section 3.5).
const REQUIRED: [(&str, &[&str]); 12] = [
    ("account", &["uri"]),
    ("email", &["email"]),
    ("iss_sub", &["iss", "sub"]),
    ("opaque", &["id"]),
    ("phone_number", &["phone_number"]),
    ("did", &["url"]),
    ("uri", &["uri"]),
    ("aliases", &["identifiers"]),
    ("jwt_id", &["iss", "jti"]),
    ("saml_assertion_id", &["issuer", "assertion_id"]),
    ("ip-addresses", &["ip-addresses"]),
    ("complex", &[]),
];

/// A subject identifier that could be one: formats that we do not know are taken as they are (SSF section 3.4).
pub(super) fn valid_subject(subject: Option<&Value>) -> Result<Value, Refusal> {
    let members = subject
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::of_type("subject", "a subject identifier, which is an object", subject))?;
    let format = members
        .get("format")
        .and_then(Value::as_str)
        .filter(|format| !format.is_empty())
        .ok_or_else(|| Refusal::of_type("subject.format", "the name of a format", members.get("format")))?;
    let required = REQUIRED.iter().find(|(name, _)| *name == format).map_or(&[][..], |(_, required)| required);
    for name in required {
        let wanted = match *name {
            "identifiers" | "ip-addresses" => members.get(*name).is_some_and(Value::is_array),
            _ => members.get(*name).and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
        };
        if !wanted {
            let place = format!("subject.{name}");
            return Err(Refusal::of_type(&place, "what the format says", members.get(*name)));
        }
    }
    if members.len() < 2 {
        return Err(Refusal::invalid("subject", "a member beside the format", "none"));
    }
    if format == "complex" {
        for (name, member) in members.iter().filter(|(name, _)| *name != "format") {
            if !member.get("format").is_some_and(Value::is_string) {
                let place = format!("subject.{name}");
                return Err(Refusal::of_type(&place, "a simple subject identifier", Some(member)));
            }
        }
    }
    Ok(Value::Object(members.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn email(name: &str) -> Value {
        json!({ "format": "email", "email": name })
    }

    #[test]
    fn without_default_subjects_only_added_ones_are_wanted() {
        let mut subjects = Subjects::default();
        assert!(!subjects.want(&email("a"), DefaultSubjects::None));
        subjects.add(email("a"));
        assert!(subjects.want(&email("a"), DefaultSubjects::None));
        assert!(!subjects.want(&email("b"), DefaultSubjects::None));
        subjects.remove(email("a"), DefaultSubjects::None);
        assert!(!subjects.want(&email("a"), DefaultSubjects::None));
        assert_eq!(subjects.len(), 0);
    }

    #[test]
    fn with_default_subjects_only_removed_ones_are_not() {
        let mut subjects = Subjects::default();
        assert!(subjects.want(&email("a"), DefaultSubjects::All));
        subjects.remove(email("a"), DefaultSubjects::All);
        assert!(!subjects.want(&email("a"), DefaultSubjects::All));
        assert!(subjects.want(&email("b"), DefaultSubjects::All));
        subjects.add(email("a"));
        assert!(subjects.want(&email("a"), DefaultSubjects::All));
    }

    #[test]
    fn subjects_are_checked_as_far_as_their_format_is_known() {
        for good in [
            email("a"),
            json!({"format": "phone", "phone_number": "+12065550123"}),
            json!({"format": "complex", "user": email("a")}),
            json!({"format": "iss_sub", "iss": "i", "sub": "s"}),
        ] {
            assert!(valid_subject(Some(&good)).is_ok(), "{good}");
        }
        for bad in [
            json!("a"),
            json!({}),
            json!({"format": 1, "id": "x"}),
            json!({"format": "email"}),
            json!({"format": "email", "email": 5}),
            json!({"format": "mine"}),
            json!({"format": "complex", "user": "a"}),
        ] {
            assert!(valid_subject(Some(&bad)).is_err(), "{bad}");
        }
        assert!(valid_subject(None).is_err());
    }
}
