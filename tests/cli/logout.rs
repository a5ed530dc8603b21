//! `setspec run rp`, `run op`, `mock rp` and `mock op`: OpenID Connect Back-Channel Logout.

use std::net::{SocketAddr, TcpListener};

use crate::support::running::Running;
use crate::support::target::{respond, serve, stay_mute};
use crate::support::{Home, status_of, with_status};

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a port")
}

#[test]
fn the_built_in_parties_are_conformant() {
    for role in ["rp", "op"] {
        let home = Home::new();
        home.run(&["run", role, "--alg", "ES256"][..if role == "rp" { 4 } else { 2 }]).expect_code(0);
        let report = home.report();
        assert_eq!(report["target"]["role"], role);
        assert_eq!(report["verdict"], "conformant");
        assert!(with_status(&report, "violated").is_empty() && with_status(&report, "warned").is_empty());
        if role == "op" {
            // Cases that see that nothing comes do so side by side.
            assert!(report["run"]["duration_ms"].as_f64().expect("a number") < 6_000.0, "{}", report["run"]);
        }
    }
}

#[test]
fn a_mock_provider_is_judged_like_any_other() {
    let home = Home::new();
    let (provider, party) = (free().to_string(), free().to_string());
    let logout = format!("http://{party}/backchannel-logout?via=setspec");
    let mut mock = home.start(&[
        "mock",
        "op",
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--logout",
        &logout,
        "--client-secret",
        "hunter22-and-more",
        "--mutant",
        "never-expires",
    ]);
    mock.line_with("setspec mock op is ready: http://127.0.0.1:");
    let issuer = format!("http://{provider}");
    let ended = home.run(&[
        "run",
        "op",
        &issuer,
        "--listen",
        &party,
        "--client-id",
        "setspec-client",
        "--client-secret",
        "hunter22-and-more",
    ]);
    ended.expect_code(1).expect_output("backchannel-logout/2.4/exp");
    mock.signal("TERM");
    let (code, said) = mock.end();
    assert_eq!(code, Some(0), "{said}");
    let report = home.report();
    assert_eq!(status_of(&report, "backchannel-logout/2.4/exp"), "violated");
    assert_eq!(with_status(&report, "violated").len(), 1);
    for (name, written) in home.written() {
        let text = String::from_utf8_lossy(&written).into_owned();
        assert!(!text.contains("hunter22"), "the client secret is in {name}");
        assert!(!text.contains("id_token_hint=ey"), "an ID Token is in {name}");
    }
}

#[test]
fn our_relying_party_registers_itself_and_ends_its_registration() {
    let home = Home::new();
    let provider = free().to_string();
    let mut mock = home.start(&["mock", "op", "--listen", &provider, "--alg", "ES256"]);
    mock.line_with("setspec mock op is ready: http://127.0.0.1:");
    home.run(&["run", "op", &format!("http://{provider}")]).expect_code(0).expect_output("ok      registration");
    mock.line_with("POST /register -> 201");
    let ended = mock.line_with("DELETE /register/");
    assert!(ended.ends_with("-> 204"), "{ended}");
}

#[test]
fn a_mock_relying_party_that_starts_later_is_waited_for() {
    let home = Home::new();
    let (provider, party) = (free().to_string(), free().to_string());
    let login = format!("http://{party}/login");
    let logout = format!("http://{party}/backchannel-logout");
    let mut run = home.start(&[
        "run",
        "rp",
        "--login",
        &login,
        "--logout",
        &logout,
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--wait",
        "30",
        "--only",
        "2.6/nonce",
    ]);
    run.line_with("setspec run rp is ready: http://127.0.0.1:");
    let issuer = format!("http://{provider}");
    let mut mock = home.start(&[
        "mock",
        "rp",
        "--issuer",
        &issuer,
        "--listen",
        &party,
        "--alg",
        "ES256",
        "--mutant",
        "takes-a-nonce",
    ]);
    mock.line_with("setspec mock rp is ready: http://127.0.0.1:");
    mock.line_with("POST /backchannel-logout -> 200");
    let (code, said) = run.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("backchannel-logout/2.6/nonce"), "{said}");
    for (name, written) in home.written() {
        let text = String::from_utf8_lossy(&written).into_owned();
        assert!(!text.contains("setspec_rp="), "a cookie is in {name}");
    }
}

