//! HTTP requests as the steps of cases describe them.

use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::steps::Stop;
use crate::expr::{Scope, Template};
use crate::http::{Exchange, Offer, RequestSpec, probe};
use crate::peer::message::{request_value, response_value, tls_value};
use crate::suite::catalogue::HttpPlan;
use crate::suite::model::case::TlsVersion;

/// Where the request of a plan goes.
pub(crate) fn url(plan: &HttpPlan, scope: &Scope) -> Result<Url, Stop> {
    // What a request is made from may come from the target, and then says nothing of us.
    let url = scope.enter(|entered| plan.url.render_text(entered)).map_err(Stop::inconclusive)?;
    Url::parse(&url).map_err(|error| Stop::inconclusive(format!("{url:?} is no URL: {error}")))
}

/// The request of a plan; `credential` is the whole value of the Authorization header.
pub(crate) fn spec(plan: &HttpPlan, scope: &Scope, credential: Option<String>) -> Result<RequestSpec, Stop> {
    let url = url(plan, scope)?;
    let body = scope.enter(|entered| plan.body.as_ref().map(|body| body.render(entered)).transpose());
    let body = body.map_err(Stop::inconclusive)?;
    let mut fields = Vec::new();
    if plan.is_json {
        fields.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    fields.extend(credential.map(|value| ("Authorization".to_owned(), value)));
    let overrides = rendered_object(&plan.headers, scope)?;
    Ok(RequestSpec {
        method: plan.method.to_owned(),
        url,
        headers: merged(fields, &overrides),
        body: body.map(|body| content(body, plan.is_json)).unwrap_or_default().into_bytes(),
    })
}

/// Offers one TLS version to the host of a URL by hand, and sets the variable `hello`.
pub(crate) async fn hello(version: TlsVersion, url: &Url, limit: Duration, scope: &mut Scope) -> Result<(), Stop> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Stop::inconclusive(format!("{url} has no host")));
    };
    let offer = match version {
        TlsVersion::Tls10 => Offer::Tls10,
        TlsVersion::Tls11 => Offer::Tls11,
        TlsVersion::Tls12 => Offer::Tls12,
        TlsVersion::Tls13 => Offer::Tls13,
    };
    let facts = probe(host, port, offer, limit).await;
    let agreed = facts.agreed();
    scope.set(
        "hello",
        json!({
            "offered": facts.offered,
            "outcome": facts.outcome,
            "version": facts.version,
            "alert": facts.alert,
            "agreed": agreed,
            "message": facts.message,
        }),
    );
    Ok(())
}

/// JSON is written as such; a text is sent as it is.
fn content(body: Value, is_json: bool) -> String {
    match body {
        Value::String(text) if !is_json => text,
        other => other.to_string(),
    }
}

/// Sets the variables of an exchange.
pub(crate) fn set_exchange(scope: &mut Scope, exchange: &Exchange) {
    scope.set("request", request_value(&exchange.request));
    scope.set("response", response_value(exchange));
    scope.set("tls", tls_value(exchange.tls.as_ref()));
    scope.set("elapsed", json!(exchange.seconds()));
}

/// A template that has to be an object.
pub(crate) fn rendered_object(template: &Template, scope: &Scope) -> Result<Map<String, Value>, Stop> {
    match scope.enter(|entered| template.render(entered)).map_err(Stop::Internal)? {
        Value::Object(members) => Ok(members),
        other => Err(Stop::Internal(format!("expected an object, got {other}"))),
    }
}

/// Replaces header fields by name, whatever their case; null leaves one out.
pub(crate) fn merged(mut fields: Vec<(String, String)>, overrides: &Map<String, Value>) -> Vec<(String, String)> {
    for (name, value) in overrides {
        let place = fields.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        let text = match value {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        match (place, text) {
            (Some(at), Some(text)) => fields[at].1 = text,
            (Some(at), None) => {
                fields.remove(at);
            }
            (None, Some(text)) => fields.push((name.clone(), text)),
            (None, None) => {}
        }
    }
    fields
}
