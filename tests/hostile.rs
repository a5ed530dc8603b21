//! Targets that misbehave on the wire. Whatever they send, a run ends in bounded time and memory, with a verdict that is
//! right and a report that can be read.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use support::target::{Asked, acknowledge, read_request, respond, serve, stay_mute};
use support::{Ended, Home, with_status};

/// No run of these tests may take longer.
const BOUND: Duration = Duration::from_secs(20);

/// What a target does with a connection.
type Misdeed = fn(&Asked, &mut TcpStream) -> std::io::Result<()>;

/// A case with a good SET and then broken ones, and the two sections on answers.
const SELECTION: [&str; 6] =
    ["--only", "rfc8935/2/refuses-altered-sets", "--only", "rfc8935/2.2/", "--only", "rfc8935/2.3/"];

/// Runs the selection against a target that acknowledges `good` pushes and misbehaves from then on.
fn run(good: usize, misdeed: Misdeed, more: &[&str]) -> (Home, Ended) {
    let target =
        serve(move |asked, stream| if asked.number <= good { acknowledge(stream) } else { misdeed(asked, stream) });
    let home = Home::new();
    let basic = ["run", "receiver", &target.url, "--alg", "ES256", "--jobs", "1", "--timeout", "0.4"];
    let ended = home.run(&[&basic[..], &SELECTION, more].concat());
    assert!(ended.took < BOUND, "it took {:?}", ended.took);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    (home, ended)
}

/// From the first request on: nothing could be tested, and no requirement is blamed.
#[track_caller]
fn is_inconclusive_from_the_start(misdeed: Misdeed, says: &str) {
    let (home, ended) = run(0, misdeed, &[]);
    ended.expect_code(3).expect_output("FAILED").expect_output(says).expect_output("INCONCLUSIVE");
    let report = home.report();
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(with_status(&report, "violated"), [""; 0]);
    assert_eq!(with_status(&report, "satisfied"), [""; 0]);
}

/// After the preflight and the first good SET: broken SETs are not answered as they should be, and that is seen; later
/// good SETs are not taken, so that nothing more can be concluded.
#[track_caller]
fn breaks_later(misdeed: Misdeed, requirement: &str) {
    let (home, ended) = run(2, misdeed, &[]);
    let ended = ended.expect_code(3);
    let report = home.report();
    let violated = with_status(&report, "violated");
    assert!(violated.contains(&requirement), "{violated:?}\n{}", ended.stdout);
    assert_eq!(report["verdict"], "nonconformant");
    let cases = report["cases"].as_array().expect("cases");
    let later = cases.iter().filter(|case| case["id"].as_str().is_some_and(|id| !id.starts_with("rfc8935/2/")));
    assert!(later.clone().count() > 2);
    for case in later {
        assert!(case["status"] == "inconclusive" || case["status"] == "skipped", "{case}");
    }
}

fn never_answers(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stay_mute(stream)
}

#[test]
fn never_answering() {
    is_inconclusive_from_the_start(never_answers, "did not answer in time");
    breaks_later(never_answers, "rfc8935/2.3/status-400");
}

/// The pace of the target; the client leaves in between, and then writing fails.
fn a_byte_a_second(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    for byte in b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n" {
        stream.write_all(&[*byte])?;
        // Nothing comes while the client waits, so this is a second; it is shorter when the client hangs up.
        if stream.read(&mut [0; 16]).is_ok() {
            break;
        }
    }
    Ok(())
}

#[test]
fn a_byte_a_second_is_too_slow() {
    is_inconclusive_from_the_start(a_byte_a_second, "did not answer in time");
    breaks_later(a_byte_a_second, "rfc8935/2.3/status-400");
}

fn closes_mid_body(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"err\":\"inv",
    )
}

#[test]
fn closing_mid_body() {
    is_inconclusive_from_the_start(closes_mid_body, "FAILED");
    breaks_later(closes_mid_body, "rfc8935/2.3/body-json-object");
}

/// An acknowledgement that breaks off is an acknowledgement.
fn acknowledges_and_breaks_off(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\n")
}

#[test]
fn a_bad_set_acknowledged_by_half_is_taken() {
    let (home, ended) = run(2, acknowledges_and_breaks_off, &[]);
    ended.expect_code(1);
    let report = home.report();
    assert!(with_status(&report, "violated").contains(&"rfc8935/2/authentic"));
}

fn answers_not_in_utf8(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 400 B\xe4d\r\nX-\xfe: \xff\xfe\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"err\":\"\xff\xc0\x80\"}x",
    )
}

#[test]
fn invalid_utf_8_in_head_and_body() {
    is_inconclusive_from_the_start(answers_not_in_utf8, "a good SET is answered with 400");
    breaks_later(answers_not_in_utf8, "rfc8935/2.3/body-json-object");
}

fn nests_ten_thousand_arrays(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    let body = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    respond(stream, "400 Bad Request", &[("Content-Type", "application/json")], body.as_bytes())
}

#[test]
fn ten_thousand_nested_arrays() {
    is_inconclusive_from_the_start(nests_ten_thousand_arrays, "a good SET is answered with 400");
    breaks_later(nests_ten_thousand_arrays, "rfc8935/2.3/body-json-object");
}

