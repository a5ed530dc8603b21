//! `examples/ci`: its workflow, acted out.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::Home;
use crate::support::running::Running;

/// The ports that the example names.
const PORTS: [&str; 2] = ["8935", "8936"];

/// A copy of the repository in which other ports stand, and the binary on the path.
struct Repository {
    home: Home,
    ports: [String; 2],
}

impl Repository {
    fn new() -> Self {
        let home = Home::new();
        let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a port"));
        let ports = listeners.each_ref().map(|listener| listener.local_addr().expect("an address").port().to_string());
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci"), &home.path().join("repository"), &ports);
        fs::create_dir(home.path().join("bin")).expect("a folder");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_setspec"), home.path().join("bin/setspec")).expect("a link");
        Self { home, ports }
    }

    /// A command in the repository, with the environment of a workflow.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let folder = self.home.path().join("repository");
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new(program);
        command.args(args).current_dir(&folder);
        command.env("PATH", format!("{}:{path}", self.home.path().join("bin").display()));
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", &folder);
        command.env("GITHUB_STEP_SUMMARY", self.home.path().join("summary.md"));
        command
    }

    /// Starts what the step `service` starts, and waits until it answers.
    fn service(&self, faults: Option<&str>) -> Running {
        assert!(self.step("service").contains("./service "), "the step starts the service");
        let mut command = self.command("sh", &["./service"]);
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        faults.map(|faults| command.env("FAULTS", faults));
        let mut service = Running::new(command.spawn().expect("the service starts"));
        assert!(service.line_with("ready").contains(&self.ports[0]));
        service
    }

    /// The script of a step of the workflow.
    fn step(&self, id: &str) -> String {
        let path = self.home.path().join("repository/.github/workflows/conformance.yml");
        let workflow: Value = serde_saphyr::from_str(&fs::read_to_string(path).expect("the workflow")).expect("YAML");
        let steps = workflow["jobs"]["conformance"]["steps"].as_array().expect("steps").clone();
        let step = steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id}"));
        step["run"].as_str().expect("a script").to_owned()
    }

    /// Runs the step `judge` as a runner does; gives its exit code and what it says.
    fn judge(&self) -> (Option<i32>, String) {
        let script = self.step("judge");
        let output = self.command("bash", &["-e", "-o", "pipefail", "-c", &script]).output().expect("bash");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), said)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join("repository").join(name)).expect(name)
    }
}

fn copy(from: &Path, to: &Path, ports: &[String; 2]) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target, ports);
            continue;
        }
        let mut text = fs::read_to_string(&path).expect("text");
        for (named, port) in PORTS.iter().zip(ports) {
            text = text.replace(&format!("127.0.0.1:{named}"), &format!("127.0.0.1:{port}"));
        }
        fs::write(target, text).expect("a file");
    }
}

const KNOWN: &str = "--mutant rfc8935/2.2/acknowledges-with-a-body";
const NEW: &str = "--mutant rfc8935/2.2/acknowledges-with-a-body --mutant rfc8935/2/checks-no-audience";

#[test]
fn the_workflow_passes_with_its_baseline() {
    let repository = Repository::new();
    let _service = repository.service(None);
    let (code, said) = repository.judge();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("KNOWN  rfc8935/2.2/empty-body"), "{said}");
    assert!(!said.contains("\n::error "), "{said}");
    let cases = crate::support::junit::testcases(&repository.read("junit.xml"));
    let skipped = cases.iter().find(|case| case.name.starts_with("rfc8935/2.2/empty-body")).expect("the known one");
    assert_eq!(skipped.outcome.as_ref().map(|(kind, _)| kind.as_str()), Some("skipped"));
    assert!(repository.read("summary.md").contains("Known violations: 1"));
    let log: Value = serde_json::from_str(&repository.read("setspec.sarif")).expect("SARIF");
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["status"], "accepted");
}

#[test]
fn the_workflow_fails_on_a_new_violation_until_it_is_known() {
    let repository = Repository::new();
    let _service = repository.service(Some(NEW));
    let (code, said) = repository.judge();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("::error title=setspec%3A rfc8935/2/audience violated,file=setspec.toml,line=4::"), "{said}");
    // The entry that was printed makes it known.
    let printed = said.split_once("[[known]]").expect("an entry").1.split_once("\n          ").expect("the table").0;
    let baseline = repository.read("baseline.toml");
    let path = repository.home.path().join("repository/baseline.toml");
    fs::write(path, format!("{baseline}\n[[known]]{printed}")).expect("written");
    let (code, said) = repository.judge();
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_workflow_fails_on_a_stale_entry_until_it_is_removed() {
    let repository = Repository::new();
    let _service = repository.service(Some(""));
    let (code, said) = repository.judge();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("STALE  rfc8935/2.2/empty-body"), "{said}");
    assert!(
        said.contains("::error title=setspec%3A stale entry of the baseline,file=baseline.toml,line=6::"),
        "{said}"
    );
    let update = repository.command("setspec", &["baseline", "update"]).output().expect("it runs");
    assert!(update.status.success());
    let (code, said) = repository.judge();
    assert_eq!(code, Some(0), "{said}");
}

/// What the example says of itself is what the mutants break.
#[test]
fn the_fault_of_the_example_is_the_one_that_its_baseline_knows() {
    let service =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/service")).expect("service");
    assert!(service.contains(&format!("${{FAULTS-{KNOWN}}}")), "{service}");
}
