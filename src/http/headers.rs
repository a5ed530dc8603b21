//! Header fields as they were written.

use serde::{Deserialize, Serialize};

/// Header fields in the order and case in which they were on the wire.
///
/// Values are lossy text: a byte that is not UTF-8 becomes U+FFFD, and [`Quirk`](super::Quirk) says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// The value of the first field of this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.iter();
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The values of all fields of this name, whatever their case, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The names as written, in order, repeated ones too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Whether a field of this name is present.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Name and value of every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Adds a field at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lower-cased media type of the first Content-Type without its parameters (RFC 9110, 8.3.1).
    ///
    /// `None` if the field is absent or empty.
    pub fn media_type(&self) -> Option<String> {
        let essence = self.get("content-type")?.split(';').next()?.trim();
        (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl From<&::http::HeaderMap> for Headers {
    fn from(map: &::http::HeaderMap) -> Self {
        map.iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn names_are_found_whatever_their_case() {
        let mut headers = Headers::default();
        headers.push("X-One", "1");
        headers.push("x-one", "2");
        headers.push("Content-Type", " Application/SecEvent+JWT ; charset=utf-8");

        assert_eq!(headers.get("X-ONE"), Some("1"));
        assert_eq!(headers.get_all("x-One").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.names().collect::<Vec<_>>(), ["X-One", "x-one", "Content-Type"]);
        assert_eq!(headers.media_type().as_deref(), Some("application/secevent+jwt"));
    }
}