fn sends_huge_headers(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 202 Accepted\r\n")?;
    let line = format!("X-Filler: {}\r\n", "x".repeat(8 * 1024));
    for _ in 0..4096 {
        stream.write_all(line.as_bytes())?;
    }
    stream.write_all(b"Content-Length: 0\r\n\r\n")
}

#[test]
fn huge_headers() {
    is_inconclusive_from_the_start(sends_huge_headers, "FAILED  answer");
    breaks_later(sends_huge_headers, "rfc8935/2.3/status-400");
}

fn redirects_to_itself(asked: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    let here = format!("http://{}/events", asked.header("host").unwrap_or_default());
    respond(stream, "301 Moved Permanently", &[("Location", &here)], b"")
}

#[test]
fn a_redirect_to_itself() {
    is_inconclusive_from_the_start(redirects_to_itself, "The receiver redirects; give the final URL.");
    breaks_later(redirects_to_itself, "rfc8935/2.3/status-400");
}

fn speaks_no_http(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"220 mail.example.com ESMTP\r\n\x00\x01\x02\x1b[2J\r\n")
}

#[test]
fn no_http_at_all() {
    is_inconclusive_from_the_start(speaks_no_http, "What came back is not HTTP/1.1");
    breaks_later(speaks_no_http, "rfc8935/2.3/status-400");
}

fn resets(_: &Asked, _: &mut TcpStream) -> std::io::Result<()> {
    Ok(())
}

#[test]
fn hanging_up() {
    is_inconclusive_from_the_start(resets, "FAILED  answer");
    breaks_later(resets, "rfc8935/2.3/status-400");
}

#[test]
fn who_is_gone_is_not_blamed() {
    for good in 0..6 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("an address"));
        thread::spawn(move || {
            for _ in 0..good {
                let (mut stream, _) = listener.accept().expect("a client");
                read_request(&mut stream).expect("a request");
                acknowledge(&mut stream).expect("an answer");
            }
            let (mut stream, _) = listener.accept().expect("a client");
            drop(listener);
            let _ = read_request(&mut stream);
        });
        let home = Home::new();
        // What it takes from the third push on it should have refused; that it dies is no breach.
        let selection = ["--only", "rfc8935/2.2/", "--only", "rfc8935/2.3/"];
        let basic = ["run", "receiver", &url, "--alg", "ES256", "--jobs", "1", "--timeout", "2"];
        home.run(&[&basic[..], &selection].concat()).expect_code(3);
        let report = home.report();
        let blamed = with_status(&report, "violated");
        assert!(!blamed.contains(&"rfc8935/2.3/status-400"), "after {good}: {blamed:?}");
        assert!(!blamed.contains(&"rfc8935/2.2/status-202"), "after {good}: {blamed:?}");
        assert!(good > 1 || blamed.is_empty(), "after {good}: {blamed:?}");
    }
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    for good in [0, 2] {
        let (_, ended) = run(good, speaks_no_http, &["--verbose"]);
        assert!(!ended.stdout.contains('\u{1b}'), "{:?}", ended.stdout);
        let (_, ended) = run(
            good,
            |_, stream| respond(stream, "400 \u{1b}[31mred", &[("X-Red", "\u{1b}[31m")], b"\x1b[31m\x07"),
            &["--verbose"],
        );
        assert!(!ended.stdout.contains(['\u{1b}', '\u{7}']), "{:?}", ended.stdout);
    }
}

#[cfg(target_os = "linux")]
mod memory {
    use super::*;

    /// What a run may hold at most, in bytes.
    const MOST: u64 = 300 * 1024 * 1024;

    fn sends_a_gigabyte(_: &Asked, stream: &mut TcpStream) -> std::io::Result<()> {
        let piece = vec![b'x'; 1024 * 1024];
        stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1073741824\r\n\r\n")?;
        for _ in 0..1024 {
            stream.write_all(&piece)?;
        }
        Ok(())
    }

    fn peak(good: usize) -> (Home, Option<i32>, String) {
        let target = serve(
            move |asked, stream| {
                if asked.number <= good { acknowledge(stream) } else { sends_a_gigabyte(asked, stream) }
            },
        );
        let home = Home::new();
        let began = std::time::Instant::now();
        let run = home.start(&[&["run", "receiver", &target.url, "--alg", "ES256"][..], &SELECTION].concat());
        let (code, said, peak) = run.end_with_peak();
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        assert!(peak > 0 && peak < MOST, "{} MiB\n{said}", peak / 1024 / 1024);
        (home, code, said)
    }

    #[test]
    fn a_gigabyte_is_not_kept() {
        for good in [0, 2] {
            let (home, code, said) = peak(good);
            assert_eq!(code, Some(1), "{said}");
            let report = home.report();
            assert!(with_status(&report, "violated").contains(&"rfc8935/2.2/empty-body"), "{said}");
            let size: usize = home.written().iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(size < 64 * 1024 * 1024, "{size} bytes of reports");
        }
    }
}
