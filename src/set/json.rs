//! Strict JSON (RFC 8259): what `serde_json` reads, and also where a member name occurs twice.
//!
//! `serde_json` keeps the last of two members with one name and says nothing. For a token that matters: RFC 7519
//! section 4 forbids duplicate claim names, and two parsers that disagree on which one counts are a way past a check.

use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may be nested; `serde_json` refuses more.
pub const MAX_DEPTH: usize = 127;

/// How many duplicates are listed. A hostile document can hold any number of them, under names of any length.
pub const MAX_DUPLICATES: usize = 32;

/// A JSON text, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value; of members with the same name the last one.
    pub value: Value,
    /// JSON pointers (RFC 6901) of the members that occur more than once, each once, at most [`MAX_DUPLICATES`].
    pub duplicates: Vec<String>,
}

/// Why a text is not JSON that we read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The bytes are not UTF-8 (RFC 8259 section 8.1).
    #[error("not UTF-8: expected a character at byte {offset}, got an invalid sequence")]
    NotUtf8 {
        /// The first byte that is wrong, from 0.
        offset: usize,
    },
    /// The text is nested deeper than [`MAX_DEPTH`]. Legal JSON, but no reader is obliged to follow.
    #[error("nested more than {MAX_DEPTH} levels deep, at line {line} column {column}")]
    TooDeep {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The text breaks the grammar, or holds a number beyond every representation.
    #[error("not JSON: {message} at line {line} column {column}")]
    Syntax {
        /// What was expected and what was there.
        message: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1 (0: before the first character).
        column: usize,
    },
}

/// Reads one JSON text.
///
/// # Errors
///
/// [`JsonError`], with the place. It never panics and never exhausts the stack.
pub fn parse(text: &[u8]) -> Result<Parsed, JsonError> {
    let text = std::str::from_utf8(text).map_err(|error| JsonError::NotUtf8 { offset: error.valid_up_to() })?;
    let mut state = State::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node(&mut state).deserialize(&mut reader).map_err(located)?;
    reader.end().map_err(located)?;
    Ok(Parsed { value, duplicates: state.duplicates })
}

/// The kind of a JSON value, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn located(error: serde_json::Error) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    // The place is kept apart, so it is cut from the text that serde_json writes.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    if message.starts_with("recursion limit exceeded") {
        return JsonError::TooDeep { line, column };
    }
    JsonError::Syntax { message: message.to_owned(), line, column }
}

#[derive(Default)]
struct State {
    path: Vec<Step>,
    duplicates: Vec<String>,
}

enum Step {
    Member(String),
    Item(usize),
}

impl State {
    fn duplicate(&mut self, name: &str) {
        if self.duplicates.len() >= MAX_DUPLICATES {
            return;
        }
        let mut pointer = String::new();
        for step in &self.path {
            match step {
                Step::Member(name) => push_member(&mut pointer, name),
                Step::Item(index) => pointer.push_str(&format!("/{index}")),
            }
        }
        push_member(&mut pointer, name);
        if !self.duplicates.contains(&pointer) {
            self.duplicates.push(pointer);
        }
    }
}

fn push_member(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

struct Node<'a>(&'a mut State);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            self.0.path.push(Step::Item(items.len()));
            let item = seq.next_element_seed(Node(self.0))?;
            self.0.path.pop();
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                self.0.duplicate(&name);
            }
            self.0.path.push(Step::Member(name));
            let value = map.next_value_seed(Node(self.0))?;
            match self.0.path.pop() {
                Some(Step::Member(name)) => members.insert(name, value),
                _ => return Err(A::Error::custom("the path of a member was lost")),
            };
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn duplicates(text: &str) -> Vec<String> {
        parse(text.as_bytes()).unwrap().duplicates
    }

    #[test]
    fn duplicates_are_found_at_every_depth_and_the_last_counts() {
        assert_eq!(duplicates(r#"{"a":1,"b":{"a":2}}"#), Vec::<String>::new());
        assert_eq!(duplicates(r#"{"a":1,"a":2,"a":3}"#), ["/a"]);
        assert_eq!(duplicates(r#"[{},{"x/y~":[{"b":0,"b":1}]}]"#), ["/1/x~1y~0/0/b"]);
        assert_eq!(duplicates(r#"{"a":1,"\u0061":2}"#), ["/a"]);
        assert_eq!(parse(br#"{"a":1,"a":2}"#).unwrap().value, json!({"a": 2}));
    }

    #[test]
    fn the_list_of_duplicates_is_bounded() {
        let members: Vec<String> = (0..200).map(|n| format!(r#""k{n}":0,"k{n}":1"#)).collect();
        assert_eq!(duplicates(&format!("{{{}}}", members.join(","))).len(), MAX_DUPLICATES);
    }

    #[test]
    fn depth_is_an_error_and_not_an_overflow() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 1, 10_000, 1_000_000] {
            let error = parse(nested(depth).as_bytes()).unwrap_err();
            assert_eq!(error, JsonError::TooDeep { line: 1, column: 128 });
        }
        assert!(matches!(parse(r#"{"a":"#.repeat(10_000).as_bytes()), Err(JsonError::TooDeep { .. })));
    }

    #[test]
    fn invalid_utf8_names_its_byte() {
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8 { offset: 6 }));
    }

    #[test]
    fn what_json_does_not_know_is_refused_with_its_place() {
        for text in ["", "NaN", "[Infinity]", "{'a':1}", "{\"a\":1,}", "01", "1 2", "// c\n1", "\u{feff}1"] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(matches!(error, JsonError::Syntax { line: 1, .. }), "{text:?}: {error}");
        }
        let error = parse(b"{\n \"a\": x}").unwrap_err();
        assert_eq!(error.to_string(), "not JSON: expected value at line 2 column 7");
        assert!(parse(b"1e999").unwrap_err().to_string().contains("out of range"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-c\\u .eE+-]{0,40}"#) {
            let ours = parse(text.as_bytes()).ok().map(|parsed| parsed.value);
            prop_assert_eq!(ours, serde_json::from_str::<Value>(&text).ok());
        }
    }
}
