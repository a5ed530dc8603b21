//! What the integration tests share: the binary in a folder of its own, and targets that answer as they like.
#![allow(dead_code, reason = "each test target uses a part")]

pub mod junit;
pub mod live;
pub mod running;
pub mod target;
pub mod token;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use running::Running;
use serde_json::Value;
use tempfile::TempDir;

/// What would change what a command does or says.
const UNWANTED: [&str; 12] = [
    "SETSPEC_AUTHORIZATION_HEADER",
    "SETSPEC_TOKEN",
    "SETSPEC_CLIENT_SECRET",
    "SETSPEC_SECOND_TOKEN",
    "SETSPEC_SECOND_CLIENT_SECRET",
    "CLICOLOR_FORCE",
    "RUST_BACKTRACE",
    "COLUMNS",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "CI_PROJECT_DIR",
];

/// No command of these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder in which commands run.
pub struct Home {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, and the folders above it; gives its path.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(&path, text).expect("the file is written");
        path
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, |_| {})
    }

    /// The same, with more said about the command: environment or standard input.
    pub fn run_with(&self, args: &[&str], more: impl FnOnce(&mut assert_cmd::Command)) -> Ended {
        let mut command = assert_cmd::Command::from_std(self.command(args));
        command.timeout(PATIENCE);
        more(&mut command);
        let began = Instant::now();
        let output = command.output().expect("the binary starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the output is UTF-8");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            took: began.elapsed(),
        }
    }

    /// Starts the binary and leaves it running.
    pub fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, |_| {})
    }

    pub fn start_with(&self, args: &[&str], more: impl FnOnce(&mut Command)) -> Running {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        more(&mut command);
        Running::new(command.spawn().expect("the binary starts"))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_setspec"));
        command.args(args).current_dir(self.path());
        for name in UNWANTED {
            command.env_remove(name);
        }
        command
    }

    /// The record of the newest run.
    pub fn report(&self) -> Value {
        let path = self.path().join("reports/latest/report.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("report.json is JSON")
    }

    /// What a JUnit file says, after it has been checked.
    #[track_caller]
    pub fn junit(&self, name: &str) -> Vec<junit::Testcase> {
        let path = self.path().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        junit::testcases(&text)
    }

    /// Every file below the folder of reports, by name.
    pub fn written(&self) -> Vec<(String, Vec<u8>)> {
        let latest = self.path().join("reports/latest");
        let entries = fs::read_dir(&latest).unwrap_or_else(|error| panic!("{}: {error}", latest.display()));
        entries
            .map(|entry| {
                let entry = entry.expect("an entry");
                (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
            })
            .collect()
    }
}

impl Ended {
    /// Checks the exit code; everything that was printed is in the message otherwise.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that standard error says `text`.
    #[track_caller]
    pub fn expect_error(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "expected {text:?} in\n{}", self.stderr);
        self
    }

    /// Checks that standard output says `text`.
    #[track_caller]
    pub fn expect_output(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "expected {text:?} in\n{}", self.stdout);
        self
    }
}

/// The status of a requirement in a report.
pub fn status_of<'r>(report: &'r Value, id: &str) -> &'r str {
    let all = report["requirements"].as_array().expect("requirements");
    let found = all.iter().find(|requirement| requirement["id"] == id);
    found.and_then(|requirement| requirement["status"].as_str()).unwrap_or("absent")
}

/// The ids of the requirements with a status, in the order of the report.
pub fn with_status<'r>(report: &'r Value, status: &str) -> Vec<&'r str> {
    let all = report["requirements"].as_array().expect("requirements");
    all.iter()
        .filter(|requirement| requirement["status"] == status)
        .filter_map(|requirement| requirement["id"].as_str())
        .collect()
}
