//! `setspec run rp`, `run op`, `mock rp` and `mock op`: OpenID Connect Back-Channel Logout.

use std::net::{SocketAddr, TcpListener};

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
    home.run(&["run", "op"]).expect_code(2).expect_error("for a rp");
    home.write("setspec.toml", "login = \"http://127.0.0.1:1/\"\n");
    home.run(&["run", "receiver"]).expect_code(2).expect_error("`login` is for a relying party");
}
