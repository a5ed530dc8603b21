//! The frame of every page: style, script, and the policy that lets these two work and nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::limits::{FIELD, line};
use super::token::date;
use crate::report::error::ReportError;
use crate::report::side::Side;
use crate::run::event::Status;

const TEMPLATES: [(&str, &str); 5] = [
    ("layout.html", include_str!("../templates/layout.html")),
    ("parts.html", include_str!("../templates/parts.html")),
    ("report.html", include_str!("../templates/report.html")),
    ("diff.html", include_str!("../templates/diff.html")),
    ("matrix.html", include_str!("../templates/matrix.html")),
];
const STYLE: &str = concat!(include_str!("../templates/palette.css"), include_str!("../templates/style.css"));
const SCRIPT: &str = include_str!("../templates/page.js");

#[derive(Serialize)]
struct Frame<'a, V> {
    title: &'a str,
    policy: String,
    style: &'static str,
    script: &'static str,
    #[serde(flatten)]
    view: &'a V,
}

/// An environment whose templates escape every value.
///
/// # Errors
/// If the syntax cannot be set, which is our fault.
pub(crate) fn escaping(undefined: UndefinedBehavior) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    // Stated and not left to the file name: on this hangs the safety of the page.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(undefined);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

/// A page of this template.
pub(in crate::report) fn render(template: &str, title: &str, view: &impl Serialize) -> Result<String, ReportError> {
    let refused = |error: minijinja::Error| ReportError::render("HTML", format!("{error:#}"));
    let mut environment = escaping(UndefinedBehavior::Strict).map_err(refused)?;
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).map_err(refused)?;
    }
    let frame = Frame { title, policy: policy(), style: STYLE, script: SCRIPT, view };
    environment.get_template(template).and_then(|template| template.render(Serde(frame))).map_err(refused)
}

/// The head of a run, where several are compared.
#[derive(Serialize)]
pub(in crate::report) struct Card {
    name: String,
    verdict: &'static str,
    role: &'static str,
    url: String,
    profile: String,
    run: String,
    started_at: String,
    version: String,
    counts: Vec<Count>,
}

/// How many requirements have a status.
#[derive(Serialize)]
struct Count {
    class: &'static str,
    words: &'static str,
    number: usize,
}

impl Card {
    pub fn of(side: &Side) -> Self {
        let count =
            |status: Status| Count { class: status.name(), words: status.words(), number: side.summary.get(status) };
        Self {
            name: line(&side.name, FIELD),
            verdict: side.verdict.name(),
            role: side.role.name(),
            url: line(&side.url, FIELD),
            profile: line(&side.profile, FIELD),
            run: line(&side.run, FIELD),
            started_at: date(side.started_at),
            version: line(&side.version, FIELD),
            counts: Status::ALL.map(count).into(),
        }
    }
}

/// Our style and our script by their digests, and nothing else.
fn policy() -> String {
    let allow = |text: &str| format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())));
    let (style, script) = (allow(STYLE), allow(SCRIPT));
    format!("default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_stay_within_their_elements() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"), "it would end before its end");
        }
    }
}
