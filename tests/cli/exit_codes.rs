//! Every exit code of DESIGN section 5, and the report that is left.

use std::fs;
use std::net::TcpListener;

use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::snapshot;
use crate::support::target::{acknowledge, serve, stay_mute};
use crate::support::token::{AUDIENCE, ISSUER, jwks, key};
use crate::support::{Home, with_status};

/// With `--junit` there is a file on every exit code. Where no run began, it holds one testcase that says why.
#[track_caller]
fn no_run(home: &Home, kind: &str, says: &str) {
    let cases = home.junit("junit.xml");
    assert_eq!(cases.len(), 1, "{cases:?}");
    let (outcome, message) = cases[0].outcome.as_ref().expect("an error");
    assert_eq!((cases[0].name.as_str(), outcome.as_str()), ("run", "error"));
    assert!(message.contains(says), "expected {says:?} in {message:?}");
    let text = fs::read_to_string(home.path().join("junit.xml")).expect("junit.xml");
    assert!(text.contains(&format!("type=\"{kind}\"")), "{text}");
    fs::remove_file(home.path().join("junit.xml")).expect("it was there");
}

/// How many testcases have passed, and how many ended with each child element.
#[track_caller]
fn ended(home: &Home, name: &str) -> [usize; 4] {
    let cases = home.junit(name);
    let of = |kind: &str| {
        cases.iter().filter(|case| case.outcome.as_ref().is_some_and(|(outcome, _)| outcome == kind)).count()
    };
    let (failures, errors, skipped) = (of("failure"), of("error"), of("skipped"));
    [cases.len() - failures - errors - skipped, failures, errors, skipped]
}

/// A URL at which nothing listens.
fn deserted() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    format!("http://{}/events", listener.local_addr().expect("an address"))
}

