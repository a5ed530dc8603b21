//! The secrets that an exchange has in it, wherever it came from.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::http::{Exchange, Headers};
use crate::set::json as strict_json;

/// Members of JSON bodies whose values are secrets, and parameters of forms and queries that are.
const NAMES: &[&str] =
    &["authorization_header", "access_token", "refresh_token", "client_secret", "client_assertion", "id_token"];

/// A credential shorter than this is not kept: whoever sends it could blot out ordinary words.
const SHORTEST: usize = 8;

/// The same names in bodies that are no JSON, up to the end where the value is not closed.
static MEMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#""(?:{})"[ \t\r\n]*:[ \t\r\n]*"((?:[^"\\]|\\.)*)"#, NAMES.join("|"))));

static PARAMETER: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?:^|[?&;])(?:{})=([^&;#\s]+)", NAMES.join("|"))));

static PASSWORD: LazyLock<Regex> = LazyLock::new(|| pattern(r#"://[^/\s"'@:]*:([^/\s"'@]+)@"#));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is one")
}

/// Every secret of an exchange that its own words give away: credentials in header fields, in bodies and in URLs.
pub(crate) fn carried(exchange: &Exchange) -> Vec<String> {
    let mut secrets = Vec::new();
    let request = &exchange.request;
    of_headers(&request.headers, &mut secrets);
    of_text(&request.url, &mut secrets);
    of_body(&request.body, &mut secrets);
    if let Some(response) = &exchange.response {
        of_headers(&response.headers, &mut secrets);
        of_body(&response.body, &mut secrets);
    }
    secrets.sort();
    secrets.dedup();
    secrets
}

fn of_headers(headers: &Headers, secrets: &mut Vec<String>) {
    for (name, value) in headers.iter() {
        let is_credential =
            ["authorization", "proxy-authorization"].iter().any(|known| name.eq_ignore_ascii_case(known));
        let credential = value.trim().split_once(' ').map_or(value, |(_, credential)| credential.trim());
        if is_credential && credential.len() >= SHORTEST {
            secrets.push(value.trim().to_owned());
        }
        if ["location", "link"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            of_text(value, secrets);
        }
    }
}

fn of_body(body: &[u8], secrets: &mut Vec<String>) {
    if let Ok(parsed) = strict_json::parse(body) {
        of_value(&parsed.value, secrets);
    }
    of_text(&String::from_utf8_lossy(body), secrets);
}

fn of_value(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(secret) if NAMES.contains(&name.as_str()) => secrets.push(secret.clone()),
                    other => of_value(other, secrets),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| of_value(item, secrets)),
        _ => {}
    }
}

fn of_text(text: &str, secrets: &mut Vec<String>) {
    for found in MEMBER.captures_iter(text) {
        let inner = &found[1];
        let read = serde_json::from_str::<String>(&format!("\"{inner}\""));
        secrets.push(read.unwrap_or_else(|_| inner.to_owned()));
    }
    for found in PARAMETER.captures_iter(text).chain(PASSWORD.captures_iter(text)) {
        let written = &found[1];
        let read = url::form_urlencoded::parse(format!("v={written}").as_bytes()).next().map(|(_, v)| v.into_owned());
        secrets.extend(read);
        secrets.push(written.to_owned());
    }
    secrets.retain(|secret| !secret.trim().is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Request, Response};

    fn exchange(target: &str, headers: &[(&str, &str)], body: &str, answer: &str) -> Exchange {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Exchange {
            id: "x1".to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
            request: Request {
                url: format!("http://h{target}"),
                headers: Headers(headers),
                body: body.into(),
                ..Request::default()
            },
            response: Some(Response { body: answer.into(), ..Response::default() }),
            failure: None,
            elapsed_ms: 0.0,
            tls: None,
        }
    }

    #[test]
    fn each_place_of_a_secret_is_known() {
        for (target, headers, body, answer, secret) in [
            ("/", &[("Authorization", "Bearer s3cret-token")][..], "", "", "Bearer s3cret-token"),
            ("/?access_token=s3cret%2Ftoken", &[], "", "", "s3cret/token"),
            ("/", &[], r#"{"delivery":{"authorization_header":"Bearer s3\u0063ret"}}"#, "", "Bearer s3cret"),
            ("/", &[], r#"{"delivery":{"authorization\u005fheader":"s3cret"}}"#, "", "s3cret"),
            ("/", &[], r#"{"authorization_header": "s3cret"} and more"#, "", "s3cret"),
            ("/", &[], r#"{"authorization_header": "s3cret and cut o"#, "", "s3cret and cut o"),
            ("/", &[], "grant_type=client_credentials&client_secret=s3%20cret", "", "s3 cret"),
            ("/", &[], r#"{"endpoint_url":"https://user:s3cret@rx.example"}"#, "", "s3cret"),
            ("/", &[], "", r#"{"access_token":"s3cret","token_type":"Bearer"}"#, "s3cret"),
        ] {
            let found = carried(&exchange(target, headers, body, answer));
            assert!(found.iter().any(|one| one == secret), "{secret:?} in {found:?}");
        }
    }

    #[test]
    fn ordinary_words_are_none() {
        let ordinary =
            exchange("/a?b=c", &[("Authorization", "Bearer POST"), ("Accept", "text/html; q=0.9")], "a: b", "{}");
        assert_eq!(carried(&ordinary), Vec::<String>::new());
    }
}
