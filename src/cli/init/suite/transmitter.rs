//! A transmitter, as the suite knows it: where it is, and the credential of its receiver.

use toml::Value;
use url::Url;

use super::members::Members;
use super::{client, table};
use crate::cli::init::draft::Draft;

/// Where metadata are (SSF 1.0, 7.2.1).
const WELL_KNOWN: &str = "/.well-known/ssf-configuration";

/// The file for the private key of the client.
const CLIENT_KEY: &str = "client-key.json";

pub(super) fn take(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    place(members, draft)?;
    credential(members, draft)?;
    if let Some(mode) = members.variant("ssf_delivery_mode").filter(|mode| mode == "push" || mode == "poll") {
        draft.set("delivery", mode);
    }
    if let Some(subject) = members.object("ssf.subjects.valid").as_ref().and_then(table) {
        draft.set("trigger.subjects", Value::Array(vec![subject]));
    }
    if members.has("server.discoveryUrl") {
        let note = "server.discoveryUrl: tokens are had where the issuer says; where another server issues them, set \
                    token-endpoint to the one that its metadata name.";
        draft.notes.push(note.to_owned());
    }
    if members.has("ssf.transmitter.push_endpoint_authorization_header") {
        let note =
            "ssf.transmitter.push_endpoint_authorization_header: each stream is created with a credential of its own.";
        draft.notes.push(note.to_owned());
    }
    Ok(())
}

/// The issuer, and its metadata where they are not at the usual place.
fn place(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    let issuer = members.text("ssf.transmitter.issuer")?;
    let named = members.text("ssf.transmitter.configuration_metadata_endpoint")?;
    let suffix = members.text("ssf.transmitter.metadata_suffix")?;
    let usual = issuer.as_deref().and_then(well_known);
    let metadata = named.clone().or_else(|| usual.clone().filter(|_| suffix.is_some())).map(|url| match &suffix {
        Some(suffix) => format!("{url}/{}", suffix.trim_start_matches('/')),
        None => url,
    });
    let issuer = issuer.or_else(|| named.as_deref().and_then(issuer_of));
    if let Some(issuer) = issuer {
        draft.set("issuer", issuer);
    }
    if let Some(url) = metadata.filter(|url| usual.as_ref() != Some(url)) {
        draft.set("metadata-url", url);
    }
    Ok(())
}

/// A token, or a client of OAuth: what the plan says, or else what is there.
fn credential(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    let token = match members.variant("ssf_auth_mode").as_deref() {
        Some("dynamic") => None,
        _ => members.text("ssf.transmitter.access_token")?,
    };
    if let Some(token) = token {
        draft.secret("token", "ssf.transmitter.access_token", &token);
        return Ok(());
    }
    client(members, draft)?;
    if draft.value("client-id").is_none() {
        return Ok(());
    }
    match members.variant("client_auth_type").as_deref() {
        Some("client_secret_post") => draft.set("client-auth", "post"),
        Some("private_key_jwt") => draft.set("client-auth", "private-key-jwt"),
        _ => {}
    }
    if draft.value("client-secret").is_none() && members.has("client.jwks") {
        draft.set("client-key", CLIENT_KEY);
        draft
            .notes
            .push(format!("client.jwks: put its first key, a JWK, into {CLIENT_KEY}, which nobody else may read."));
    }
    if let Some(scope) = members.text("client.scope")? {
        draft.set("scope", scope);
    }
    if let Some(endpoint) = members.text("server.token_endpoint")? {
        draft.set("token-endpoint", endpoint);
    }
    Ok(())
}

/// Where the metadata of an issuer are: the well-known path goes between host and path.
fn well_known(issuer: &str) -> Option<String> {
    let mut url = Url::parse(issuer).ok().filter(Url::has_host)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{WELL_KNOWN}{path}"));
    Some(url.to_string())
}

/// The way back.
fn issuer_of(metadata: &str) -> Option<String> {
    let mut url = Url::parse(metadata).ok().filter(Url::has_host)?;
    let path = url.path().strip_prefix(WELL_KNOWN)?.to_owned();
    url.set_path(&path);
    let text = url.to_string();
    Some(if path.is_empty() { text.trim_end_matches('/').to_owned() } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_place_goes_both_ways() {
        for (issuer, metadata) in [
            ("https://tx.example", "https://tx.example/.well-known/ssf-configuration"),
            ("https://tx.example/a/b", "https://tx.example/.well-known/ssf-configuration/a/b"),
        ] {
            assert_eq!(well_known(issuer).as_deref(), Some(metadata));
            assert_eq!(issuer_of(metadata).as_deref(), Some(issuer));
        }
        assert_eq!(issuer_of("https://tx.example/metadata.json"), None);
        assert_eq!(well_known("{BASEURL}"), None);
    }
}
