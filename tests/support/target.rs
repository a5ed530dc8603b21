//! A target on loopback that answers byte by byte what a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The first request has number 1.
    pub number: usize,
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Serves until the test process ends.
pub struct Target {
    pub url: String,
    asked: Receiver<(usize, String)>,
}

impl Target {
    /// Waits until the request with this number has arrived.
    #[track_caller]
    pub fn wait_for(&self, number: usize) {
        while self.next().0 < number {}
    }

    /// Waits for a request with this method to a path that begins so.
    #[track_caller]
    pub fn wait_for_method(&self, method: &str, path: &str) {
        let line = format!("{method} {path}");
        while !self.next().1.starts_with(&line) {}
    }

    #[track_caller]
    fn next(&self) -> (usize, String) {
        self.asked.recv_timeout(Duration::from_secs(30)).expect("a request arrives")
    }
}

/// Starts a target; `answer` is called for each request and owns the connection, which closes when it returns.
pub fn serve(answer: impl Fn(&Asked, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Target {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/events", listener.local_addr().expect("an address"));
    let (arrived, asked) = channel();
    let answer = Arc::new(answer);
    let count = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let (answer, count, arrived) = (answer.clone(), count.clone(), arrived.clone());
            thread::spawn(move || {
                let Ok((head, body)) = read_request(&mut stream) else { return };
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                // A test that no longer listens, or a client that has gone, is no concern of a target.
                let _ = arrived.send((number, head.clone()));
                let _ = answer(&Asked { number, head, body }, &mut stream);
            });
        }
    });
    Target { url, asked }
}

/// An answer with a body of known length.
pub fn respond(stream: &mut TcpStream, status: &str, fields: &[(&str, &str)], body: &[u8]) -> std::io::Result<()> {
    let mut answer = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in fields {
        answer.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    answer.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    answer.extend_from_slice(body);
    stream.write_all(&answer)
}

/// The acknowledgement that RFC 8935 asks for.
pub fn acknowledge(stream: &mut TcpStream) -> std::io::Result<()> {
    respond(stream, "202 Accepted", &[], b"")
}

/// Says nothing until the client has had enough.
pub fn stay_mute(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored)? > 0 {}
    Ok(())
}

/// Reads a head and as much body as it announces.
pub fn read_request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4) {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let mut body = read.split_off(end);
            let announced = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
                .unwrap_or(0);
            while body.len() < announced {
                match stream.read(&mut buffer)? {
                    0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                    count => body.extend_from_slice(&buffer[..count]),
                }
            }
            return Ok((head, body));
        }
        match stream.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Pushes `token` to `url` as RFC 8935 says; gives the status and the whole answer.
pub fn push(url: &str, token: &str, authorization: Option<&str>) -> (u16, String) {
    let (address, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an http URL");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let credential = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/secevent+jwt\r\n\
         Accept: application/json\r\n{credential}Connection: close\r\nContent-Length: {}\r\n\r\n{token}",
        token.len()
    );
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, answer)
}