/// Judges a relying party of which nothing can be concluded; gives what was said.
fn inconclusive(login: &str) -> String {
    let home = Home::new();
    let logout = login.replace("/events", "/logout");
    let args = ["run", "rp", "--login", login, "--logout", &logout, "--alg", "ES256", "--timeout", "1"];
    let ended = home.run(&args).expect_code(3);
    assert_eq!(home.report()["verdict"], "inconclusive");
    ended.stdout
}

#[test]
fn a_relying_party_that_redirects_without_end() {
    let target = serve(|asked, stream| {
        let to = format!("/events?turn={}", asked.number);
        respond(stream, "302 Found", &[("Location", &to), ("Set-Cookie", "turn=again; Path=/")], b"")
    });
    let said = inconclusive(&target.url);
    assert!(said.contains("more than 20 redirects in a row"), "{said}");
}

#[test]
fn a_relying_party_that_never_sends_anybody_to_us() {
    let target = serve(|_, stream| respond(stream, "200 OK", &[], b"<p>Welcome</p>"));
    let said = inconclusive(&target.url);
    assert!(said.contains("never came to our authorization endpoint"), "{said}");
}

#[test]
fn a_relying_party_with_a_page_without_end() {
    let target = serve(|_, stream| respond(stream, "200 OK", &[], &vec![b'x'; 8 * 1024 * 1024]));
    inconclusive(&target.url);
}

#[test]
fn a_relying_party_that_says_nothing() {
    let target = serve(|_, stream| stay_mute(stream));
    inconclusive(&target.url);
}

#[test]
fn a_relying_party_that_sends_browsers_nowhere() {
    for to in ["", "http://", "javascript:alert(1)", "mailto:x@example.com", "//[::"] {
        let to = to.to_owned();
        let target = serve(move |_, stream| respond(stream, "302 Found", &[("Location", &to)], b""));
        inconclusive(&target.url);
    }
}

#[test]
fn options_that_say_too_little_are_refused() {
    let home = Home::new();
    home.run(&["run", "rp", "--login", "http://127.0.0.1:1/"]).expect_code(2);
    home.write("setspec.toml", "role = \"rp\"\nlogin = \"http://127.0.0.1:1/\"\n");
    home.run(&["run", "rp"]).expect_code(2).expect_error("--login and --logout");
    home.run(&["run", "op"]).expect_code(2).expect_error("the configuration file is for a relying party");
    home.write("setspec.toml", "login = \"http://127.0.0.1:1/\"\n");
    home.run(&["run", "receiver"]).expect_code(2).expect_error("`login` is for a relying party");
}

/// The configuration that goes through the pages of our provider.
const FORMS: &str = r#"
role = "op"
client-id = "setspec-client"

[[op.login]]
page = "/authorize"
fields = { user = "alice", password = { env = "OP_PASSWORD" } }
"#;

#[test]
fn pages_of_a_provider_take_the_form_steps_of_the_configuration() {
    let home = Home::new();
    let (provider, party) = (free().to_string(), free().to_string());
    let logout = format!("http://{party}/backchannel-logout?via=setspec");
    let mut mock = home.start(&[
        "mock",
        "op",
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--logout",
        &logout,
        "--variation",
        "shows-a-login-page",
        "--variation",
        "asks-before-it-logs-out",
    ]);
    mock.line_with("setspec mock op is ready: http://127.0.0.1:");
    let issuer = format!("http://{provider}");
    let args =
        ["run", "op", &issuer, "--listen", &party, "--delivery-timeout", "1", "--only", "2.3/relying-parties-told"];
    let run = || {
        home.run_with(&args, |command| {
            command.env("OP_PASSWORD", "swordfish-and-more");
        })
    };

    let unaided = home.run(&[&args[..], &["--client-id", "setspec-client"]].concat()).expect_code(3);
    assert!(unaided.stdout.contains("a form (fields user, password)"), "{}", unaided.stdout);
    assert!(unaided.stdout.contains("[[op.login]]"), "{}", unaided.stdout);

    home.write("setspec.toml", FORMS);
    run().expect_code(3);
    let report = home.report();
    assert_eq!(status_of(&report, "backchannel-logout/2.3/relying-parties-told"), "untested");
    let reason = report["cases"][0]["reason"].as_str().expect("a reason");
    let told =
        format!("it ended at {issuer}/end-session with status 200, which has a form (buttons stay=no, logout=yes)");
    for part in ["no logout request came, and the session is still there", &told, "[[op.logout]]"] {
        assert!(reason.contains(part), "{reason}");
    }

    home.write("setspec.toml", format!("{FORMS}\n[[op.logout]]\nbutton = \"logout\"\n"));
    run().expect_code(0);
    assert_eq!(status_of(&home.report(), "backchannel-logout/2.3/relying-parties-told"), "satisfied");
    for (name, written) in home.written().into_iter().filter(|(name, _)| name != "setspec.toml") {
        let text = String::from_utf8_lossy(&written).into_owned();
        assert!(!text.contains("swordfish"), "the password is in {name}");
    }
}

