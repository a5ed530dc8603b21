//! A receiver, and a transmitter that it visits and that sees everything it asks for.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use setspec::http::{Client, ClientOptions};
use setspec::peer::ssf::{
    Answer, ClientCredentials, Hooks, Operation, ReceiverAccount, RequestFacts, SsfOptions, SsfTransmitter,
};
use setspec::peer::ssf_receiver::{Notice, OAuthClient, SsfReceiver, SsfReceiverOptions};
use setspec::set::{Alg, Draft, SigningKey, sign};

pub const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
pub const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
pub const UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";
pub const AUDIENCE: &str = "https://receiver.example.com";
pub const TOKEN: &str = "the-token-of-the-receiver";
pub const SECRET: &str = "the-secret-of-the-client";

/// Made once: a test is no better for a key of its own.
pub static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| Arc::new(key("setspec-1")));

pub fn key(kid: &str) -> SigningKey {
    setspec::install_crypto();
    SigningKey::generate(Alg::Es256, kid).unwrap()
}

/// A request of the receiver.
#[derive(Debug, Clone)]
pub struct Asked {
    pub operation: Operation,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub json: Value,
}

/// What is changed in the options of the receiver.
pub type Change = Box<dyn FnOnce(&mut SsfReceiverOptions) + Send>;

type Serve = Box<dyn Fn(Operation, &RequestFacts, Answer) -> Answer + Send + Sync>;

/// Sees every request, and may answer otherwise.
#[derive(Default)]
pub struct Eyes {
    asked: Mutex<Vec<Asked>>,
    serve: Mutex<Option<Serve>>,
}

impl Hooks for Eyes {
    fn asked(&self, operation: Operation, request: &RequestFacts) {
        self.asked.lock().unwrap().push(Asked {
            operation,
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            json: request.json.clone().unwrap_or_default(),
        });
    }

    fn answer(&self, operation: Operation, request: &RequestFacts, answer: Answer) -> Answer {
        match &*self.serve.lock().unwrap() {
            Some(serve) => serve(operation, request, answer),
            None => answer,
        }
    }
}

/// What is different from a plain pair.
#[derive(Default)]
pub struct Setup {
    pub transmitter: Option<fn(&mut SsfOptions)>,
    pub receiver: Option<Change>,
    pub serve: Option<Serve>,
    /// The issuer that the receiver is told, made from the real one.
    pub issuer: Option<fn(&str) -> String>,
}

pub struct Pair {
    pub transmitter: SsfTransmitter,
    pub receiver: SsfReceiver,
    pub eyes: Arc<Eyes>,
    pub notices: Arc<Mutex<Vec<Notice>>>,
    /// The SETs that were queued by hand, by name.
    pub given: Mutex<BTreeMap<String, String>>,
}

impl Pair {
    pub async fn new(change: impl FnOnce(&mut SsfReceiverOptions) + Send + 'static) -> Self {
        Self::set_up(Setup { receiver: Some(Box::new(change)), ..Setup::default() }).await
    }

    /// A receiver that has a stream.
    pub async fn ready(change: impl FnOnce(&mut SsfReceiverOptions) + Send + 'static) -> Self {
        let pair = Self::new(change).await;
        pair.receiver.ready().await.expect("the receiver is up");
        pair
    }

    pub async fn set_up(setup: Setup) -> Self {
        setspec::install_crypto();
        let client =
            Client::new(ClientOptions { response_timeout: Duration::from_secs(10), ..ClientOptions::default() })
                .unwrap();
        let account = ReceiverAccount {
            name: "receiver".to_owned(),
            tokens: vec![SecretString::from(TOKEN)],
            client: Some(ClientCredentials { id: "client".to_owned(), secret: SECRET.into(), keys: None }),
            audience: vec![AUDIENCE.to_owned()],
            ..ReceiverAccount::default()
        };
        let eyes = Arc::new(Eyes { serve: Mutex::new(setup.serve), ..Eyes::default() });
        let mut options = SsfOptions::new(vec![account], KEY.clone(), client.clone());
        options.timing.retry_delay = Duration::from_millis(10);
        options.timing.long_poll = Duration::from_secs(2);
        options.timing.redeliver_after = Duration::from_millis(100);
        options.hooks = eyes.clone();
        if let Some(change) = setup.transmitter {
            change(&mut options);
        }
        let transmitter = SsfTransmitter::start(options).await.unwrap();
        let issuer = setup.issuer.map_or_else(|| transmitter.issuer().to_owned(), |told| told(transmitter.issuer()));
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let told = notices.clone();
        let mut options = SsfReceiverOptions::new(issuer, client);
        options.token = Some(TOKEN.into());
        options.oauth =
            Some(OAuthClient { id: "client".to_owned(), secret: SECRET.into(), token_endpoint: None, scope: None });
        options.audience = Some(AUDIENCE.to_owned());
        options.push.authorization = Some("Basic of-the-push-endpoint".into());
        options.poll.pause = Duration::from_millis(20);
        options.retry.first = Duration::from_millis(10);
        options.retry.longest = Duration::from_millis(100);
        options.observer = Arc::new(move |notice| told.lock().unwrap().push(notice.clone()));
        if let Some(change) = setup.receiver {
            change(&mut options);
        }
        let receiver = SsfReceiver::start(options).await.unwrap();
        Self { transmitter, receiver, eyes, notices, given: Mutex::default() }
    }

