//! The users and groups that we made: none of them is left behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use url::Url;

use super::PREFIX;

/// A resource that is there because of us, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// `/Users` or `/Groups`.
    pub endpoint: &'static str,
    /// The attribute that has the name.
    pub attribute: &'static str,
    /// The name that we gave it: nobody else has it.
    pub name: String,
    /// Where it is, once that is known.
    pub url: Option<Url>,
}

/// The types of resources, by endpoint and attribute.
const TYPES: [(&str, &str); 2] = [("/Users", "userName"), ("/Groups", "displayName")];

impl Made {
    /// What a POST to a path below the base makes, if it is not refused.
    pub fn by(path: &str, body: &Value) -> Vec<Self> {
        let one = |path: &str, body: &Value| {
            let (endpoint, attribute) = TYPES.into_iter().find(|(endpoint, _)| *endpoint == path)?;
            let name = body[attribute].as_str().filter(|name| name.starts_with(PREFIX))?.to_owned();
            Some(Self { endpoint, attribute, name, url: None })
        };
        if path != "/Bulk" {
            return one(path, body).into_iter().collect();
        }
        let operations = body["Operations"].as_array().into_iter().flatten();
        let posts = operations.filter(|operation| operation["method"] == "POST");
        posts.filter_map(|operation| one(operation["path"].as_str()?, &operation["data"])).collect()
    }

    /// The filter that finds it (RFC 7644 section 3.4.2.2).
    pub fn filter(&self) -> String {
        format!("{} eq \"{}\"", self.attribute, self.name)
    }

    /// The identifiers of those in a list that have the very name.
    pub fn found_in(&self, list: &Value) -> Vec<String> {
        let found = list["Resources"].as_array().into_iter().flatten();
        let ours = found.filter(|resource| resource[self.attribute] == self.name.as_str());
        ours.filter_map(|resource| resource["id"].as_str()).map(str::to_owned).collect()
    }
}

/// Everything that was made and not deleted yet.
#[derive(Debug, Default)]
pub(crate) struct Resources(Mutex<Vec<Made>>);

impl Resources {
    fn lock(&self) -> MutexGuard<'_, Vec<Made>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what a request is going to make.
    pub fn expect(&self, made: &[Made]) {
        let mut all = self.lock();
        for one in made {
            if !all.iter().any(|known| known.name == one.name) {
                all.push(one.clone());
            }
        }
    }

    /// Where one of them is.
    pub fn found(&self, name: &str, url: Url) {
        self.lock().iter_mut().filter(|made| made.name == name).for_each(|made| made.url = Some(url.clone()));
    }

    /// One is gone, or was never made.
    pub fn forget(&self, name: &str) {
        self.lock().retain(|made| made.name != name);
    }

    /// The one at this URL is gone.
    pub fn forget_at(&self, url: &Url) {
        self.lock().retain(|made| made.url.as_ref() != Some(url));
    }

    /// Those that are left.
    pub fn left(&self) -> Vec<Made> {
        self.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(path: &str, body: Value) -> Vec<String> {
        Made::by(path, &body).into_iter().map(|made| format!("{}{}", made.endpoint, made.name)).collect()
    }

    #[test]
    fn what_a_request_makes_is_known_before_it_is_sent() {
        assert_eq!(names("/Users", json!({ "userName": "setspec-1" })), ["/Userssetspec-1"]);
        assert!(names("/Users", json!({ "userName": "somebody" })).is_empty());
        assert!(names("/Users/17", json!({ "userName": "setspec-1" })).is_empty());
        let bulk = json!({ "Operations": [
            { "method": "POST", "path": "/Groups", "data": { "displayName": "setspec-2" } },
            { "method": "PUT", "path": "/Users/1", "data": { "userName": "setspec-3" } },
            { "method": "POST", "path": "/Users", "data": { "userName": "setspec-4" } },
            "nonsense",
        ] });
        assert_eq!(names("/Bulk", bulk), ["/Groupssetspec-2", "/Userssetspec-4"]);
    }

    #[test]
    fn nothing_is_found_that_has_another_name() {
        let [made] = &Made::by("/Users", &json!({ "userName": "setspec-1" }))[..] else { panic!("one") };
        assert_eq!(made.filter(), "userName eq \"setspec-1\"");
        // Who does not understand the filter may answer with everybody.
        let list = json!({ "Resources": [
            { "id": "1", "userName": "setspec-10" },
            { "id": "2", "userName": "setspec-1" },
            { "id": 3, "userName": "setspec-1" },
            "nonsense",
        ] });
        assert_eq!(made.found_in(&list), ["2"]);
    }
}
