//! A transmitter, and a receiver that talks to it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use setspec::http::{Client, ClientOptions, Exchange, RequestSpec};
use setspec::peer::ssf::{ClientCredentials, EventRequest, ReceiverAccount, SsfOptions, SsfTransmitter};
use setspec::set::{Alg, Jwks, SigningKey};

pub const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
pub const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// Made once: a test is no better for a key of its own.
static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| Arc::new(key("setspec-1")));
static CLIENT: LazyLock<Client> = LazyLock::new(|| Client::new(ClientOptions::default()).unwrap());
/// With which the client of the receiver `one` signs.
pub static CLIENT_KEY: LazyLock<SigningKey> = LazyLock::new(|| key("client"));

pub fn key(kid: &str) -> SigningKey {
    setspec::install_crypto();
    SigningKey::generate(Alg::Es256, kid).unwrap()
}

pub fn account(name: &str) -> ReceiverAccount {
    ReceiverAccount {
        name: name.to_owned(),
        tokens: vec![SecretString::from(format!("token-of-{name}"))],
        client: Some(ClientCredentials {
            id: name.to_owned(),
            secret: "a secret".to_owned().into(),
            keys: (name == "one").then(|| Jwks::for_keys(&[&CLIENT_KEY]).unwrap()),
        }),
        audience: vec![format!("https://{name}.example.com")],
        read_only: name == "reader",
        reading: vec![SecretString::from(format!("reading-of-{name}"))],
        expired: vec![SecretString::from(format!("expired-of-{name}"))],
    }
}

/// A transmitter, and a receiver that talks to it.
pub struct Pair {
    pub transmitter: SsfTransmitter,
    pub client: Client,
    pub metadata: Value,
    pub token: &'static str,
}

impl Pair {
    pub async fn new(change: impl FnOnce(&mut SsfOptions)) -> Self {
        Self::with(CLIENT.clone(), change).await
    }

    pub async fn with(client: Client, change: impl FnOnce(&mut SsfOptions)) -> Self {
        setspec::install_crypto();
        let accounts = vec![account("one"), account("two"), account("reader")];
        let mut options = SsfOptions::new(accounts, KEY.clone(), client.clone());
        options.timing.retry_delay = Duration::from_millis(1);
        change(&mut options);
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let transmitter = SsfTransmitter::start(options).await.unwrap();
        let mut url: url::Url = transmitter.metadata_url().parse().unwrap();
        // Where it listens, whatever it says that it is.
        url.set_scheme(scheme).unwrap();
        url.set_ip_host(transmitter.addr().ip()).unwrap();
        url.set_port(Some(transmitter.addr().port())).unwrap();
        let metadata = json_of(&client.send(RequestSpec::new("GET", url)).await);
        Self { transmitter, client, metadata, token: "token-of-one" }
    }

    pub async fn raw(&self, method: &str, url: &str, authorization: Option<&str>, body: &str) -> Exchange {
        let mut spec = RequestSpec::new(method, url.parse().unwrap()).body(body);
        if !body.is_empty() {
            spec = spec.header("Content-Type", "application/json");
        }
        if let Some(value) = authorization {
            spec = spec.header("Authorization", value);
        }
        self.client.send(spec).await
    }

    pub async fn ask_as(&self, token: &str, method: &str, url: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let exchange = self.raw(method, url, Some(&format!("Bearer {token}")), &body).await;
        (exchange.status().unwrap(), json_of(&exchange))
    }

    pub async fn ask(&self, method: &str, url: &str, body: Value) -> (u16, Value) {
        self.ask_as(self.token, method, url, body).await
    }

    pub fn endpoint(&self, name: &str) -> String {
        self.metadata[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.metadata)).to_owned()
    }

    pub async fn create(&self, body: Value) -> Value {
        let (status, stream) = self.ask("POST", &self.endpoint("configuration_endpoint"), body).await;
        assert_eq!(status, 201, "{stream}");
        stream
    }

    pub async fn poll(&self, stream: &Value, body: Value) -> Value {
        let (status, answer) = self.ask("POST", stream["delivery"]["endpoint_url"].as_str().unwrap(), body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The claims of everything that can be polled at once.
    pub async fn peek(&self, stream: &Value) -> Vec<Value> {
        let answer = self.poll(stream, json!({ "returnImmediately": true })).await;
        answer["sets"].as_object().unwrap().values().map(claims).collect()
    }

    /// How many polls wait at the first stream, or how many SETs (`waiting`).
    pub fn count(&self, what: &str) -> u64 {
        self.transmitter.streams()[0][what].as_u64().unwrap()
    }

    /// The claims of everything that can be polled at once, and acknowledges it.
    pub async fn drain(&self, stream: &Value) -> Vec<Value> {
        let answer = self.poll(stream, json!({ "returnImmediately": true })).await;
        let ack: Vec<&String> = answer["sets"].as_object().unwrap().keys().collect();
        self.poll(stream, json!({ "ack": ack, "maxEvents": 0, "returnImmediately": true })).await;
        answer["sets"].as_object().unwrap().values().map(claims).collect()
    }

    pub fn emit(&self, user: &str) -> usize {
        let event = EventRequest {
            event: Some("caep/session-revoked".to_owned()),
            subject: Some(email(user)),
            ..EventRequest::default()
        };
        self.transmitter.emit(&event).unwrap().sent.len()
    }

    pub async fn status(&self, stream: &Value, status: &str) {
        let body = json!({ "stream_id": stream["stream_id"], "status": status });
        let (code, answer) = self.ask("POST", &self.endpoint("status_endpoint"), body).await;
        assert_eq!((code, answer["status"].as_str()), (200, Some(status)));
    }
}

pub fn json_of(exchange: &Exchange) -> Value {
    let response = exchange.response.as_ref().unwrap_or_else(|| panic!("{:?}", exchange.failure));
    serde_json::from_slice(&response.body).unwrap_or_default()
}

pub fn claims(set: &Value) -> Value {
    let payload = set.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub fn email(user: &str) -> Value {
    json!({ "format": "email", "email": user })
}

pub fn users(sets: &[Value]) -> Vec<&str> {
    sets.iter().map(|claims| claims["sub_id"]["email"].as_str().unwrap_or("-")).collect()
}

pub fn revoked() -> Value {
    json!({ "events_requested": [REVOKED, REVOKED, "urn:unknown"] })
}

/// Waits for something that cannot be subscribed to.
pub async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it comes to pass");
}