#[test]
fn code_0_the_built_in_receiver_is_conformant() {
    let home = Home::new();
    let run = home.run(&["run", "receiver", "--junit", "junit.xml"]).expect_code(0);
    snapshot("run_receiver", &run.stdout);
    assert_eq!(run.stderr, "");
    let [passed, failures, errors, _] = ended(&home, "junit.xml");
    assert!(passed > 20 && failures == 0 && errors == 0);
    let report = home.report();
    assert_eq!(report["verdict"], "conformant");
    assert_eq!(report["format"], "setspec-report/1");
    let mut names: Vec<String> = home.written().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["junit.xml", "report.html", "report.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_1_a_server_that_takes_everything_is_nonconformant() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(202)).mount(&server).await;
    let home = Home::new();
    let url = format!("{}/events", server.uri());
    let ended = tokio::task::spawn_blocking(move || {
        let run = home.run(&["run", "receiver", &url, "--alg", "ES256", "--junit", "junit.xml"]).expect_code(1);
        let report = home.report();
        assert_eq!(report["verdict"], "nonconformant");
        let violated = with_status(&report, "violated");
        for id in ["rfc8935/2/authentic", "rfc8935/2/audience", "rfc8935/2/parse"] {
            assert!(violated.contains(&id), "{violated:?}");
        }
        let [_, failures, ..] = ended(&home, "junit.xml");
        assert_eq!(failures, violated.len());
        run
    });
    ended.await.expect("the run").expect_output("NONCONFORMANT");
}

#[test]
fn code_2_the_command_line_is_wrong() {
    let home = Home::new();
    for (args, says) in [
        (&["run", "receiver", "--onyl", "x"][..], "a similar argument exists: '--only'"),
        (&["run", "reciever"], "receiver"),
        (&["run", "receiver", "no-url"], "no-url"),
        (&["run", "receiver", "ftp://127.0.0.1/"], "expected an http or https URL"),
        (&["run", "receiver", "--profile", "push-reciever", "--alg", "ES256"], "there is no profile `push-reciever`"),
        (&["run", "receiver", "--profile", "set", "--alg", "ES256"], "not for a receiver"),
        (&["run", "receiver", "--timeout", "0", "--alg", "ES256"], "--timeout: expected seconds"),
        (&["run", "receiver", "--config", "absent.toml"], "absent.toml"),
        (&["run", "receiver", "--authorization-header", "@absent"], "absent"),
        (&["run", "receiver", "--key", "absent.pem"], "--key absent.pem"),
        (&["run", "receiver", "--alg", "ES256", "--ca", "absent.pem"], "--ca absent.pem"),
        (&["run", "receiver", "--suites", "absent"], "absent"),
        (&["explain", "rfc8935/2.2/status-203"], "did you mean `rfc8935/2.2/status-202`?"),
        (&["check", "--profile", "push-receiver", "-"], "is for a receiver, not for tokens"),
        (&["check", "absent.jwt"], "absent.jwt: cannot be read"),
    ] {
        if args[0] == "run" {
            home.run(&[args, &["--junit", "junit.xml"]].concat()).expect_code(2).expect_error(says);
            no_run(&home, "configuration", "");
        }
        let ended = home.run(args).expect_code(2).expect_error(says);
        assert!(!home.path().join("reports/latest").exists(), "{args:?} left a report: {}", ended.stderr);
    }
}

#[test]
fn code_2_an_unknown_mutant_has_a_neighbour() {
    let home = Home::new();
    for (mutant, says) in [
        ("rfc8935/2.2/acknowledges-with-201", "did you mean `rfc8935/2.2/acknowledges-with-20"),
        ("acknowledges-with-a-bdy", "did you mean `acknowledges-with-a-body`?"),
        ("rfc8417/2.2/no-iss", "rfc8417/2.2/no-iss is one of a transmitter"),
        ("no-iss", "`no-iss` is not unique"),
        ("photosynthesis", "there is no `photosynthesis`"),
    ] {
        home.run(&["mock", "receiver", "--mutant", mutant]).expect_code(2).expect_error(says);
    }
}

#[test]
fn code_3_nobody_listens() {
    let home = Home::new();
    let run = home.run(&["run", "receiver", &deserted(), "--alg", "ES256", "--junit", "junit.xml"]).expect_code(3);
    let [_, failures, errors, _] = ended(&home, "junit.xml");
    assert!(failures == 0 && errors > 2);
    run.expect_output("FAILED  connection").expect_output("Is the receiver running").expect_output("INCONCLUSIVE");
    let report = home.report();
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(with_status(&report, "violated"), [""; 0]);
}

#[test]
fn code_3_a_receiver_that_trusts_somebody_else_gets_advice() {
    let home = Home::new();
    home.write("jwks.json", jwks(&key()));
    let mut mock =
        home.start(&["mock", "receiver", "--listen", "127.0.0.1:0", "--issuer", ISSUER, "--jwks", "jwks.json"]);
    let url = mock.line_with("ready").rsplit(' ').next().expect("a URL").to_owned();
    let ended = home.run(&["run", "receiver", &url]).expect_code(3);
    snapshot("preflight_advice", &ended.stdout);
    let report = home.report();
    assert_eq!(with_status(&report, "violated"), [""; 0]);
    assert_eq!(with_status(&report, "warned"), [""; 0]);
}

#[test]
fn code_3_the_credential_is_wrong() {
    let home = Home::new();
    home.write("jwks.json", jwks(&key()));
    let mut mock = home.start(&[
        "mock",
        "receiver",
        "--listen",
        "127.0.0.1:0",
        "--jwks",
        "jwks.json",
        "--audience",
        AUDIENCE,
        "--authorization-header",
        "Bearer right-credential",
    ]);
    let url = mock.line_with("ready").rsplit(' ').next().expect("a URL").to_owned();
    home.run(&["run", "receiver", &url, "--alg", "ES256"])
        .expect_code(3)
        .expect_output("The receiver wants a credential; give it with --authorization-header.");
    home.run(&["run", "receiver", &url, "--alg", "ES256", "--authorization-header", "Bearer wrong-credential"])
        .expect_code(3)
        .expect_output("The credential of --authorization-header was refused; check it.");
}

#[test]
fn code_4_the_selection_matches_nothing() {
    let home = Home::new();
    home.run(&["run", "receiver", "--alg", "ES256", "--only", "nothing-like-this", "--junit", "junit.xml"])
        .expect_code(4)
        .expect_error("matches no requirement");
    no_run(&home, "nothing selected", "matches no requirement");
    home.run(&["list", "cases", "nothing-like-this"]).expect_code(4);
    home.run(&["selftest", "--only", "nothing-like-this"]).expect_code(4);
    home.run_with(&["check"], |command| {
        command.write_stdin("");
    })
    .expect_code(4)
    .expect_error("there is no token in the input");
}

#[test]
fn code_5_the_report_cannot_be_written() {
    let home = Home::new();
    home.write("taken", "a file where the folder should be");
    home.run(&["run", "receiver", "--alg", "ES256", "--reports", "taken", "--junit", "junit.xml"])
        .expect_code(5)
        .expect_error("taken")
        .expect_error("--reports DIR writes them elsewhere");
    no_run(&home, "internal", "taken");
    // A fault that shows only when everything has been judged.
    home.run(&["run", "receiver", "--junit", "taken/junit.xml", "--alg", "ES256", "--only", "rfc8935/2.2"])
        .expect_code(5)
        .expect_error("taken");
    assert_eq!(home.report()["verdict"], "conformant");
    assert_eq!(ended(&home, "reports/latest/junit.xml")[1..3], [0, 0]);
    // Where a report is missing and JUnit can be written, it says so.
    let only = ["--only", "rfc8935/2.2", "--sarif", "taken/x", "--junit", "junit.xml"];
    home.run(&[&["run", "receiver", "--alg", "ES256"][..], &only].concat()).expect_code(5).expect_error("taken");
    let errors: Vec<String> =
        home.junit("junit.xml").into_iter().filter_map(|case| case.outcome).map(|(_, message)| message).collect();
    assert!(errors.iter().any(|message| message.contains("taken")), "{errors:?}");
}

/// A file of yesterday is not read as that of today, also if only the configuration names it, and is at fault itself.
#[test]
fn junit_of_the_configuration_is_written_too() {
    let home = Home::new();
    for (text, says) in [
        ("junit = \"junit.xml\"\njobs = \"many\"\n", "setspec.toml:2:8"),
        ("junit = \"junit.xml\"\nurl = \"ftp://127.0.0.1/\"\n", "expected an http or https URL"),
        ("junit = \"junit.xml\"\nbaseline = \"absent.toml\"\nalg = \"ES256\"\n", "absent.toml: there is no such file"),
    ] {
        home.write("setspec.toml", text);
        home.run(&["run", "receiver"]).expect_code(2).expect_error(says);
        no_run(&home, "configuration", says);
    }
}

#[test]
fn code_130_an_interrupted_run_leaves_its_report() {
    for signal in ["INT", "TERM"] {
        // Takes the good SETs of the preflight and of the first case, and then says nothing any more.
        let target = serve(|asked, stream| if asked.number <= 2 { acknowledge(stream) } else { stay_mute(stream) });
        let home = Home::new();
        let args = ["run", "receiver", &target.url, "--alg", "ES256", "--jobs", "1", "--timeout", "60"];
        let run = home.start(&[&args[..], &["--junit", "junit.xml"]].concat());
        target.wait_for(3);
        run.signal(signal);
        let (code, said) = run.end();
        assert_eq!(code, Some(130), "{said}");
        assert!(said.contains("report: "), "{said}");
        let report = home.report();
        assert_eq!(report["run"]["interrupted"], true);
        assert_eq!(report["verdict"], "inconclusive");
        let junit = fs::read_to_string(home.path().join("reports/latest/junit.xml")).expect("junit.xml");
        assert!(junit.contains("<testcase"), "{junit}");
        let [_, failures, errors, _] = ended(&home, "junit.xml");
        assert!(failures == 0 && errors > 0, "{junit}");
    }
}
