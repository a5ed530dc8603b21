//! The start-up text of the mock transmitter: what it is called, and commands to copy.

use crate::peer::scim::ScimProvider;
use crate::peer::ssf::SsfTransmitter;

/// A receiver as the text tells of it.
pub(super) struct Guest {
    pub name: String,
    /// The token, where it was made here: one that was given is not repeated.
    pub token: Option<String>,
}

/// The lines, the ready line first.
pub(super) fn text(transmitter: &SsfTransmitter, provider: Option<&ScimProvider>, guests: &[Guest]) -> String {
    let issuer = transmitter.issuer();
    let mut lines = vec![
        format!("setspec mock transmitter is ready: {issuer}"),
        format!("  issuer          {issuer}"),
        format!("  configuration   {}", transmitter.metadata_url()),
        format!("  token endpoint  {}", transmitter.token_endpoint()),
    ];
    let mut shown = "$TOKEN";
    for guest in guests {
        let token = guest.token.as_deref().unwrap_or("the one that you gave");
        lines.push(format!("  receiver        {} (client id; its secret is the token)", guest.name));
        lines.push(format!("  token           {token}"));
        if let Some(token) = guest.token.as_deref() {
            shown = token;
        }
    }
    if let Some(control) = transmitter.control_url() {
        lines.push(format!("  control         {control}"));
    }
    if let Some(provider) = provider {
        lines.push(format!("  SCIM            {} (the token of a receiver is that of a client)", provider.base_url()));
    }
    let event = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    lines.push(String::new());
    lines.push("Make a stream that is polled:".to_owned());
    lines.push(format!("  curl -s {issuer}/ssf/streams -H \"Authorization: Bearer {shown}\" \\"));
    lines.push("    -H 'Content-Type: application/json' \\".to_owned());
    lines.push(format!("    -d '{{\"events_requested\":[\"{event}\"]}}'"));
    lines.push("Poll it, at the endpoint_url of the answer:".to_owned());
    lines.push(format!("  curl -s ENDPOINT_URL -H \"Authorization: Bearer {shown}\" \\"));
    lines.push("    -H 'Content-Type: application/json' -d '{\"returnImmediately\":true}'".to_owned());
    if let Some(control) = transmitter.control_url() {
        lines.push("Send an event:".to_owned());
        lines.push(format!("  setspec mock emit --control {control} --event caep/session-revoked \\"));
        lines.push("    --subject '{\"format\":\"email\",\"email\":\"user@example.com\"}'".to_owned());
    }
    if let Some(provider) = provider {
        lines.push("Create a user, which sends an event:".to_owned());
        lines.push(format!("  curl -s {}/Users -H \"Authorization: Bearer {shown}\" \\", provider.base_url()));
        lines.push("    -H 'Content-Type: application/scim+json' -d '{\"userName\":\"jdoe\"}'".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}
