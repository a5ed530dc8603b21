//! Token endpoints.

use serde_json::json;
use setspec::peer::ssf::{Answer, Operation};
use setspec::run::transmitter::settings::{ClientAuthentication, ClientSettings, CredentialSettings};

use crate::bench::{CLIENT_SECRET, Hostile, Seen, run, settings, start};

async fn with_a_client(hostile: &std::sync::Arc<Hostile>) -> Seen {
    let transmitter = start(hostile.clone(), |_| ()).await;
    let mut settings = settings(transmitter.issuer());
    settings.credential = Some(CredentialSettings::Client(ClientSettings {
        id: "harness".to_owned(),
        authentication: ClientAuthentication::Basic(CLIENT_SECRET.to_owned().into()),
        token_endpoint: None,
        scope: None,
    }));
    let seen = run(settings).await;
    assert!(!seen.told().contains(CLIENT_SECRET));
    let left = transmitter.streams().len();
    assert!(left == 0 || hostile.count(Operation::Create) == left, "{left} are left: {}", seen.told());
    seen
}

#[tokio::test]
async fn without_a_misdeed_all_is_well() {
    let hostile = Hostile::answers(|_, _, answer| answer);
    let seen = with_a_client(&hostile).await;
    assert_eq!(seen.finished.verdict.name(), "conformant", "{}", seen.told());
    // One for everything, and one that may only read.
    assert_eq!(hostile.count(Operation::Token), 2);
}

#[tokio::test]
async fn a_token_endpoint_that_redirects_to_itself() {
    let hostile = Hostile::answers_to(Operation::Token, |facts, _| {
        Answer { status: 307, ..Answer::default() }.with("Location", &facts.path)
    });
    with_a_client(&hostile).await.inconclusive().preflight_says("credentials do not follow a redirect");
    assert!(hostile.count(Operation::Token) < 10, "{}", hostile.count(Operation::Token));
}

/// Every request is refused, and every token is a new one.
#[tokio::test]
async fn tokens_that_are_all_refused() {
    let hostile = Hostile::answers(|operation, _, answer| match operation {
        Operation::Metadata | Operation::AuthorizationServer | Operation::Jwks | Operation::Token => answer,
        _ => Answer::empty(401),
    });
    with_a_client(&hostile).await.not_conformant().preflight_says("refused with 401");
    assert!(hostile.count(Operation::Token) < 10, "{}", hostile.count(Operation::Token));
}

/// Every token has ended before it came, and is as long as one may be.
#[tokio::test]
async fn tokens_that_never_last() {
    let hostile = Hostile::documents(Operation::Token, |token| {
        token["access_token"] = json!(format!("{}{}", uuid::Uuid::new_v4(), "x".repeat(8_000)));
        token["expires_in"] = json!(0);
    });
    with_a_client(&hostile).await.not_conformant();
    assert!(hostile.count(Operation::Token) <= 50, "{}", hostile.count(Operation::Token));
}

/// The same where they are good and short-lived: the run asks for one after the other.
#[tokio::test]
async fn tokens_that_never_last_and_are_good() {
    let hostile = Hostile::documents(Operation::Token, |token| token["expires_in"] = json!(0));
    let seen = with_a_client(&hostile).await;
    assert_eq!(seen.finished.verdict.name(), "conformant", "{}", seen.told());
    assert!(hostile.count(Operation::Token) <= 100, "{}", hostile.count(Operation::Token));
}

#[tokio::test]
async fn a_token_endpoint_below_another_issuer() {
    let hostile = Hostile::documents(Operation::AuthorizationServer, |server| {
        server["issuer"] = json!("https://elsewhere.example");
    });
    with_a_client(&hostile).await.inconclusive().preflight_says("no token endpoint");
    assert_eq!(hostile.count(Operation::Token), 0);
}
