//! The hook as a command of the operator.

use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Ask, CommandHook, last_line};

/// How much of the end of what a command prints is kept, in bytes.
const KEPT: usize = 4096;

/// How long the output is waited for after the end: something that the command left behind may hold it open.
const GRACE: Duration = Duration::from_millis(200);

/// Members of the ask, and the variables that hold them.
const VARIABLES: [(&str, &str); 7] = [
    ("ask", "SETSPEC_ASK"),
    ("issuer", "SETSPEC_ISSUER"),
    ("event", "SETSPEC_EVENT"),
    ("subject", "SETSPEC_SUBJECT"),
    ("payload", "SETSPEC_PAYLOAD"),
    ("stream_id", "SETSPEC_STREAM_ID"),
    ("status", "SETSPEC_STATUS"),
];

/// Runs it to its end, without a shell; dropped before that, it is killed.
pub(super) async fn run(hook: &CommandHook, ask: &Ask, issuer: &str) -> Result<(), String> {
    let Some((program, arguments)) = hook.words.split_first() else {
        return Err("the command of the hook has no words".to_owned());
    };
    let ask = ask.value(issuer);
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for (member, variable) in VARIABLES {
        match ask.get(member) {
            Some(Value::String(text)) => command.env(variable, text),
            Some(value) => command.env(variable, value.to_string()),
            // One of an outer run would be a lie.
            None => command.env_remove(variable),
        };
    }
    let mut child = command.spawn().map_err(|error| format!("`{program}` does not start: {error}"))?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let status = {
        let mut talking = pin!(async {
            tokio::join!(tell(input, &ask), keep_end(output, &mut said), keep_end(errors, &mut complained));
        });
        // A full pipe would stop the command, so it is read while the end is waited for.
        tokio::select! {
            status = child.wait() => {
                let _ = timeout(GRACE, talking).await;
                status
            }
            () = &mut talking => child.wait().await,
        }
    };
    let status = status.map_err(|error| format!("`{program}` was lost: {error}"))?;
    if status.success() {
        return Ok(());
    }
    match last_line(&complained).or_else(|| last_line(&said)) {
        Some(line) => Err(format!("`{program}` ended with {status}: {line}")),
        None => Err(format!("`{program}` ended with {status} and said nothing")),
    }
}

async fn tell(input: Option<impl AsyncWriteExt + Unpin>, ask: &Value) {
    if let Some(mut input) = input {
        // A command that does not read its input is free to leave it.
        let _ = input.write_all(ask.to_string().as_bytes()).await;
        let _ = input.shutdown().await;
    }
}

/// Reads to the end and keeps the last bytes.
async fn keep_end(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut buffer = [0; KEPT];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}
