//! Whether two subjects match (SSF section 8.1.3.1).

use serde_json::{Map, Value};

/// Whether two subjects match: simple ones if they are identical; complex ones if every member that both define is
/// identical.
///
/// Two complex subjects without a common member match by the letter of the rule. A simple subject and a complex one do
/// not: no sentence says that they do.
pub fn matches(one: &Value, other: &Value) -> bool {
    match (complex(one), complex(other)) {
        (Some(one), Some(other)) => fields(one).all(|(name, value)| other.get(name).is_none_or(|there| there == value)),
        (None, None) => one == other,
        _ => false,
    }
}

/// Whether everything that `general` says of a subject is also said by `special`.
///
/// For removals: a removed group must not silence events about a user of whom the group is not known.
pub fn covers(general: &Value, special: &Value) -> bool {
    match (complex(general), complex(special)) {
        (Some(general), Some(special)) => fields(general).all(|(name, value)| special.get(name) == Some(value)),
        (None, None) => general == special,
        _ => false,
    }
}

fn complex(subject: &Value) -> Option<&Map<String, Value>> {
    subject.as_object().filter(|members| members.get("format").and_then(Value::as_str) == Some("complex"))
}

fn fields(members: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    members.iter().filter(|(name, _)| *name != "format")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn email(name: &str) -> Value {
        json!({ "format": "email", "email": format!("{name}@example.com") })
    }

    #[test]
    fn the_examples_of_the_specification() {
        let tenant = json!({ "format": "opaque", "id": "example-a38h4792-uw2" });
        let device = json!({ "format": "ip-addresses", "ip-addresses": ["10.29.37.75"] });
        let group = |id: &str| json!({ "format": "did", "url": format!("did:example:{id}") });
        let complex = |members: Value| {
            let mut subject = json!({ "format": "complex" });
            subject.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
            subject
        };
        let table = [
            (email("a"), email("a"), true),
            (email("a"), email("b"), false),
            (email("a"), email("A"), false),
            (complex(json!({"tenant": tenant})), complex(json!({"tenant": tenant, "user": email("a")})), true),
            (complex(json!({"user": email("a"), "device": device})), complex(json!({"user": email("a")})), true),
            (
                complex(json!({"user": email("a"), "group": group("1")})),
                complex(json!({"user": email("a"), "group": group("2")})),
                false,
            ),
            (complex(json!({"user": email("a")})), complex(json!({"group": group("1")})), true),
            (complex(json!({"user": email("a")})), email("a"), false),
        ];
        for (one, other, expected) in table {
            assert_eq!(matches(&one, &other), expected, "{one} and {other}");
            assert_eq!(matches(&other, &one), expected, "{other} and {one}");
        }
    }

    #[test]
    fn a_removal_covers_only_what_it_names() {
        let user = json!({"format": "complex", "user": email("a")});
        let both = json!({"format": "complex", "user": email("a"), "group": {"format": "opaque", "id": "g"}});
        let group = json!({"format": "complex", "group": {"format": "opaque", "id": "g"}});
        assert!(covers(&user, &both));
        assert!(!covers(&both, &user));
        assert!(!covers(&group, &user));
        assert!(covers(&email("a"), &email("a")));
        assert!(!covers(&email("a"), &user));
    }

    fn subject() -> impl Strategy<Value = Value> {
        let simple = (0..3u8).prop_map(|n| email(&n.to_string()));
        let member = prop::option::of(0..2u8);
        let complex = (member.clone(), member.clone(), member).prop_map(|(user, group, tenant)| {
            let mut subject = json!({ "format": "complex" });
            for (name, value) in [("user", user), ("group", group), ("tenant", tenant)] {
                if let Some(value) = value {
                    subject[name] = email(&value.to_string());
                }
            }
            subject
        });
        prop_oneof![simple, complex]
    }

    proptest! {
        #[test]
        fn matching_is_what_the_three_statements_say(one in subject(), other in subject()) {
            let is_complex = |subject: &Value| subject["format"] == "complex";
            let expected = if is_complex(&one) && is_complex(&other) {
                // Statements 1 to 3 of the section, field by field.
                ["user", "group", "tenant"].iter().all(|name| {
                    let (a, b) = (one.get(name), other.get(name));
                    a.is_none() || b.is_none() || a == b
                })
            } else {
                one == other
            };
            prop_assert_eq!(matches(&one, &other), expected);
            prop_assert_eq!(matches(&other, &one), expected);
            prop_assert!(matches(&one, &one));
            prop_assert!(!covers(&one, &other) || matches(&one, &other));
        }
    }
}
