//! Against the built-in transmitter, and against token endpoints that mean us no good.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::{Credential, Limited};
use crate::http::{Client, ClientOptions, Exchange, Recorder, RequestSpec, Server, ServerOptions};
use crate::peer::ssf::{ClientCredentials, ReceiverAccount, SsfOptions, SsfTransmitter};
use crate::run::transmitter::settings::{ClientAuthentication, ClientSettings, CredentialSettings};
use crate::set::{Alg, Jwks, Signature, SigningKey, Token, verify};
use crate::suite::model::case::Auth;

const ID: &str = "rx:one & only";
const SECRET: &str = "pl4nted+s3cret/with: odd=chars";
const ACCESS: &str = "pl4nted-access-token";

fn client() -> Client {
    crate::install_crypto();
    let options = ClientOptions { max_body: 1024 * 1024, ..ClientOptions::default() };
    Client::new(options).expect("a client")
}

fn credential(authentication: ClientAuthentication, token_endpoint: Option<Url>, issuer: &str) -> Credential {
    let client =
        ClientSettings { id: ID.to_owned(), authentication, token_endpoint, scope: Some("ssf.manage".to_owned()) };
    Credential::new(CredentialSettings::Client(client), issuer)
}

fn secret() -> SecretString {
    SecretString::from(SECRET)
}

/// A server that answers by a function, and what it was asked.
struct Endpoint {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
struct Asked {
    path: String,
    headers: HeaderMap,
    form: Vec<(String, String)>,
}

impl Asked {
    fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Answering = Arc<dyn Fn(&Asked) -> Response + Send + Sync>;

impl Endpoint {
    async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        crate::install_crypto();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let answer: Answering = Arc::new(answer);
        let router = Router::new().fallback(serve).with_state((asked.clone(), answer));
        let server = Server::bind(ServerOptions::default(), router, Recorder::new(1)).await.expect("a server");
        Self { server, asked }
    }

