//! The page as it is served: what is there at this moment stands in it, for those without scripts.

use minijinja::UndefinedBehavior;
use minijinja::value::Serde;
use serde_json::{Value, json};

use super::feed::Feed;
use crate::report::html::escaping;
use crate::report::text;

const TEMPLATE: &str = include_str!("assets/page.html");

/// How many lines stand in the page.
const LINES: usize = 30;

/// The page; `token` is left out where it is served to everybody.
pub(super) fn render(about: &Value, feed: &Feed, token: Option<&str>) -> Result<String, minijinja::Error> {
    let environment = escaping(UndefinedBehavior::Lenient)?;
    let state: Value = serde_json::from_str(&feed.current()).unwrap_or_default();
    let member = |value: &Value, name: &str| shown(&value[name]);
    let streams: Vec<Value> = state["streams"].as_array().into_iter().flatten().map(visible).collect();
    let lines: Vec<String> = feed
        .newest(LINES)
        .iter()
        .filter_map(|kept| serde_json::from_str::<Value>(&kept.entry).ok())
        .map(|entry| format!("{} {} [{}]", member(&entry, "at"), member(&entry, "line"), member(&entry, "tone")))
        .collect();
    let page = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "about": visible(about),
        "token": token,
        "streams": streams,
        "lines": lines,
    });
    environment.render_named_str("page.html", TEMPLATE, Serde(page))
}

fn shown(value: &Value) -> String {
    text::line(value.as_str().unwrap_or_default()).into_owned()
}

/// The same with control and invisible characters made visible.
fn visible(value: &Value) -> Value {
    match value {
        Value::String(string) => Value::from(text::line(string)),
        Value::Array(items) => items.iter().map(visible).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), visible(member))).collect(),
        other => other.clone(),
    }
}
