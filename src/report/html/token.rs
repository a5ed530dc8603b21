//! SETs taken apart, with times that people can read.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::limits::{LINE, LINES, line};
use crate::report::exchange::SetView;

/// Members that hold a time, in the claims and in events.
const TIMES: &[&str] =
    &["iat", "nbf", "exp", "toe", "auth_time", "event_timestamp", "change_timestamp", "initiating_timestamp"];

#[derive(Serialize)]
pub(super) struct TokenView {
    header: Option<Vec<JsonLine>>,
    claims: Option<Vec<JsonLine>>,
    defects: Vec<String>,
}

/// A line of indented JSON.
#[derive(Serialize, Debug, PartialEq, Eq)]
struct JsonLine {
    indent: String,
    /// The name of the member that begins here, with its quotation marks.
    key: Option<String>,
    rest: String,
    /// What a number means.
    aside: Option<String>,
}

impl TokenView {
    pub fn of(set: &SetView, began: Timestamp) -> Self {
        let lines = |value: &Option<Value>| value.as_ref().map(|value| lines(value, began));
        Self {
            header: lines(&set.header),
            claims: lines(&set.claims),
            defects: set.defects.iter().map(|defect| line(defect, LINE)).collect(),
        }
    }

    /// Whether something of it can be read.
    pub fn is_decoded(&self) -> bool {
        self.header.is_some() || self.claims.is_some()
    }
}

fn lines(value: &Value, began: Timestamp) -> Vec<JsonLine> {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut lines: Vec<JsonLine> = pretty.lines().take(LINES).map(|text| JsonLine::of(text, began)).collect();
    let more = pretty.lines().count().saturating_sub(LINES);
    if more > 0 {
        let rest = format!("... ({more} more lines)");
        lines.push(JsonLine { indent: String::new(), key: None, rest, aside: None });
    }
    lines
}

impl JsonLine {
    fn of(text: &str, began: Timestamp) -> Self {
        let content = text.trim_start_matches(' ');
        let indent = text[..text.len() - content.len()].to_owned();
        match key(content) {
            Some((name, rest)) => {
                let aside = TIMES.contains(&name.trim_matches('"')).then(|| readable(rest, began)).flatten();
                Self { indent, key: Some(line(name, LINE)), rest: line(rest, LINE), aside }
            }
            None => Self { indent, key: None, rest: line(content, LINE), aside: None },
        }
    }
}

/// The name of a member with its quotation marks, and what comes after the colon.
fn key(content: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    let end = content.strip_prefix('"')?.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })?;
    let (name, rest) = content.split_at(end + 2);
    Some((name, rest.strip_prefix(": ")?))
}

/// A NumericDate as a time, and how far from the beginning of the run.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a second is not shown; out of range is refused")]
fn readable(rest: &str, began: Timestamp) -> Option<String> {
    let number = rest.trim_end_matches(',');
    let seconds = number.parse::<i64>().ok().or_else(|| number.parse::<f64>().ok().map(|seconds| seconds as i64))?;
    let time = Timestamp::from_second(seconds).ok()?;
    Some(format!("{}, {}", date(time), relative(seconds - began.as_second())))
}

/// `2026-01-01 00:00:00 UTC`.
pub(super) fn date(time: Timestamp) -> String {
    format!("{} UTC", time.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Seconds from the beginning of the run, in the largest unit that says something.
fn relative(seconds: i64) -> String {
    let (side, seconds) =
        if seconds < 0 { ("before", seconds.unsigned_abs()) } else { ("after", seconds.unsigned_abs()) };
    let (number, unit) = match seconds {
        0 => return "as the run began".to_owned(),
        1..120 => (seconds, "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        172_800..63_072_000 => (seconds / 86_400, "days"),
        _ => (seconds / 31_536_000, "years"),
    };
    format!("{number} {unit} {side} the run began")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable_where_they_stand() {
        let began = "2026-01-01T00:00:00Z".parse().expect("a time");
        let claims = serde_json::json!({
            "iat": 1_767_225_600, "exp": 1_767_229_200.5, "toe": "soon", "nbf": 1e300, "jti": "iat\": 5",
            "events": {"urn:x": {"event_timestamp": 1_767_225_570}}
        });
        let asides = |lines: &[JsonLine]| -> Vec<(String, String)> {
            lines.iter().filter_map(|line| Some((line.key.clone()?, line.aside.clone()?))).collect()
        };
        let expected = [
            ("\"iat\"", "2026-01-01 00:00:00 UTC, as the run began"),
            ("\"exp\"", "2026-01-01 01:00:00 UTC, 60 min after the run began"),
            ("\"event_timestamp\"", "2025-12-31 23:59:30 UTC, 30 s before the run began"),
        ];
        assert_eq!(asides(&lines(&claims, began)), expected.map(|(key, aside)| (key.to_owned(), aside.to_owned())));
    }

    #[test]
    fn only_members_are_keys() {
        assert_eq!(key(r#""a": 1"#), Some((r#""a""#, "1")));
        assert_eq!(key(r#""a\": \\": {"#), Some((r#""a\": \\""#, "{")));
        assert_eq!(key(r#""text","#), None);
        assert_eq!(key(r#""text: ""#), None);
        assert_eq!(key("{"), None);
    }

    #[test]
    fn a_long_set_is_cut() {
        let long = Value::Array((0..1000).map(Value::from).collect());
        let lines = lines(&long, Timestamp::UNIX_EPOCH);
        assert_eq!(lines.len(), LINES + 1);
        assert_eq!(lines[LINES].rest, "... (852 more lines)");
    }
}
