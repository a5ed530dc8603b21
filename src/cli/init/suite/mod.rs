//! Settings of the OpenID conformance suite's Shared Signals tests, as its JSON has them: alone, or in an exported plan.

mod members;
mod receiver;
mod transmitter;

use std::path::Path;

use toml::{Table, Value};
use url::Url;

use super::draft::Draft;
use crate::cli::config::described;
use crate::cli::console::{Failure, visible};
use crate::cli::keys;
use crate::suite::model::profile::Role;
use members::Members;

/// Reads a file. The role is known from the name of the plan or from the members, unless it is named.
pub(super) fn read(file: &Path, role: Option<Role>) -> Result<Draft, Failure> {
    let wrong = |why: String| Failure::usage(format!("--from {}: {why}", file.display()));
    let text = keys::read(file, "--from")?;
    draft(&text, role).map_err(wrong)
}

/// What the text comes to.
fn draft(text: &str, role: Option<Role>) -> Result<Draft, String> {
    let mut members = Members::parse(text)?;
    let told = role.or_else(|| role_of(&members));
    let role = told.ok_or("it does not show whether a transmitter or a receiver was tested: name the role")?;
    if !matches!(role, Role::Transmitter | Role::Receiver) {
        return Err(format!("these are settings for Shared Signals, and not for {}", described(role)));
    }
    let mut draft = Draft::new(role);
    match role {
        Role::Transmitter => transmitter::take(&mut members, &mut draft)?,
        _ => receiver::take(&mut members, &mut draft)?,
    }
    if members.variant("ssf_profile").as_deref() == Some("caep_interop") || members.plan().contains("-caep-") {
        let party = role.name();
        draft.set("profile", format!("caep-interop-{party}"));
    }
    let unused = members.unused();
    if !unused.is_empty() {
        draft.notes.push(format!("Not used: {}", unused.join(", ")));
    }
    Ok(draft)
}

/// What a plan is called says it; settings of a transmitter say where it is.
fn role_of(members: &Members) -> Option<Role> {
    if members.plan().starts_with("openid-ssf-transmitter") {
        return Some(Role::Transmitter);
    }
    if members.plan().starts_with("openid-ssf-receiver") {
        return Some(Role::Receiver);
    }
    if members.has("ssf.transmitter.issuer") || members.has("ssf.transmitter.configuration_metadata_endpoint") {
        return Some(Role::Transmitter);
    }
    members.has("ssf").then_some(Role::Receiver)
}

/// Where a transmitter is has to be known, or the built-in one would be judged.
pub(super) fn complete(draft: &mut Draft, from: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = from.filter(|_| draft.role == Role::Transmitter) else { return Ok(()) };
    let issuer = draft.value("issuer").and_then(Value::as_str).unwrap_or_default();
    if Url::parse(issuer).is_ok_and(|url| url.has_host()) {
        return Ok(());
    }
    let advice = format!("setspec init transmitter ISSUER --from {}", file.display());
    let got = if issuer.is_empty() { "nothing".to_owned() } else { visible(issuer) };
    let message = format!("--from {}: expected the issuer of the transmitter, a URL, got {got}", file.display());
    Err(Failure::usage(message).with_advice(advice))
}

/// A client of OAuth, where one is used.
fn client(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    let Some(id) = members.text("client.client_id")? else { return Ok(()) };
    draft.set("client-id", id);
    if let Some(secret) = members.text("client.client_secret")? {
        draft.secret("client-secret", "client.client_secret", &secret);
    }
    Ok(())
}

/// A JSON object as a TOML value; TOML has no null.
fn table(object: &serde_json::Map<String, serde_json::Value>) -> Option<Value> {
    let pairs = object.iter().map(|(name, value)| Some((name.clone(), toml_value(value)?)));
    pairs.collect::<Option<Table>>().map(Value::Table)
}

fn toml_value(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::Object(object) => table(object),
        serde_json::Value::Array(values) => values.iter().map(toml_value).collect::<Option<Vec<_>>>().map(Value::Array),
        other => Value::try_from(other).ok(),
    }
}

#[cfg(test)]
mod tests;
