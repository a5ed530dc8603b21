//! Attribute paths and filters, as far as they are simple (RFC 7644 sections 3.4.2.2 and 3.5.2): `name.familyName`,
//! `emails[type eq "work"].value`.

use serde_json::{Map, Value};

use super::refusal::Refusal;

/// A member by its name, whatever the letter case (RFC 7643 section 2.1).
pub(super) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<(&'a String, &'a Value)> {
    members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// The name as it stands in an object already, or as it was given.
pub(super) fn spelling(members: &Map<String, Value>, name: &str) -> String {
    member(members, name).map_or(name, |(known, _)| known).to_owned()
}

/// A comparison by `eq`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    /// An attribute, or one and a part of it.
    attribute: Vec<String>,
    value: Value,
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong =
            || Refusal::invalid("invalidFilter", format!("filter: expected `attribute eq value`, got {text:?}"));
        let (attribute, rest) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let (operator, value) = rest.trim_start().split_once(' ').ok_or_else(wrong)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return Err(wrong());
        }
        let value = serde_json::from_str(value.trim()).map_err(|_| wrong())?;
        Ok(Self { attribute: names(attribute), value })
    }

    /// Whether an object has the value; texts are compared whatever the letter case.
    pub fn takes(&self, members: &Map<String, Value>) -> bool {
        let Some((first, rest)) = self.attribute.split_first() else { return false };
        let mut found = member(members, first).map(|(_, value)| value);
        for name in rest {
            found = found.and_then(Value::as_object).and_then(|inner| member(inner, name)).map(|(_, value)| value);
        }
        match (found, &self.value) {
            (Some(Value::String(is)), Value::String(wanted)) => is.to_lowercase() == wanted.to_lowercase(),
            (found, wanted) => found == Some(wanted),
        }
    }
}

/// What a PATCH operation is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub attribute: String,
    pub filter: Option<Filter>,
    pub part: Option<String>,
}

impl Path {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::invalid("invalidPath", format!("path: expected an attribute path, got {text:?}"));
        // The name of a schema may stand in front.
        let plain = match text.rsplit_once(':') {
            Some((schema, rest)) if schema.starts_with("urn:") && !schema.contains('[') => rest,
            _ => text,
        };
        let (attribute, filter, part) = match plain.split_once('[') {
            Some((attribute, rest)) => {
                let (filter, part) = rest.rsplit_once(']').ok_or_else(wrong)?;
                let part = if part.is_empty() { None } else { Some(part.strip_prefix('.').ok_or_else(wrong)?) };
                (attribute, Some(Filter::parse(filter)?), part)
            }
            None => match plain.split_once('.') {
                Some((attribute, part)) => (attribute, None, Some(part)),
                None => (plain, None, None),
            },
        };
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_$".contains(c))
        };
        if !is_name(attribute) || !part.is_none_or(is_name) {
            return Err(wrong());
        }
        Ok(Self { attribute: attribute.to_owned(), filter, part: part.map(str::to_owned) })
    }
}

fn names(attribute: &str) -> Vec<String> {
    attribute.split('.').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths() {
        let path = |text| Path::parse(text).map(|path| (path.attribute, path.filter.is_some(), path.part));
        let part = |name: &str| Some(name.to_owned());
        assert_eq!(path("userName"), Ok(("userName".to_owned(), false, None)));
        assert_eq!(path("name.familyName"), Ok(("name".to_owned(), false, part("familyName"))));
        assert_eq!(path("emails[type eq \"work\"].value"), Ok(("emails".to_owned(), true, part("value"))));
        assert_eq!(path("members[value eq \"1\"]"), Ok(("members".to_owned(), true, None)));
        let with_schema = "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName";
        assert_eq!(path(with_schema), Ok(("name".to_owned(), false, part("familyName"))));
        for wrong in ["", "a b", "emails[type eq", "emails[type]", "emails[type eq \"x\"]value", ".x", "a..b"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters() {
        let user = json!({ "userName": "Jdoe", "active": true, "name": { "familyName": "Doe" } });
        let user = user.as_object().expect("an object");
        for (text, takes) in [
            ("userName eq \"jdoe\"", true),
            ("USERNAME EQ \"jdoe\"", true),
            ("userName eq \"jane\"", false),
            ("active eq true", true),
            ("name.familyName eq \"Doe\"", true),
            ("absent eq null", false),
        ] {
            assert_eq!(Filter::parse(text).map(|filter| filter.takes(user)), Ok(takes), "{text}");
        }
        for wrong in ["", "userName", "userName eq", "userName sw \"j\"", "userName eq jdoe"] {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
