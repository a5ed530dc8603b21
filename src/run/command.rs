//! Commands of the operator.

use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// How much of the end of what a command prints is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// How long the output is waited for after the end: something that the command left behind may hold it open.
pub(crate) const GRACE: Duration = Duration::from_millis(200);

/// Variables of the environment; those without a value are taken out, because one of an outer run would be a lie.
pub(crate) type Variables = Vec<(&'static str, Option<String>)>;

/// The command of these words with these variables: no shell, and an end with us.
///
/// # Errors
/// If there are no words.
pub(crate) fn prepare(words: &[String], variables: &Variables) -> Result<Command, String> {
    let Some((program, arguments)) = words.split_first() else {
        return Err("the command of the hook has no words".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(command)
}

/// Runs it to its end; dropped before that, it is killed. Gives the end of its standard output.
///
/// # Errors
/// In words: it does not start, or how it ended and the last line that it said.
pub(crate) async fn run(words: &[String], variables: &Variables, input: &str) -> Result<Vec<u8>, String> {
    let mut command = prepare(words, variables)?;
    let program = &words[0];
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("`{program}` does not start: {error}"))?;
    let (stdin, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (said, complained) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<Vec<u8>>>::default());
    let status = {
        let mut talking = pin!(async {
            tokio::join!(tell(stdin, input), keep_end(output, said.clone()), keep_end(errors, complained.clone()));
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
    let kept = |text: &Mutex<Vec<u8>>| text.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (said, complained) = (kept(&said), kept(&complained));
    if status.success() {
        return Ok(said);
    }
    match last_line(&complained).or_else(|| last_line(&said)) {
        Some(line) => Err(format!("`{program}` ended with {status}: {line}")),
        None => Err(format!("`{program}` ended with {status} and said nothing")),
    }
}

async fn tell(stdin: Option<impl AsyncWriteExt + Unpin>, input: &str) {
    if let Some(mut stdin) = stdin {
        // A command that does not read its input is free to leave it.
        let _ = stdin.write_all(input.as_bytes()).await;
        let _ = stdin.shutdown().await;
    }
}

/// Reads to the end and keeps the last bytes.
pub(crate) async fn keep_end(from: Option<impl AsyncRead + Unpin>, kept: Arc<Mutex<Vec<u8>>>) {
    let Some(mut from) = from else { return };
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

/// A text of the hook for an error: its last line, of bounded length and without control characters.
pub(crate) fn last_line(text: &[u8]) -> Option<String> {
    const LONGEST: usize = 300;
    let text = String::from_utf8_lossy(text);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let visible = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    Some(visible.take(LONGEST).collect())
}