    /// Answers otherwise from now on.
    pub fn serve(&self, serve: impl Fn(Operation, &RequestFacts, Answer) -> Answer + Send + Sync + 'static) {
        *self.eyes.serve.lock().unwrap() = Some(Box::new(serve));
    }

    pub fn stream_id(&self) -> String {
        let configuration = self.transmitter.configurations().pop().expect("a stream");
        configuration["stream_id"].as_str().unwrap().to_owned()
    }

    /// The requests for one operation.
    pub fn asked(&self, operation: Operation) -> Vec<Asked> {
        self.eyes.asked.lock().unwrap().iter().filter(|asked| asked.operation == operation).cloned().collect()
    }

    /// Every operation in its order, polls left out.
    pub fn operations(&self) -> Vec<&'static str> {
        let asked = self.eyes.asked.lock().unwrap();
        asked.iter().map(|asked| asked.operation.name()).filter(|name| *name != "poll").collect()
    }

    /// The bodies of all polls.
    pub fn polls(&self) -> Vec<Value> {
        self.asked(Operation::Poll).into_iter().map(|asked| asked.json).collect()
    }

    /// Queues a good SET with these claims in place of the usual ones; gives its name.
    pub fn offer(&self, changes: Value) -> String {
        self.offer_signed(changes, &KEY)
    }

    pub fn offer_signed(&self, changes: Value, key: &SigningKey) -> String {
        let draft = self.draft(changes);
        let name = draft.claims.get("jti").and_then(Value::as_str).unwrap_or("nameless").to_owned();
        self.queue(&name, sign(&draft, key).unwrap().into_bytes());
        name
    }

    pub fn queue(&self, name: &str, set: Vec<u8>) {
        self.given.lock().unwrap().insert(name.to_owned(), String::from_utf8_lossy(&set).into_owned());
        self.transmitter.offer(&self.stream_id(), name, set).unwrap();
    }

    pub fn draft(&self, changes: Value) -> Draft {
        let claims = json!({
            "iss": self.transmitter.issuer(),
            "aud": AUDIENCE,
            "iat": 1_700_000_000,
            "jti": uuid::Uuid::new_v4().simple().to_string(),
            "sub_id": { "format": "email", "email": "user@example.com" },
            "events": { REVOKED: {} },
        });
        let mut draft = Draft::new(claims.as_object().cloned().unwrap());
        draft.merge_claims(changes.as_object().unwrap_or(&Map::new()));
        draft
    }

    /// What was said of a SET so far: `ack`, the code of an error, or nothing.
    pub fn said(&self, name: &str) -> Option<String> {
        self.polls().iter().find_map(|poll| {
            let acknowledged = poll["ack"].as_array().is_some_and(|ack| ack.iter().any(|known| known == name));
            let error = poll["setErrs"].get(name).map(|error| error["err"].as_str().unwrap_or("?").to_owned());
            error.or(acknowledged.then(|| "ack".to_owned()))
        })
    }

    /// The same once something is said, or something else that came later is acknowledged.
    pub async fn outcome(&self, name: &str) -> String {
        let fence = self.offer(json!({}));
        until(|| self.said(name).is_some() || self.said(&fence).is_some()).await;
        self.said(name).unwrap_or_else(|| "none".to_owned())
    }

    /// Everything that was said of a SET.
    pub fn all_said(&self, name: &str) -> Vec<String> {
        let of_poll = |poll: &Value| {
            let acknowledged = poll["ack"].as_array().is_some_and(|ack| ack.iter().any(|known| known == name));
            let error = poll["setErrs"].get(name).map(|error| error["err"].as_str().unwrap_or("?").to_owned());
            acknowledged.then(|| "ack".to_owned()).into_iter().chain(error).collect::<Vec<_>>()
        };
        self.polls().iter().flat_map(of_poll).collect()
    }

    /// How often the receiver decided on a SET.
    pub fn received(&self, name: &str) -> usize {
        let raw = self.given.lock().unwrap().get(name).cloned().unwrap_or_default();
        let notices = self.notices.lock().unwrap();
        notices.iter().filter(|notice| matches!(notice, Notice::Received { set, .. } if *set == raw)).count()
    }

    /// What was said of a SET once something is, or once it came again because nothing was; and what was said after that.
    pub async fn settled(&self, name: &str) -> Value {
        until(|| self.said(name).is_some() || self.received(name) > 1).await;
        let fence = self.offer(json!({ "sub_id": { "format": "opaque", "id": "fence" } }));
        until(|| self.received(&fence) > 0).await;
        let polls = self.polls().len();
        until(|| self.polls().len() > polls).await;
        json!(self.all_said(name).join("+"))
    }

    pub fn is_applied(&self, jti: &str) -> bool {
        self.receiver.state()["applied"].as_array().unwrap().iter().any(|known| known == jti)
    }

    pub fn told(&self, found: impl Fn(&Notice) -> bool) -> bool {
        self.notices.lock().unwrap().iter().any(found)
    }
}

/// Waits for something that cannot be subscribed to.
#[track_caller]
pub fn until(is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let waiting = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), waiting).await.is_err() {
            panic!("it does not come to pass: {caller}");
        }
    }
}
