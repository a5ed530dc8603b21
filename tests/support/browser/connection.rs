//! Commands and events of the DevTools protocol on a WebSocket.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

use super::PATIENCE;

/// A connection to a browser, and to one page of it once it is attached.
pub(super) struct Connection {
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    last_id: u64,
}

impl Connection {
    pub fn open(url: &str) -> Result<Self, String> {
        let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next());
        let address = address.ok_or_else(|| format!("expected the address of a WebSocket, got {url:?}"))?;
        let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
        // A screenshot is one message.
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = tungstenite::client::client_with_config(url, stream, Some(config))
            .map_err(|error| format!("{url}: {error}"))?;
        Ok(Self { socket, session: None, last_id: 0 })
    }

    /// Commands are for this page from now on.
    pub fn attach(&mut self, session: String) {
        self.session = Some(session);
    }

    /// Sends a command and gives its number.
    pub fn send(&mut self, method: &str, params: Value) -> Result<u64, String> {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string())).map_err(|error| format!("{method}: {error}"))?;
        Ok(self.last_id)
    }

    /// The next answer or event; `None` if none comes within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Value>, String> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.socket.get_ref().set_read_timeout(Some(left)).map_err(|error| error.to_string())?;
            match self.socket.read() {
                Ok(Message::Text(text)) => return serde_json::from_str(&text).map(Some).map_err(|e| e.to_string()),
                Ok(_) => {}
                Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) => return Err(format!("the browser hung up: {error}")),
            }
        }
    }
}