#[test]
fn a_provider_that_tells_nobody_is_told_from_one_that_asks_first() {
    let home = Home::new();
    let (provider, party) = (free().to_string(), free().to_string());
    let issuer = format!("http://{provider}");
    let mut mock = home.start(&["mock", "op", "--listen", &provider, "--alg", "ES256"]);
    mock.line_with("setspec mock op is ready: http://127.0.0.1:");
    let args = ["run", "op", &issuer, "--listen", &party, "--client-id", "setspec-client", "--delivery-timeout", "1"];
    home.run(&[&args[..], &["--only", "2.3/relying-parties-told"]].concat()).expect_code(0);
    assert_eq!(status_of(&home.report(), "backchannel-logout/2.3/relying-parties-told"), "warned");
}

#[test]
fn steps_that_say_nothing_clear_are_refused() {
    let home = Home::new();
    for (text, why) in [
        ("[[op.login]]\nfields = { password = 7 }\n", "a text, { env = \"NAME\" } or { file = \"PATH\" }"),
        ("[[op.login]]\nfields = { password = { env = \"NOT_SET_ANYWHERE\" } }\n", "NOT_SET_ANYWHERE is not set"),
        ("[[op.login]]\nfield = {}\n", "unknown field `field`"),
        ("[[rp.login]]\n", "`rp.login` is for a relying party"),
    ] {
        home.write("setspec.toml", text);
        home.run(&["run", "op"]).expect_code(2).expect_error(why);
    }
    home.write("setspec.toml", "[[op.login]]\n");
    home.run(&["run", "rp"]).expect_code(2).expect_error("`op.login` is for an OpenID provider");
}

/// A relying party of ours at this address, for our provider at that one.
fn party(home: &Home, party: &str, issuer: &str, more: &[&str]) -> Running {
    let args = ["mock", "rp", "--issuer", issuer, "--listen", party, "--alg", "ES256"];
    let mut mock = home.start(&[&args[..], more].concat());
    mock.line_with("setspec mock rp is ready: http://127.0.0.1:");
    mock
}

#[test]
fn a_login_page_in_place_of_the_protected_one_is_told_by_its_text() {
    let home = Home::new();
    let (provider, address) = (free().to_string(), free().to_string());
    let _mock = party(&home, &address, &format!("http://{provider}"), &["--variation", "shows-its-login-in-place"]);
    let (login, logout) = (format!("http://{address}/login"), format!("http://{address}/backchannel-logout"));
    let args = [
        "run",
        "rp",
        "--login",
        &login,
        "--logout",
        &logout,
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--only",
        "2.6/nonce",
    ];
    home.run(&args).expect_code(3).expect_output("--logged-in-text TEXT");
    home.run(&[&args[..], &["--logged-in-text", "You are logged in."]].concat()).expect_code(0);
    home.run(&[&args[..], &["--logged-in-text", "Welcome"]].concat())
        .expect_code(3)
        .expect_output("has not the text of a logged-in page");
}