    fn url(&self) -> Url {
        Url::parse(&format!("{}/token", self.server.url())).expect("a URL")
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// A credential for this endpoint.
    fn credential(&self) -> Credential {
        credential(ClientAuthentication::Basic(secret()), Some(self.url()), "https://issuer.example.com")
    }
}

async fn serve(
    State((known, answer)): State<(Arc<Mutex<Vec<Asked>>>, Answering)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = url::form_urlencoded::parse(&body).into_owned().collect();
    let asked = Asked { path: uri.path().to_owned(), headers, form };
    known.lock().expect("no panic").push(asked.clone());
    answer(&asked)
}

fn granted(changes: Value) -> Response {
    let mut document = json!({ "access_token": ACCESS, "token_type": "Bearer", "expires_in": 3600 });
    for (name, value) in changes.as_object().expect("an object") {
        document[name] = value.clone();
    }
    axum::Json(document).into_response()
}

/// Neither what was configured nor what was handed out is in the records.
#[track_caller]
fn without_secrets(exchanges: &[Exchange], more: &str) {
    let text = format!("{}{more}", serde_json::to_string(exchanges).expect("JSON"));
    for part in ["pl4nted", "s3cret", "cGw0bnRlZ"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

async fn transmitter() -> SsfTransmitter {
    let account = ReceiverAccount {
        name: "one".to_owned(),
        tokens: Vec::new(),
        client: Some(ClientCredentials { id: ID.to_owned(), secret: secret(), keys: None }),
        audience: vec!["https://receiver.example.com".to_owned()],
        ..ReceiverAccount::default()
    };
    let client = client();
    let key = Arc::new(SigningKey::generate(Alg::Es256, "key-1").expect("a key"));
    SsfTransmitter::start(SsfOptions::new(vec![account], key, client)).await.expect("a transmitter")
}

#[tokio::test]
async fn a_token_is_got_kept_and_accepted() {
    let transmitter = transmitter().await;
    for authentication in [ClientAuthentication::Basic(secret()), ClientAuthentication::Post(secret())] {
        let client = client();
        let credential = credential(authentication, None, transmitter.issuer());
        let (value, exchanges) = credential.authorization(&client).await;
        let value = value.expect("a token");
        assert_eq!(exchanges.len(), 2, "the metadata and the token: {exchanges:?}");
        let token = value.strip_prefix("Bearer ").expect("a bearer token");
        without_secrets(&exchanges, "");
        assert!(!serde_json::to_string(&exchanges).expect("JSON").contains(token));

        let url = Url::parse(&format!("{}/ssf/streams", transmitter.issuer())).expect("a URL");
        let asked = client.send(RequestSpec::new("GET", url).header("Authorization", value.clone())).await;
        assert_eq!(asked.status(), Some(200));
        assert_eq!(credential.authorization(&client).await, (Ok(value), Vec::new()));
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_in_the_words_of_the_endpoint() {
    let transmitter = transmitter().await;
    let wrong = ClientAuthentication::Basic(SecretString::from("pl4nted-but-wrong"));
    let (outcome, exchanges) = credential(wrong, None, transmitter.issuer()).authorization(&client()).await;
    let why = outcome.expect_err("refused");
    assert!(why.starts_with(&format!("token endpoint {}/oauth/token: ", transmitter.issuer())), "{why}");
    assert!(why.contains("expected status 200, got 401 and the error \"invalid_client\""), "{why}");
    without_secrets(&exchanges, &why);
}

#[tokio::test]
async fn basic_credentials_are_form_encoded_first() {
    let endpoint = Endpoint::start(|_| granted(json!({}))).await;
    endpoint.credential().authorization(&client()).await.0.expect("a token");
    let asked = &endpoint.asked()[0];
    // "rx%3Aone+%26+only:pl4nted%2Bs3cret%2Fwith%3A+odd%3Dchars"
    let expected = "Basic cnglM0FvbmUrJTI2K29ubHk6cGw0bnRlZCUyQnMzY3JldCUyRndpdGglM0Erb2RkJTNEY2hhcnM=";
    assert_eq!(asked.headers[header::AUTHORIZATION], expected);
    assert_eq!(asked.field("grant_type"), Some("client_credentials"));
    assert_eq!(asked.field("scope"), Some("ssf.manage"));
    assert_eq!((asked.field("client_id"), asked.field("client_secret")), (None, None));
}

#[tokio::test]
async fn a_private_key_signs_an_assertion_for_the_endpoint() {
    let endpoint = Endpoint::start(|_| granted(json!({}))).await;
    let key = Arc::new(SigningKey::generate(Alg::Es256, "client-key").expect("a key"));
    let authentication = ClientAuthentication::PrivateKey(key.clone());
    let credential = credential(authentication, Some(endpoint.url()), "https://issuer.example.com");
    let (outcome, exchanges) = credential.authorization(&client()).await;
    outcome.expect("a token");
    let asked = &endpoint.asked()[0];
    assert_eq!(asked.field("client_assertion_type"), Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    let assertion = asked.field("client_assertion").expect("an assertion");
    let token = Token::parse(assertion);
    assert!(matches!(verify(&token, &Jwks::for_keys(&[&key]).expect("keys")), Signature::Valid { .. }));
    let header = token.header.expect("a header");
    assert_eq!((&header["typ"], &header["kid"]), (&json!("JWT"), &json!("client-key")));
    let claims = token.claims.expect("claims");
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(ID), &json!(ID)));
    assert_eq!(claims["aud"], json!(endpoint.url().as_str()));
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(60));
    let records = serde_json::to_string(&exchanges).expect("JSON");
    assert!(!records.contains(assertion), "{records}");
}

#[tokio::test]
async fn whoever_waits_for_a_token_gets_the_same_one() {
    let count = Arc::new(AtomicUsize::new(0));
    let fetches = count.clone();
    let endpoint = Endpoint::start(move |_| {
        let number = fetches.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(30));
        granted(json!({ "access_token": format!("token-{number}") }))
    })
    .await;
    let (credential, client) = (endpoint.credential(), client());
    let all = futures_util::future::join_all((0..8).map(|_| credential.authorization(&client))).await;
    assert!(all.iter().all(|(value, _)| value.as_deref() == Ok("Bearer token-0")), "{all:?}");
    assert_eq!(all.iter().filter(|(_, exchanges)| !exchanges.is_empty()).count(), 1);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_is_shared_too() {
    let endpoint = Endpoint::start(|_| {
        std::thread::sleep(Duration::from_millis(30));
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    })
    .await;
    let (credential, client) = (endpoint.credential(), client());
    let all = futures_util::future::join_all((0..8).map(|_| credential.authorization(&client))).await;
    assert!(all.iter().all(|(value, _)| value.is_err()), "{all:?}");
    assert_eq!(endpoint.asked().len(), 1);
    // Who comes later asks again.
    credential.authorization(&client).await.0.expect_err("still unavailable");
    assert_eq!(endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_once_when_it_is_refused() {
    let count = AtomicUsize::new(0);
    let endpoint = Endpoint::start(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let lifetime = if number == 0 { 0 } else { 3600 };
        granted(json!({ "access_token": format!("token-{number}"), "expires_in": lifetime }))
    })
    .await;
    let (credential, client) = (endpoint.credential(), client());
    let next = async || credential.authorization(&client).await.0.expect("a token");
    assert_eq!(next().await, "Bearer token-0");
    assert_eq!(next().await, "Bearer token-1");
    assert_eq!(next().await, "Bearer token-1");
    assert!(credential.expire("Bearer token-0").await, "another one is there already");
    assert_eq!(next().await, "Bearer token-1");
    assert!(credential.expire("Bearer token-1").await);
    assert_eq!(next().await, "Bearer token-2");
    assert!(!credential.expire("Bearer token-2").await, "a third one would fare no better");
    assert_eq!(next().await, "Bearer token-2");
}

#[tokio::test]
async fn a_fixed_token_is_used_as_it_is() {
    let credential =
        Credential::new(CredentialSettings::Token(SecretString::from("fixed")), "https://issuer.example.com");
    assert_eq!(credential.authorization(&client()).await, (Ok("Bearer fixed".to_owned()), Vec::new()));
    assert!(!credential.expire("Bearer fixed").await);
}

#[tokio::test]
async fn what_is_no_token_answer_is_refused_in_words() {
    type Row = (&'static str, Box<dyn Fn() -> Response + Send + Sync>, &'static str);
    let json = |changes: Value| Box::new(move || granted(changes.clone())) as Box<dyn Fn() -> Response + Send + Sync>;
    let table: Vec<Row> = vec![
        ("a flood", Box::new(|| vec![b' '; 1_200_000].into_response()), "expected at most 65536 bytes, got more"),
        (
            "much",
            Box::new(|| format!("{{\"access_token\":\"{ACCESS}\",\"x\":\"{}\"}}", "x".repeat(70_000)).into_response()),
            "expected at most 65536 bytes",
        ),
        (
            "a redirect",
            Box::new(|| (StatusCode::FOUND, [(header::LOCATION, "https://elsewhere.example/")]).into_response()),
            "expected status 200, got 302: credentials do not follow a redirect",
        ),
        (
            "a page",
            Box::new(|| axum::response::Html("<p>Welcome</p>").into_response()),
            "expected a JSON object, got something else (\"text/html\", 14 bytes)",
        ),
        (
            "a form",
            Box::new(|| format!("access_token={ACCESS}&token_type=bearer").into_response()),
            "expected a JSON object, got something else",
        ),
        ("a list", Box::new(|| axum::Json(json!([ACCESS])).into_response()), "expected a JSON object, got an array"),
        ("201", Box::new(|| (StatusCode::CREATED, granted(json!({}))).into_response()), "expected status 200, got 201"),
        (
            "a line break",
            json(json!({ "access_token": format!("{ACCESS}\r\nX-Injected: 1") })),
            "access_token: expected visible ASCII characters only, got others too",
        ),
        ("a space", json(json!({ "access_token": format!("{ACCESS} x") })), "access_token: expected visible ASCII"),
        ("nothing", json(json!({ "access_token": "" })), "access_token: expected 1 to 8192 bytes, got 0"),
        (
            "a long one",
            json(json!({ "access_token": "x".repeat(9000) })),
            "access_token: expected 1 to 8192 bytes, got 9000",
        ),
        ("a number", json(json!({ "access_token": 1 })), "access_token: expected a string, got a number"),
        ("another type", json(json!({ "token_type": "mac" })), "token_type: expected Bearer, got \"mac\""),
        ("no type", json(json!({ "token_type": null })), "token_type: expected Bearer, got null"),
        ("a text", json(json!({ "expires_in": "3600" })), "expires_in: expected a number of seconds, got a string"),
        ("the past", json(json!({ "expires_in": -1 })), "expires_in: expected seconds, got -1"),
        (
            "an echo",
            Box::new(|| {
                (
                    StatusCode::BAD_REQUEST,
                    axum::Json(
                        json!({ "error": "invalid_client", "error_description": format!("no {SECRET}\u{1b}[2J") }),
                    ),
                )
                    .into_response()
            }),
            "got 400 and the error \"invalid_client\": \"no [redacted]\\u{1b}[2J\"",
        ),
    ];
    for (name, answer, says) in table {
        let endpoint = Endpoint::start(move |_| answer()).await;
        let (outcome, exchanges) = endpoint.credential().authorization(&client()).await;
        let why = outcome.expect_err(name);
        assert!(why.contains(says), "{name}: {why}");
        assert!(why.starts_with(&format!("token endpoint {}: ", endpoint.url())), "{name}: {why}");
        without_secrets(&exchanges, &why);
        assert_eq!(endpoint.asked().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn any_case_of_bearer_and_no_lifetime_will_do() {
    let endpoint =
        Endpoint::start(|_| axum::Json(json!({ "access_token": ACCESS, "token_type": "BEARER" })).into_response());
    let endpoint = endpoint.await;
    let (credential, client) = (endpoint.credential(), client());
    for _ in 0..2 {
        assert_eq!(credential.authorization(&client).await.0, Ok(format!("Bearer {ACCESS}")));
    }
    assert_eq!(endpoint.asked().len(), 1);
}

#[tokio::test]
async fn a_mute_endpoint_costs_one_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url =
        Url::parse(&format!("http://{}/token?key=pl4nted", listener.local_addr().expect("an address"))).expect("a URL");
    crate::install_crypto();
    let options = ClientOptions { response_timeout: Duration::from_millis(50), ..ClientOptions::default() };
    let client = Client::new(options).expect("a client");
    let credential = credential(ClientAuthentication::Post(secret()), Some(url), "https://issuer.example.com");
    let (outcome, _) = credential.authorization(&client).await;
    let why = outcome.expect_err("no answer");
    assert!(!why.contains("pl4nted"), "{why}");
}

/// Answers both documents.
async fn discovering(answer: impl Fn(&str, &str) -> Option<Value> + Send + Sync + 'static) -> Endpoint {
    let base = Arc::new(std::sync::OnceLock::<String>::new());
    let known = base.clone();
    let endpoint = Endpoint::start(move |asked| {
        let base = known.get().map(String::as_str).unwrap_or_default();
        match (asked.path.as_str(), answer(&asked.path, base)) {
            ("/token", _) => granted(json!({})),
            (_, Some(document)) => axum::Json(document).into_response(),
            (_, None) => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await;
    base.get_or_init(|| endpoint.server.url());
    endpoint
}

#[tokio::test]
async fn the_second_document_is_asked_when_the_first_is_not_there() {
    let endpoint = discovering(|path, base| {
        let issuer = format!("{base}/tenant");
        (path == "/tenant/.well-known/openid-configuration")
            .then(|| json!({ "issuer": issuer, "token_endpoint": format!("{base}/token") }))
    })
    .await;
    let issuer = format!("{}/tenant", endpoint.server.url());
    let credential = credential(ClientAuthentication::Post(secret()), None, &issuer);
    credential.authorization(&client()).await.0.expect("a token");
    let paths: Vec<String> = endpoint.asked().into_iter().map(|asked| asked.path).collect();
    let expected =
        ["/.well-known/oauth-authorization-server/tenant", "/tenant/.well-known/openid-configuration", "/token"];
    assert_eq!(paths, expected);
    assert!(credential.expire(&format!("Bearer {ACCESS}")).await);
    credential.authorization(&client()).await.0.expect("a token");
    assert_eq!(endpoint.asked().len(), 4, "the endpoint is known by now");
}

#[tokio::test]
async fn documents_that_lead_astray_are_not_followed() {
    type Answer = fn(&str, &str) -> Option<Value>;
    let table: [(Answer, &str); 5] = [
        (|_, _| None, "expected status 200, got 404"),
        (|_, _| Some(json!({ "issuer": "https://other.example" })), "issuer: expected"),
        (|_, base| Some(json!({ "issuer": base })), "token_endpoint: expected a URL, got none"),
        (
            |_, base| Some(json!({ "issuer": base, "token_endpoint": "file:///etc/passwd" })),
            "expected an http or https URL",
        ),
        (|_, base| Some(json!({ "token_endpoint": format!("{base}/token") })), "issuer: expected"),
    ];
    for (answer, says) in table {
        let endpoint = discovering(answer).await;
        let credential = credential(ClientAuthentication::Post(secret()), None, &endpoint.server.url());
        let (outcome, exchanges) = credential.authorization(&client()).await;
        let why = outcome.expect_err(says);
        assert!(why.contains(says) && why.contains("--token-endpoint"), "{says}: {why}");
        assert!(endpoint.asked().iter().all(|asked| asked.path != "/token"));
        assert_eq!(exchanges.len(), 2);
    }
}

#[test]
fn a_token_endpoint_without_tls_is_no_place_for_a_secret() {
    let members =
        json!({ "issuer": "https://issuer.example.com/", "token_endpoint": "http://issuer.example.com/token" });
    let members = members.as_object().expect("an object");
    let why = super::discovery::named(members, "https://issuer.example.com").expect_err("http");
    assert_eq!(why, "token_endpoint: expected https, as with the issuer, got http");
}

#[tokio::test]
async fn a_client_gets_itself_tokens_for_less() {
    let transmitter = transmitter().await;
    let (client, limited) = (client(), Limited::default());
    let first = credential(ClientAuthentication::Basic(secret()), None, transmitter.issuer());
    first.authorization(&client).await.0.expect("a token");
    limited.by_scope(Auth::ReadOnly, "ssf.read", &first, &client).await;
    limited.by_scope(Auth::ManageOnly, "ssf.manage", &first, &client).await;
    let revocation = Url::parse(&format!("{}/oauth/revoke", transmitter.issuer())).expect("a URL");
    let exchanges = limited.by_revocation(&revocation, &first, &client).await;
    without_secrets(&exchanges, "");
    let streams = Url::parse(&format!("{}/ssf/streams", transmitter.issuer())).expect("a URL");
    for (auth, reads, creates) in [(Auth::ReadOnly, 200, 403), (Auth::ManageOnly, 200, 201), (Auth::Expired, 401, 401)]
    {
        let value = limited.get(auth).expect("a token").authorization(&client).await.0.expect("its value");
        assert!(!serde_json::to_string(&exchanges).expect("JSON").contains(value.trim_start_matches("Bearer ")));
        let spec = |method| RequestSpec::new(method, streams.clone()).header("Authorization", value.clone());
        assert_eq!(client.send(spec("GET")).await.status(), Some(reads), "{auth:?}");
        let creation = spec("POST").header("Content-Type", "application/json").body("{}");
        assert_eq!(client.send(creation).await.status(), Some(creates), "{auth:?}");
    }
}

#[tokio::test]
async fn a_token_that_may_be_good_for_more_is_none_for_less() {
    // {"scope":"ssf.read"} and {"scp":["ssf.read"]}, as the claims of a JWT.
    let of_jwt = [
        ("e30.eyJzY29wZSI6InNzZi5yZWFkIn0.x", None),
        ("e30.eyJzY3AiOlsic3NmLnJlYWQiXX0.x", None),
        ("e30.e30.x", Some("neither the answer")),
    ];
    let of_answers = [
        (json!({ "scope": "ssf.read" }), None),
        (json!({}), Some("neither the answer to a request for the scope ssf.read nor the token says its scope")),
        (json!({ "scope": "ssf.read ssf.manage" }), Some("the scope ssf.read was asked for")),
        (json!({ "scope": 1 }), Some("neither the answer")),
    ];
    let of_jwt = of_jwt.into_iter().map(|(token, why)| (json!({ "access_token": token }), why));
    for (changes, expected) in of_jwt.chain(of_answers) {
        let answer = changes.clone();
        let endpoint = Endpoint::start(move |_| granted(answer.clone())).await;
        let limited = Limited::default();
        limited.by_scope(Auth::ReadOnly, "ssf.read", &endpoint.credential(), &client()).await;
        assert_eq!(endpoint.asked()[0].field("scope"), Some("ssf.read"));
        assert_eq!(limited.get(Auth::ReadOnly).is_some(), expected.is_none(), "{changes}");
        let why = limited.why_not(Auth::ReadOnly).unwrap_or_default();
        assert!(why.starts_with(expected.unwrap_or_default()), "{changes}: {why}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_ended_is_not_called_expired() {
    let endpoint = Endpoint::start(|asked| match asked.field("token") {
        None => granted(json!({})),
        Some(_) => (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "unsupported_token_type" }))).into_response(),
    })
    .await;
    let limited = Limited::default();
    let exchanges = limited.by_revocation(&endpoint.url(), &endpoint.credential(), &client()).await;
    assert_eq!(endpoint.asked()[1].field("token"), Some(ACCESS));
    let why = limited.why_not(Auth::Expired).expect("a reason");
    assert!(why.ends_with("expected status 200, got 400 and the error \"unsupported_token_type\""), "{why}");
    without_secrets(&exchanges, why);
}
