//! What the operator needs to know to send a receiver to us.

use crate::cli::console::print;
use crate::run::visiting::VisitingRun;

/// Issuer, metadata, credential and audience. A secret that was given is not repeated.
pub(super) fn say(run: &VisitingRun, token: Option<&str>, client: Option<&str>, audience: &str) {
    let token = token.unwrap_or("the one that you gave");
    let mut lines = vec![
        format!("setspec run receiver is ready: {}", run.issuer()),
        format!("  issuer          {}", run.issuer()),
        format!("  configuration   {}", run.metadata_url()),
        format!("  token           {token}"),
    ];
    if let Some(client) = client {
        lines.push(format!("  token endpoint  {}", run.token_endpoint()));
        lines.push(format!("  client id       {client} (the secret is the one that you gave)"));
    }
    lines.push(format!("  audience        {audience}"));
    lines.push(String::new());
    print(&lines.join("\n"));
}
