//! The commands of the operator.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::{Commands, Told};
use crate::run::command::{self, Variables};
use crate::suite::model::case::Asked;

/// How long a receiver may take to leave once it is told to.
const LEAVING: Duration = Duration::from_secs(10);

/// A receiver that a command has started.
pub(crate) struct Started {
    child: Child,
    /// The end of what it says on its standard error.
    complained: Arc<Mutex<Vec<u8>>>,
    /// Reads that to its end.
    reader: JoinHandle<()>,
    /// When its end was seen.
    ended: Option<Instant>,
}

impl Commands {
    /// Starts the receiver. Of what it says, the last words are kept for the case that it fails.
    pub(crate) async fn start(&self, told: &Told) -> Result<Started, String> {
        let mut command = command::prepare(&self.start, &variables(told))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let program = &self.start[0];
        let mut child = command.spawn().map_err(|error| format!("`{program}` does not start: {error}"))?;
        let complained = Arc::default();
        let reader = tokio::spawn(command::keep_end(child.stderr.take(), Arc::clone(&complained)));
        Ok(Started { child, complained, reader, ended: None })
    }

    /// Runs the command that stops, and ends the one that started.
    pub(crate) async fn stop(&self, told: &Told, started: Option<Started>) {
        if !self.stop.is_empty() {
            // One that fails to stop is ended all the same.
            let _ = timeout(LEAVING, command::run(&self.stop, &variables(told), "")).await;
        }
        let Some(Started { mut child, .. }) = started else { return };
        if self.stop.is_empty() {
            ask_to_end(&child);
        }
        if timeout(LEAVING, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }

    /// Runs the command that asks, and reads what it prints.
    pub(crate) async fn ask(&self, told: &Told, what: Asked, arguments: &Value) -> Result<Value, String> {
        let mut variables = variables(told);
        variables.push(("SETSPEC_ASK", Some(what.name().to_owned())));
        variables.push(("SETSPEC_ARGUMENTS", Some(arguments.to_string())));
        let said = command::run(&self.ask, &variables, &arguments.to_string()).await?;
        if said.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        crate::set::json::parse(said.trim_ascii())
            .map(|parsed| parsed.value)
            .map_err(|error| format!("what the hook printed is no JSON: {error}"))
    }
}

impl Started {
    /// How it ended, if it did so with a failure.
    pub fn failure(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                let ended = *self.ended.get_or_insert_with(Instant::now);
                // Its last words may still be on their way.
                if !self.reader.is_finished() && ended.elapsed() < command::GRACE {
                    return None;
                }
                let complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
                let said = command::last_line(&complained).map_or(String::new(), |line| format!(": {line}"));
                Some(format!("the command that starts the receiver ended with {status}{said}"))
            }
            _ => None,
        }
    }
}

/// A receiver that ends in order deletes its stream.
fn ask_to_end(child: &Child) {
    #[cfg(unix)]
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // A process that is gone already needs no signal.
        let _ = rustix::process::Pid::from_raw(id)
            .map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
    }
    #[cfg(not(unix))]
    let _ = child;
}

fn variables(told: &Told) -> Variables {
    let client = told.client.as_ref();
    let authority = told.authority.as_ref().and_then(|authority| authority.file.as_ref());
    vec![
        ("SETSPEC_ISSUER", Some(told.issuer.clone())),
        ("SETSPEC_METADATA_URL", Some(told.metadata_url.clone())),
        ("SETSPEC_TOKEN", Some(told.token.expose_secret().to_owned())),
        ("SETSPEC_CLIENT_ID", client.map(|(id, _, _)| id.clone())),
        ("SETSPEC_CLIENT_SECRET", client.map(|(_, secret, _)| secret.expose_secret().to_owned())),
        ("SETSPEC_TOKEN_ENDPOINT", client.map(|(_, _, endpoint)| endpoint.clone())),
        ("SETSPEC_AUDIENCE", Some(told.audience.clone())),
        ("SETSPEC_CA", authority.map(|file| file.display().to_string())),
        ("SETSPEC_DELIVERY", Some(told.delivery.name().to_owned())),
    ]
}
