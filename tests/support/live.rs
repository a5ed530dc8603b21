//! Mocks with a live page, and plain HTTP to speak to them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Home;
use super::running::Running;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The token of the receiver of mock transmitters.
pub const TOKEN: &str = "pl4nted-token-of-the-receiver";

/// A mock that runs.
pub struct Mock {
    pub running: Running,
    /// Its issuer, or where it takes pushes.
    pub at: String,
    /// Where its page is, without a path.
    pub page: String,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// The last word of a line, such as an address.
pub fn last_word(line: &str) -> String {
    line.rsplit(' ').next().expect("a word").trim_end_matches('/').to_owned()
}

/// A mock transmitter with one receiver.
pub fn transmitter(home: &Home, listen: &str, page: &str, more: &[&str]) -> Mock {
    let mut args = vec!["mock", "transmitter", "--listen", listen, "--alg", "ES256", "--token", TOKEN, "--ui", page];
    args.extend_from_slice(more);
    let mut running = home.start(&args);
    let at = last_word(&running.line_with("is ready: "));
    let page = last_word(&running.line_with("the live page is at "));
    Mock { running, at, page }
}

/// A mock receiver that is pushed to.
pub fn receiver(home: &Home, more: &[&str]) -> Mock {
    let mut args = vec!["mock", "receiver", "--listen", "127.0.0.1:0", "--ui", "127.0.0.1:0"];
    args.extend_from_slice(more);
    let mut running = home.start(&args);
    let at = last_word(&running.line_with("push SETs to "));
    let page = last_word(&running.line_with("the live page is at "));
    Mock { running, at, page }
}

/// A mock receiver that visits a transmitter; it is up when this comes back.
pub fn visitor(home: &Home, issuer: &str, more: &[&str]) -> Mock {
    let mut args = vec!["mock", "receiver", "--listen", "127.0.0.1:0", "--transmitter", issuer, "--token", TOKEN];
    args.extend_from_slice(more);
    args.extend_from_slice(&["--ui", "127.0.0.1:0"]);
    let mut running = home.start(&args);
    let page = last_word(&running.line_with("the live page is at "));
    running.line_with("setspec mock receiver is ready");
    Mock { running, at: issuer.to_owned(), page }
}

/// Sends a request as it is written here, to this `http://address`; gives the answer.
pub fn ask(url: &str, method: &str, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
    let address = url.strip_prefix("http://").expect("an http URL");
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

impl Mock {
    pub fn get(&self, path: &str) -> Answer {
        ask(&self.page, "GET", path, &[], "")
    }

    /// The token that the page acts with.
    pub fn token(&self) -> String {
        let page = self.get("/").body;
        let (_, rest) = page.split_once("<meta name=\"setspec-token\" content=\"").expect("a token");
        rest.split('"').next().expect("its end").to_owned()
    }

    /// Acts as the page does.
    pub fn act(&self, action: &Value) -> Answer {
        let token = self.token();
        let fields = [("Content-Type", "application/json"), ("X-Setspec-Token", token.as_str())];
        ask(&self.page, "POST", "/actions", &fields, &action.to_string())
    }

    /// A request of the receiver to the transmitter, with its token.
    pub fn of_receiver(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let fields = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        ask(&self.at, method, path, &fields, &if body.is_null() { String::new() } else { body.to_string() })
    }

    /// Creates a stream with these members; gives its configuration.
    pub fn stream(&self, members: &Value) -> Value {
        let answer = self.of_receiver("POST", "/ssf/streams", members);
        assert_eq!(answer.status, 201, "{answer:?}");
        serde_json::from_str(&answer.body).expect("a configuration")
    }

    /// The feed from its beginning, as soon as it is as a test wants it.
    #[track_caller]
    pub fn feed(&self, until: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut feed = Feed::open(&self.page, "/events");
        let mut entries = Vec::new();
        loop {
            let (name, data) = feed.next();
            if name == "entry" {
                entries.push(serde_json::from_str(&data).expect("an entry"));
            }
            if name == "pulse" || until(&entries) {
                assert!(until(&entries), "it does not come to this: {entries:#?}");
                return entries;
            }
        }
    }
}

/// Server-sent events as they come.
pub struct Feed {
    stream: TcpStream,
    read: Vec<u8>,
    pulses: usize,
}

impl Feed {
    pub fn open(url: &str, path: &str) -> Self {
        let address = url.strip_prefix("http://").expect("an http URL");
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        Self { stream, read: Vec::new(), pulses: 0 }
    }

    /// The next event, by name and data; pulses are left out until there were several.
    #[track_caller]
    pub fn next(&mut self) -> (String, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            if let Some((event, _)) = text.split_once("\n\n") {
                let length = event.len() + 2;
                self.read.drain(..length);
                let member = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(name) = member("event: ") else { continue };
                self.pulses += usize::from(name == "pulse");
                if name != "pulse" || self.pulses > 4 {
                    return (name, member("data: ").unwrap_or_default());
                }
                continue;
            }
            assert!(Instant::now() < deadline, "no event came");
            let mut buffer = [0; 64 * 1024];
            let count = self.stream.read(&mut buffer).expect("the feed goes on");
            assert!(count > 0, "the feed ended");
            self.read.extend_from_slice(&buffer[..count]);
        }
    }
}

/// An event for `emit`.
pub fn event(name: &str) -> Value {
    json!({ "action": "emit", "event": { "type": name } })
}
