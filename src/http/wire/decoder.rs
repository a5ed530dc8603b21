//! Reads a body out of its framing, keeping no more of it than a cap allows.

use super::{excerpt, framing::Framing};

/// The longest chunk size line, with its extensions.
const MAX_CHUNK_LINE: usize = 4 * 1024;
/// The largest trailer section.
const MAX_TRAILERS: usize = 64 * 1024;

/// A body being read.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    line: Vec<u8>,
    trailers: usize,
    body: Vec<u8>,
    cap: usize,
    truncated: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Done,
}

impl Decoder {
    pub fn new(framing: Framing, cap: usize) -> Self {
        Self {
            state: match framing {
                Framing::Empty | Framing::Length(0) => State::Done,
                Framing::Length(length) => State::Length(length),
                Framing::Chunked => State::ChunkSize,
                Framing::UntilClose => State::UntilClose,
            },
            line: Vec::new(),
            trailers: 0,
            body: Vec::new(),
            cap,
            truncated: false,
        }
    }

    /// Whether the body has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the body may be ended by closing the connection.
    pub fn ends_by_close(&self) -> bool {
        self.state == State::UntilClose
    }

    /// Whether the body is known to be larger than the cap.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// What is kept of the body.
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// What was expected where the body broke off, for a message.
    pub fn missing(&self) -> String {
        match self.state {
            State::Length(left) => format!("{left} more bytes of Content-Length"),
            State::ChunkSize => "another chunk".to_owned(),
            State::ChunkData(left) => format!("{left} more bytes of a chunk"),
            State::ChunkEnd => "the end of a chunk".to_owned(),
            State::Trailers => "the end of the trailers".to_owned(),
            State::UntilClose | State::Done => "nothing".to_owned(),
        }
    }

    /// Takes bytes of the body and says how many; what is left over lies after its end.
    ///
    /// # Errors
    /// A message with expected and got, if the chunk framing is broken.
    pub fn feed(&mut self, input: &[u8]) -> Result<usize, String> {
        let mut used = 0;
        while used < input.len() && !self.is_done() {
            used += self.step(&input[used..])?;
        }
        Ok(used)
    }

    fn step(&mut self, input: &[u8]) -> Result<usize, String> {
        match self.state {
            State::Done => Ok(0),
            State::UntilClose => {
                self.keep(input);
                Ok(input.len())
            }
            State::Length(left) => {
                let used = self.take(input, left);
                self.state = match left - used as u64 {
                    0 => State::Done,
                    left => State::Length(left),
                };
                Ok(used)
            }
            State::ChunkData(left) => {
                let used = self.take(input, left);
                self.state = match left - used as u64 {
                    0 => State::ChunkEnd,
                    left => State::ChunkData(left),
                };
                Ok(used)
            }
            State::ChunkSize | State::ChunkEnd | State::Trailers => self.step_line(input),
        }
    }

    fn step_line(&mut self, input: &[u8]) -> Result<usize, String> {
        let end = input.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(input.len(), |end| end + 1);
        let max = match self.state {
            State::Trailers => MAX_TRAILERS - self.trailers.min(MAX_TRAILERS),
            _ => MAX_CHUNK_LINE,
        };
        if self.line.len() + used > max {
            return Err(format!("chunked body: expected a line of at most {max} bytes, got a longer one"));
        }
        self.line.extend_from_slice(&input[..used]);
        if end.is_some() {
            let line = std::mem::take(&mut self.line);
            self.trailers += line.len();
            self.line_read(line.trim_ascii_end())?;
        }
        Ok(used)
    }

    fn line_read(&mut self, line: &[u8]) -> Result<(), String> {
        self.state = match self.state {
            State::ChunkSize => match chunk_size(line)? {
                0 => {
                    self.trailers = 0;
                    State::Trailers
                }
                size => State::ChunkData(size),
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkEnd => {
                return Err(format!("chunked body: expected a line end after the chunk, got {}", excerpt(line)));
            }
            State::Trailers if line.is_empty() => State::Done,
            state => state,
        };
        Ok(())
    }

    fn take(&mut self, input: &[u8], left: u64) -> usize {
        let used = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.keep(&input[..used]);
        used
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.cap - self.body.len();
        self.body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.truncated |= bytes.len() > room;
    }
}

fn chunk_size(line: &[u8]) -> Result<u64, String> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let digits = digits.trim_ascii_end();
    let hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    hex.then(|| std::str::from_utf8(digits).ok())
        .flatten()
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| format!("chunked body: expected a chunk size in hexadecimal, got {}", excerpt(line)))
}
