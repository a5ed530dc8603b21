//! Secrets that were given: into a file of their own, or into the environment by the operator.

use std::fs;
use std::io::Write;
use std::path::Path;

use secrecy::ExposeSecret;

use super::draft::Draft;
use crate::cli::console::{Failure, line};

/// Writes the secrets to `file`, or says which variables they belong into.
pub(super) fn deliver(draft: &Draft, file: Option<&Path>) -> Result<(), Failure> {
    if draft.secrets.is_empty() {
        return Ok(());
    }
    let Some(file) = file else {
        line("The secrets stand in the environment; export them before a run:");
        for secret in &draft.secrets {
            line(&format!("  export {}=...   # {}", secret.variable, secret.from));
        }
        return Ok(());
    };
    let lines: String = draft
        .secrets
        .iter()
        .map(|secret| format!("{}='{}'\n", secret.variable, secret.value.expose_secret().replace('\'', "'\\''")))
        .collect();
    write_private(file, &lines)?;
    line(&format!("{} holds the secrets, for you alone: `set -a; . {}; set +a`", file.display(), sourced(file)));
    ignore(file)
}

/// A shell looks for a bare name elsewhere.
fn sourced(file: &Path) -> String {
    if file.components().count() == 1 { format!("./{}", file.display()) } else { file.display().to_string() }
}

/// Writes a file that nobody else can read.
fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: cannot be written: {error}", file.display()));
    // One that is there may be open to others, and stays so when it is written to.
    if file.exists() {
        fs::remove_file(file).map_err(wrong)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).and_then(|mut out| out.write_all(text.as_bytes())).map_err(wrong)
}

/// Has git ignore the file.
fn ignore(file: &Path) -> Result<(), Failure> {
    let Some(name) = file.file_name().map(|name| format!("/{}", name.to_string_lossy())) else { return Ok(()) };
    let list = file.with_file_name(".gitignore");
    let known = fs::read_to_string(&list).unwrap_or_default();
    if known.lines().any(|line| line.trim() == name || line.trim() == name.trim_start_matches('/')) {
        return Ok(());
    }
    let end = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    fs::write(&list, format!("{known}{end}{name}\n"))
        .map_err(|error| Failure::usage(format!("{}: cannot be written: {error}", list.display())))?;
    line(&format!("{} has git ignore it.", list.display()));
    Ok(())
}
