//! Heads: where they end, what stands in them, and what is unusual about them.

use serde::{Deserialize, Serialize};

use crate::http::Headers;

/// Something about a head that a tolerant reader accepts and a judge may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// Empty lines before the start line (RFC 9112, 2.2).
    LeadingEmptyLine,
    /// A line that ends in LF without CR (RFC 9112, 2.2).
    BareLf,
    /// A field value continued on the next line (RFC 9112, 5.2).
    ObsFold,
    /// White space between a field name and its colon (RFC 9112, 5.1).
    SpaceBeforeColon,
    /// A line without a colon, or whose name is not a token. It is kept as a name with an empty value
    /// if it has no colon.
    InvalidHeaderLine,
    /// A field value that is not UTF-8.
    InvalidUtf8,
    /// Both Content-Length and Transfer-Encoding (RFC 9112, 6.1).
    LengthAndTransferEncoding,
    /// The same Content-Length more than once (RFC 9110, 8.6).
    RepeatedContentLength,
    /// A strict parser refuses the head for some other reason.
    InvalidHead,
}

/// Collects the bytes of one head.
#[derive(Debug)]
pub struct HeadBuffer {
    bytes: Vec<u8>,
    max: usize,
    started: bool,
    line_has_text: bool,
}

/// What [`HeadBuffer::feed`] came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Fed {
    /// All bytes were taken and the head goes on.
    More,
    /// The head is whole; this many bytes were taken.
    Complete(usize),
    /// The head is larger than the limit.
    TooLarge,
}

impl HeadBuffer {
    pub fn new(max: usize) -> Self {
        Self { bytes: Vec::new(), max, started: false, line_has_text: false }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes from the start line on.
    pub fn text(&self) -> &[u8] {
        skip_empty_lines(&self.bytes)
    }

    /// Takes bytes up to the empty line that ends the head. Each byte is looked at once.
    pub fn feed(&mut self, input: &[u8]) -> Fed {
        for (at, &byte) in input.iter().enumerate() {
            if self.bytes.len() >= self.max {
                return Fed::TooLarge;
            }
            self.bytes.push(byte);
            match byte {
                b'\n' if self.started && !self.line_has_text => return Fed::Complete(at + 1),
                b'\n' => self.line_has_text = false,
                b'\r' => {}
                _ => {
                    self.started = true;
                    self.line_has_text = true;
                }
            }
        }
        Fed::More
    }
}

/// A head, taken apart as far as it can be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub start_line: Vec<u8>,
    pub headers: Headers,
    pub quirks: Vec<Quirk>,
}

/// A status line (RFC 9112, 4).
#[derive(Debug, PartialEq, Eq)]
pub struct StatusLine {
    pub version: String,
    pub status: u16,
    pub reason: String,
}

/// A request line (RFC 9112, 3). What is missing is empty.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestLine {
    pub method: String,
    pub target: String,
    pub version: String,
}

/// Which start line a strict parser should expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Request,
    Response,
}

impl Head {
    /// Takes a head apart, whatever it holds. Never fails: what is odd becomes a quirk.
    pub fn read(bytes: &[u8], side: Side) -> Self {
        let mut head = Self::default();
        let text = skip_empty_lines(bytes);
        if text.len() < bytes.len() {
            head.note(Quirk::LeadingEmptyLine);
        }
        let mut lines = text.split_inclusive(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        head.start_line = head.line(first).to_vec();
        for line in lines {
            let line = head.line(line);
            if !line.is_empty() {
                head.field(line);
            }
        }
        if head.quirks.is_empty() && !strictly_valid(text, side) {
            head.note(Quirk::InvalidHead);
        }
        head
    }

    pub fn note(&mut self, quirk: Quirk) {
        if !self.quirks.contains(&quirk) {
            self.quirks.push(quirk);
        }
    }

    /// The status line, or `None` if this is not an HTTP/1 response.
    pub fn status_line(&self) -> Option<StatusLine> {
        let rest = self.start_line.strip_prefix(b"HTTP/1.")?;
        let [minor @ (b'0' | b'1'), b' ', digits @ ..] = rest else {
            return None;
        };
        let (digits, reason) = digits.split_at_checked(3)?;
        if !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
            return None;
        }
        let reason = match reason {
            [] => reason,
            [b' ', reason @ ..] => reason,
            _ => return None,
        };
        Some(StatusLine {
            version: format!("HTTP/1.{}", char::from(*minor)),
            status: digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')),
            reason: String::from_utf8_lossy(reason).into_owned(),
        })
    }

    pub fn request_line(&self) -> RequestLine {
        let line = String::from_utf8_lossy(&self.start_line);
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        RequestLine { method: part(), target: part(), version: part() }
    }

    /// A line without its end.
    fn line<'a>(&mut self, line: &'a [u8]) -> &'a [u8] {
        match line {
            [text @ .., b'\r', b'\n'] => text,
            [text @ .., b'\n'] => {
                self.note(Quirk::BareLf);
                text
            }
            text => text,
        }
    }

    fn field(&mut self, line: &[u8]) {
        if matches!(line[0], b' ' | b'\t') {
            let Some((_, value)) = self.headers.0.last_mut() else {
                return self.note(Quirk::InvalidHeaderLine);
            };
            value.push(' ');
            value.push_str(&String::from_utf8_lossy(line.trim_ascii()));
            return self.note(Quirk::ObsFold);
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line[..colon], line[colon + 1..].trim_ascii()),
            None => (line, &b""[..]),
        };
        let trimmed = name.trim_ascii_end();
        if colon.is_some() && trimmed.len() < name.len() {
            self.note(Quirk::SpaceBeforeColon);
        }
        if colon.is_none() || !is_token(trimmed) {
            self.note(Quirk::InvalidHeaderLine);
        }
        if std::str::from_utf8(value).is_err() {
            self.note(Quirk::InvalidUtf8);
        }
        self.headers.push(String::from_utf8_lossy(trimmed), String::from_utf8_lossy(value));
    }
}

fn skip_empty_lines(bytes: &[u8]) -> &[u8] {
    let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    &bytes[empty..]
}

/// A token of RFC 9110, 5.6.2.
fn is_token(bytes: &[u8]) -> bool {
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(token)
}

fn strictly_valid(text: &[u8], side: Side) -> bool {
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let outcome = match side {
        Side::Request => httparse::Request::new(&mut fields).parse(text),
        Side::Response => httparse::Response::new(&mut fields).parse(text),
    };
    matches!(outcome, Ok(httparse::Status::Complete(_)))
}
