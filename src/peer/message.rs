//! Exchanges and tokens as the expressions of suites see them.

use serde_json::{Map, Value, json};

use crate::http::{Exchange, Headers, Request, Response, TlsFacts};
use crate::set::{Defect, Signature, Token, json as strict_json};
use crate::suite::model::case::{Auth, Fault};

/// The variable `set` of a token.
pub fn set_value(token: &Token, signature: &Signature) -> Value {
    let mut claim_duplicates = Vec::new();
    let mut header_duplicates = Vec::new();
    for defect in &token.defects {
        match defect {
            Defect::DuplicateClaim(pointer) => claim_duplicates.push(pointer.as_str()),
            Defect::DuplicateHeaderMember(pointer) => header_duplicates.push(pointer.as_str()),
            _ => {}
        }
    }
    json!({
        "parts": token.parts,
        "encrypted": token.is_encrypted(),
        "unsecured": token.is_unsecured(),
        "signature": signature.name(),
        "defects": token.defects.iter().map(|defect| defect.code()).collect::<Vec<_>>(),
        "claim_duplicates": claim_duplicates,
        "header_duplicates": header_duplicates,
        "header": object_or_null(token.header.as_ref()),
        "claims": object_or_null(token.claims.as_ref()),
    })
}

/// A JSON object, or null where there is none.
pub fn object_or_null(value: Option<&Value>) -> Value {
    value.filter(|value| value.is_object()).cloned().unwrap_or(Value::Null)
}

/// The variable `request`.
pub fn request_value(request: &Request) -> Value {
    json!({
        "method": request.method,
        "target": request.target,
        "path": request.target.split(['?', '#']).next().unwrap_or_default(),
        "query": query_value(&request.target),
        "headers": headers_value(&request.headers),
        "body": request.body_text(),
        "size": request.body.len(),
        "json": strict_json::parse(&request.body).map(|parsed| parsed.value).unwrap_or(Value::Null),
        "media_type": request.media_type().unwrap_or_default(),
    })
}

/// The variable `request` of a logout request: `form` holds the parameters of its body by name, null where it is no form.
pub fn form_request_value(request: &Request) -> Value {
    let mut value = request_value(request);
    let is_form = request.media_type().as_deref() == Some("application/x-www-form-urlencoded");
    value["form"] = if is_form { Value::Object(parameters(&request.body)) } else { Value::Null };
    value
}

/// Form-urlencoded parameters by name, the last value of each.
pub(crate) fn parameters(encoded: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(encoded).map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

/// The parameters of a request target by name.
fn query_value(target: &str) -> Value {
    let query = target.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    Value::Object(parameters(query.as_bytes()))
}

/// The variable `response`: null where no status line came. An answer that broke off counts with what came of it.
pub fn response_value(exchange: &Exchange) -> Value {
    let Some(response) = &exchange.response else { return Value::Null };
    json!({
        "status": response.status,
        "reason": response.reason,
        "headers": headers_value(&response.headers),
        "body": response.body_text(),
        "size": response.body.len() + response.extra.len(),
        "truncated": response.truncated,
        "complete": exchange.failure.is_none() && !response.truncated,
        "utf8": std::str::from_utf8(&response.body).is_ok(),
        "json": json_of(response),
        "media_type": response.media_type().unwrap_or_default(),
    })
}

/// The body as JSON; null where it is none, has duplicate members, or is nested too deeply.
fn json_of(response: &Response) -> Value {
    strict_json::parse(&response.body).map(|parsed| parsed.value).unwrap_or(Value::Null)
}

fn headers_value(headers: &Headers) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in headers.iter() {
        let entry = map.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
        if let Value::Array(values) = entry {
            values.push(Value::from(value));
        }
    }
    Value::Object(map)
}

/// The variable `tls`.
pub fn tls_value(tls: Option<&TlsFacts>) -> Value {
    tls.map_or(Value::Null, |facts| json!({ "version": facts.version, "cipher_suite": facts.cipher_suite }))
}

/// The variable `sent`: what the harness did on purpose.
pub fn sent_value(fault: Option<Fault>, forge: Option<&str>, auth: Auth, accept_language: Option<&str>) -> Value {
    json!({
        "fault": fault.map_or("", Fault::name),
        "forge": forge.unwrap_or_default(),
        "auth": auth,
        "accept_language": accept_language,
    })
}
