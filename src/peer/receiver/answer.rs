//! What the receiver answers (RFC 8935 sections 2.2 to 2.4).

use axum::http::HeaderValue;
use serde_json::json;

use super::{Refusal, Verdict};
use crate::peer::answer::Answer;
use crate::suite::model::deviation::Check;

impl Answer {
    /// 202 without a body.
    pub fn accepted() -> Self {
        Self { status: 202, ..Self::default() }
    }

    pub(super) fn to(verdict: &Verdict, language: &str) -> Self {
        let refusal = match verdict {
            Verdict::Accepted => return Self::accepted(),
            Verdict::Ignored => return Self { close: true, ..Self::default() },
            Verdict::Refused(refusal) => refusal,
        };
        match refusal {
            Refusal::Method => {
                Self { status: 405, headers: vec![("Allow".to_owned(), "POST".to_owned())], ..Self::default() }
            }
            Refusal::Credential => {
                let mut answer =
                    Self::error(401, "authentication_failed", "The caller did not authenticate.", language);
                answer.headers.push(("WWW-Authenticate".to_owned(), "Bearer".to_owned()));
                answer
            }
            Refusal::TooLarge => Self::error(413, "invalid_request", "The body is too large for a SET.", language),
            Refusal::MediaType => {
                Self::error(415, "invalid_request", "The Content-Type is not application/secevent+jwt.", language)
            }
            Refusal::Set { err, description, check } => {
                Self::error(400, err, &translated(description, *check, language), language)
            }
            Refusal::Content { err, description } => Self::error(400, err, description, language),
        }
    }

    fn error(status: u16, err: &str, description: &str, language: &str) -> Self {
        Self {
            status,
            headers: vec![
                ("Content-Type".to_owned(), "application/json".to_owned()),
                ("Content-Language".to_owned(), language.to_owned()),
            ],
            body: json!({ "err": err, "description": description }).to_string().into_bytes(),
            ..Self::default()
        }
    }
}

/// A few words in the languages that the built-in receiver can speak; English where it cannot.
fn translated(description: &str, check: Check, language: &str) -> String {
    if language.split('-').next() != Some("de") {
        return description.to_owned();
    }
    match check {
        Check::Parse => "Das ist kein SET.",
        Check::Issuer => "Dem Aussteller wird nicht vertraut.",
        Check::Signature => "Die Signatur stimmt nicht.",
        Check::Audience => "Das SET ist nicht für uns.",
        Check::Expiry => "Das SET ist abgelaufen.",
        _ => "Die Anfrage wird abgelehnt.",
    }
    .to_owned()
}

/// The language that the caller likes best among those that are offered; the first one offered if none fits
/// (RFC 9110 section 12.5.4, basic filtering).
pub(super) fn language<'a>(offered: &'a [String], accept: Option<&HeaderValue>) -> &'a str {
    let default = offered.first().map_or("en", String::as_str);
    let Some(accept) = accept.and_then(|value| value.to_str().ok()) else { return default };
    let mut ranges: Vec<(f32, &str)> = accept
        .split(',')
        .map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let range = parts.next().unwrap_or_default();
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
            (quality, range)
        })
        .filter(|(quality, range)| *quality > 0.0 && !range.is_empty())
        .collect();
    ranges.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranges
        .iter()
        .find_map(|(_, range)| {
            offered.iter().find(|tag| {
                tag.eq_ignore_ascii_case(range)
                    || tag.to_ascii_lowercase().starts_with(&format!("{}-", range.to_ascii_lowercase()))
                    || range.to_ascii_lowercase().starts_with(&format!("{}-", tag.to_ascii_lowercase()))
            })
        })
        .map_or(default, String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_negotiated() {
        let offered = ["en".to_owned(), "de".to_owned()];
        let negotiated = |accept: &'static str| language(&offered, Some(&HeaderValue::from_static(accept)));
        assert_eq!(negotiated("de"), "de");
        assert_eq!(negotiated("de-CH, en;q=0.5"), "de");
        assert_eq!(negotiated("en;q=0.1, de;q=0.9"), "de");
        assert_eq!(negotiated("fr, art-x-none"), "en");
        assert_eq!(negotiated("de;q=0"), "en");
        assert_eq!(language(&offered, None), "en");
    }
}
