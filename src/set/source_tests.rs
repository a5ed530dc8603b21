use std::sync::atomic::{AtomicUsize, Ordering};

use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

use super::*;
use crate::set::Alg;
use crate::set::testing::key;

fn document(kids: &[&str]) -> serde_json::Value {
    let keys: Vec<_> = kids.iter().map(|kid| key(Alg::Es256).with_kid(Some(kid))).collect();
    Jwks::from_keys(&keys.iter().collect::<Vec<_>>())
}

fn remote(server: &MockServer, path: &str) -> RemoteJwks {
    // An error means that another test was first.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let url = Url::parse(&server.uri()).and_then(|base| base.join(path)).unwrap();
    RemoteJwks::with_default_client(url).unwrap()
}

async fn serve(server: &MockServer, path: &str, answer: ResponseTemplate) {
    Mock::given(matchers::path(path)).respond_with(answer).mount(server).await;
}

async fn error(remote: RemoteJwks) -> String {
    JwksSource::remote(remote).keys_for(None).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_unknown_kid_fetches_again_but_not_before_the_interval() {
    let server = MockServer::start().await;
    let count = AtomicUsize::new(0);
    Mock::given(matchers::path("/jwks"))
        .respond_with(move |_: &Request| {
            let kids = ["a", "b", "c"];
            let upto = (count.fetch_add(1, Ordering::SeqCst) + 1).min(kids.len());
            ResponseTemplate::new(200).set_body_json(document(&kids[..upto]))
        })
        .mount(&server)
        .await;
    let fetches = async || server.received_requests().await.unwrap().len();

    let eager = remote(&server, "/jwks").min_interval(Duration::ZERO);
    assert!(eager.keys_for(Some("a")).await.unwrap().has("a"));
    eager.keys_for(Some("a")).await.unwrap();
    assert_eq!(fetches().await, 1);
    assert!(eager.keys_for(Some("b")).await.unwrap().has("b"));
    eager.keys_for(None).await.unwrap();
    assert_eq!(fetches().await, 3);

    let patient = remote(&server, "/jwks").min_interval(Duration::from_secs(600));
    for _ in 0..5 {
        assert!(!patient.keys_for(Some("nowhere")).await.unwrap().has("nowhere"));
        patient.keys_for(None).await.unwrap();
    }
    assert_eq!(fetches().await, 4);
}

#[tokio::test]
async fn concurrent_callers_share_one_fetch() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(document(&["a"]));
    serve(&server, "/jwks", answer.set_delay(Duration::from_millis(50))).await;
    let remote = remote(&server, "/jwks");
    let (one, two) = tokio::join!(remote.keys_for(Some("a")), remote.keys_for(Some("a")));
    assert!(one.unwrap().has("a") && two.unwrap().has("a"));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn old_keys_outlive_a_failing_fetch() {
    let server = MockServer::start().await;
    let good = ResponseTemplate::new(200).set_body_json(document(&["a"]));
    let once = Mock::given(matchers::path("/jwks")).respond_with(good).up_to_n_times(1);
    once.mount(&server).await;
    let remote = remote(&server, "/jwks").min_interval(Duration::ZERO);
    remote.keys_for(None).await.unwrap();
    assert!(remote.keys_for(Some("b")).await.unwrap().has("a"));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_used_is_an_error_with_its_place() {
    let server = MockServer::start().await;
    let huge = "x".repeat(MAX_BYTES + 1);
    serve(&server, "/huge", ResponseTemplate::new(200).set_body_string(huge)).await;
    serve(&server, "/html", ResponseTemplate::new(200).set_body_string("<html>")).await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    serve(&server, "/slow", slow).await;
    let around = ResponseTemplate::new(302).insert_header("location", "/around");
    serve(&server, "/around", around).await;

    for (path, word) in [
        ("/huge", "more than 1048576 bytes"),
        ("/html", "not JSON"),
        ("/missing", "got 404"),
        ("/around", "more than three redirects"),
    ] {
        let text = error(remote(&server, path)).await;
        assert!(text.contains(path) && text.contains(word), "{text}");
    }
    let text = error(remote(&server, "/slow").timeout(Duration::from_millis(50))).await;
    assert!(text.contains("no answer within 50ms"), "{text}");
    let hops = server.received_requests().await.unwrap();
    assert_eq!(hops.iter().filter(|request| request.url.path() == "/around").count(), 4);
}

#[tokio::test]
async fn a_failed_fetch_is_remembered_for_the_interval() {
    let server = MockServer::start().await;
    let remote = remote(&server, "/missing").min_interval(Duration::from_secs(600));
    for _ in 0..3 {
        assert!(remote.keys_for(Some("a")).await.is_err());
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_is_read_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let source = JwksSource::File(path.clone());
    assert!(source.keys_for(None).await.unwrap_err().to_string().contains("jwks.json"));
    for kid in ["a", "b"] {
        std::fs::write(&path, document(&[kid]).to_string()).unwrap();
        assert!(source.keys_for(None).await.unwrap().has(kid));
    }
    std::fs::write(&path, vec![b' '; MAX_BYTES + 1]).unwrap();
    assert!(source.keys_for(None).await.unwrap_err().to_string().contains("more than"));
    let fixed = JwksSource::Fixed(Jwks::from_value(&document(&["f"])).unwrap());
    assert!(fixed.keys_for(Some("x")).await.unwrap().has("f"));
}

#[tokio::test]
async fn credentials_in_the_url_are_not_shown() {
    let server = MockServer::start().await;
    let path = server.uri().replace("http://", "http://user:hunter2@") + "/missing";
    let text = error(remote(&server, &path)).await;
    assert!(text.contains("/missing: expected status 200") && !text.contains("hunter2"), "{text}");
    // Nothing listens on port 1.
    let text = error(remote(&server, "http://user:hunter2@127.0.0.1:1/jwks")).await;
    assert!(text.contains("refused") && !text.contains("hunter2"), "{text}");
}