#[test]
fn a_relying_party_that_needs_sid_is_sent_no_token_without() {
    let home = Home::new();
    let (provider, address) = (free().to_string(), free().to_string());
    let _mock = party(&home, &address, &format!("http://{provider}"), &["--variation", "requires-sid"]);
    let (login, logout) = (format!("http://{address}/login"), format!("http://{address}/backchannel-logout"));
    let args =
        ["run", "rp", "--login", &login, "--logout", &logout, "--listen", &provider, "--alg", "ES256", "--only", "2.7"];
    home.run(&args).expect_code(1);
    assert_eq!(with_status(&home.report(), "violated"), ["backchannel-logout/2.7/named-by-sub"]);
    home.run(&[&args[..], &["--session-required"]].concat()).expect_code(0);
    assert_eq!(status_of(&home.report(), "backchannel-logout/2.7/named-by-sub"), "not_applicable");
}

#[test]
fn by_the_text_of_2022_a_token_needs_no_exp() {
    let home = Home::new();
    let (provider, address) = (free().to_string(), free().to_string());
    let _mock = party(&home, &address, &format!("http://{provider}"), &["--mutant", "does-not-ask-for-exp"]);
    let (login, logout) = (format!("http://{address}/login"), format!("http://{address}/backchannel-logout"));
    let args = [
        "run",
        "rp",
        "--login",
        &login,
        "--logout",
        &logout,
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--only",
        "exp-required",
    ];
    home.run(&args).expect_code(1);
    home.run(&[&args[..], &["--revision", "final-2022"]].concat()).expect_code(0).expect_output("The text of 2022");
}

#[test]
fn a_relying_party_that_keeps_our_keys_is_told_of() {
    let home = Home::new();
    let (provider, address) = (free().to_string(), free().to_string());
    let _mock = party(&home, &address, &format!("http://{provider}"), &[]);
    let (login, logout) = (format!("http://{address}/login"), format!("http://{address}/backchannel-logout"));
    let args = [
        "run",
        "rp",
        "--login",
        &login,
        "--logout",
        &logout,
        "--listen",
        &provider,
        "--alg",
        "ES256",
        "--kid",
        "one",
        "--only",
        "2.6/nonce",
    ];
    home.run(&args).expect_code(0);
    // A new key under the name of the old one.
    home.run(&args).expect_code(3).expect_output("--key FILE");
}

#[test]
fn encrypted_tokens_are_spoken_with_a_relying_party_that_registers_for_them() {
    let home = Home::new();
    let (provider, address) = (free().to_string(), free().to_string());
    let (login, logout) = (format!("http://{address}/login"), format!("http://{address}/backchannel-logout"));
    let encryption = ["--register", "--encryption", "RSA-OAEP/A128CBC-HS256"];
    let _mock = party(&home, &address, &format!("http://{provider}"), &encryption);
    let args =
        ["run", "rp", "--login", &login, "--logout", &logout, "--listen", &provider, "--alg", "ES256", "--only", "2.6"];
    home.run(&args).expect_code(0);
    for requirement in ["decrypted", "unencrypted-refused"] {
        assert_eq!(status_of(&home.report(), &format!("backchannel-logout/2.6/{requirement}")), "satisfied");
    }
}

#[test]
fn rs256_is_the_default_where_nothing_is_announced() {
    let home = Home::new();
    let provider = free().to_string();
    let mut mock =
        home.start(&["mock", "op", "--listen", &provider, "--alg", "RS256", "--mutant", "has-a-default-of-its-own"]);
    mock.line_with("setspec mock op is ready: http://127.0.0.1:");
    let issuer = format!("http://{provider}");
    home.run(&["run", "op", &issuer, "--only", "2.6/default-algorithm", "--only", "2.3"]).expect_code(0);
    assert_eq!(status_of(&home.report(), "backchannel-logout/2.6/default-algorithm"), "satisfied");
}

#[test]
fn a_captured_logout_token_is_checked_by_its_own_rules() {
    let home = Home::new();
    let token = home.write(
        "token.json",
        r#"{"iss":"https://op.example","aud":"rp","iat":1,"exp":2,"jti":"a","sub":"u","nonce":"n"}"#,
    );
    let path = token.to_str().expect("a path");
    let ended = home.run(&["check", "--profile", "logout-token", path]).expect_code(1);
    for id in ["backchannel-logout/2.4/no-nonce", "backchannel-logout/2.4/events"] {
        assert!(ended.stdout.contains(id), "{}", ended.stdout);
    }
}
