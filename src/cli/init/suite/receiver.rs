//! A receiver, as the suite knows it: what it comes with, or where it is pushed to.

use super::client;
use super::members::Members;
use crate::cli::init::draft::Draft;

pub(super) fn take(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    let endpoint = members.text("ssf.transmitter.push_endpoint")?;
    if let Some(audience) = members.text("ssf.stream.audience")? {
        draft.set("audience", audience);
    }
    // The suite knows receivers that visit; one whose endpoint is named can be pushed to at once.
    let Some(endpoint) = endpoint else { return visiting(members, draft) };
    draft.set("url", endpoint);
    if let Some(credential) = members.text("ssf.transmitter.push_endpoint_authorization_header")? {
        draft.secret("authorization-header", "ssf.transmitter.push_endpoint_authorization_header", &credential);
    }
    Ok(())
}

fn visiting(members: &mut Members, draft: &mut Draft) -> Result<(), String> {
    draft.set("visiting", true);
    draft.set("listen", "127.0.0.1:8936");
    draft.notes.push("listen: an address where the receiver finds us; public-url names it from outside.".to_owned());
    if let Some(mode) = members.variant("ssf_delivery_mode").filter(|mode| mode == "push" || mode == "poll") {
        draft.set("delivery", mode);
    }
    if members.has("ssf.transmitter.push_endpoint_authorization_header") {
        let note = "ssf.transmitter.push_endpoint_authorization_header: the receiver names the credential when it creates its stream.";
        draft.notes.push(note.to_owned());
    }
    let token = match members.variant("ssf_auth_mode").as_deref() {
        Some("dynamic") => None,
        _ => members.text("ssf.transmitter.access_token")?,
    };
    match token {
        Some(token) => draft.secret("token", "ssf.transmitter.access_token", &token),
        // Our token endpoint knows secrets alone.
        None if members.has("client.client_secret") => client(members, draft)?,
        None => {}
    }
    Ok(())
}
