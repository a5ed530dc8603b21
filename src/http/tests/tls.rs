//! Certificates and versions, with our server on the other side.

use super::*;

fn trusting(authority: &Authority) -> Client {
    let pem = authority.pem().into_bytes();
    client(|options| options.roots = Roots::Only(pem))
}

async fn secure(tls: ServerTls) -> (Server, Recorder, String) {
    let (server, recorder) = server(|options| options.tls = Some(tls)).await;
    let url = format!("https://localhost:{}/echo", server.addr().port());
    (server, recorder, url)
}

async fn ask(client: &Client, url: &str) -> Exchange {
    let spec = RequestSpec::new("POST", url.parse().unwrap()).body("hello");
    client.send(spec).await
}

#[tokio::test]
async fn facts_are_recorded_on_both_sides() {
    let authority = Authority::new().unwrap();
    let tls = authority.issue(&["localhost", "127.0.0.1"]).unwrap();
    let (server, recorder, url) = secure(tls).await;
    let client = trusting(&authority);

    let exchange = ask(&client, &url).await;
    let facts = exchange.tls.clone().unwrap();
    assert_eq!(whole(exchange).body, b"hello");
    assert_eq!(facts.version, "1.3");
    assert!(facts.cipher_suite.starts_with("TLS_"), "{facts:?}");
    assert_eq!(facts.alpn.as_deref(), Some("http/1.1"));
    assert!(facts.verified);
    let certificate = facts.certificate.unwrap();
    assert_eq!(certificate.names, ["localhost", "127.0.0.1"]);
    assert_eq!(certificate.sha256.len(), 64);
    assert!(certificate.not_before < certificate.not_after);
    assert!(certificate.not_after.unwrap().starts_with("20"));

    let recorded = &recorder.exchanges()[0];
    assert_eq!(recorded.request.url, url);
    assert_eq!(recorded.tls.as_ref().unwrap().version, "1.3");

    let by_address = format!("https://{}/echo", server.addr());
    assert_eq!(ask(&client, &by_address).await.status(), Some(200));
    server.shutdown().await;
}

#[tokio::test]
async fn versions_can_be_limited() {
    let authority = Authority::new().unwrap();
    for (version, name) in [(TlsVersion::V1_2, "1.2"), (TlsVersion::V1_3, "1.3")] {
        let tls = authority.issue(&["localhost"]).unwrap();
        let tls = tls.with_versions(version, version).unwrap();
        let (_server, _, url) = secure(tls).await;
        let exchange = ask(&trusting(&authority), &url).await;
        assert_eq!(exchange.tls.unwrap().version, name);
    }
    let tls = authority.issue(&["localhost"]).unwrap();
    assert!(tls.with_versions(TlsVersion::V1_3, TlsVersion::V1_2).is_err());
}

#[tokio::test]
async fn bad_certificates_are_told_apart_from_other_failures() {
    let authority = Authority::new().unwrap();
    let stranger = Authority::new().unwrap();
    let client = trusting(&authority);
    for (tls, says) in [
        (authority.issue(&["other.example"]), "other.example"),
        (authority.issue_expired(&["localhost"]), "expired"),
        (stranger.issue(&["localhost"]), "UnknownIssuer"),
    ] {
        let (_server, recorder, url) = secure(tls.unwrap()).await;
        let mut ended = recorder.subscribe();
        let exchange = ask(&client, &url).await;
        assert_eq!(failed(&exchange), FailureKind::CertificateInvalid);
        let message = exchange.failure.unwrap().message;
        assert!(message.contains(says), "{message}");

        // The other side sees why, too: the alert says that it is about the certificate.
        let seen = next(&mut ended).await;
        assert_eq!(failed(&seen), FailureKind::CertificateInvalid);
    }
}

#[tokio::test]
async fn an_insecure_client_accepts_and_says_so() {
    let authority = Authority::new().unwrap();
    let (_server, _, url) = secure(authority.issue_expired(&["other"]).unwrap()).await;
    let exchange = ask(&client(|options| options.insecure = true), &url).await;
    assert!(!exchange.tls.clone().unwrap().verified);
    assert_eq!(whole(exchange).status, 200);
}

#[tokio::test]
async fn system_roots_can_be_added_to() {
    let authority = Authority::new().unwrap();
    let (_server, _, url) = secure(authority.issue(&["localhost"]).unwrap()).await;
    let pem = authority.pem().into_bytes();
    let client = client(|options| options.roots = Roots::SystemAnd(pem));
    assert_eq!(ask(&client, &url).await.status(), Some(200));
}

#[tokio::test]
async fn plain_http_on_a_tls_port_and_the_reverse_are_told() {
    let authority = Authority::new().unwrap();
    let (tls_server, recorder, _) = secure(authority.issue(&["localhost"]).unwrap()).await;
    let mut ended = recorder.subscribe();
    let exchange = get(format!("http://{}/", tls_server.addr()).parse().unwrap()).await;
    assert_eq!(failed(&exchange), FailureKind::Malformed);
    let message = exchange.failure.unwrap().message;
    assert!(message.contains("looks like TLS"), "{message}");
    assert_eq!(failed(&*next(&mut ended).await), FailureKind::Tls);

    let (plain, recorder) = server(|_| {}).await;
    let mut ended = recorder.subscribe();
    let url = format!("https://{}/", plain.addr());
    let exchange = ask(&trusting(&authority), &url).await;
    assert_eq!(failed(&exchange), FailureKind::Tls);
    assert_eq!(failed(&*next(&mut ended).await), FailureKind::Malformed);
}

#[test]
fn useless_pem_is_an_error_with_its_place() {
    let error = ServerTls::from_pem(b"", b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "certificate chain: expected at least one certificate in PEM, got 0 bytes without one"
    );
    let authority = Authority::new().unwrap();
    let error = ServerTls::from_pem(authority.pem().as_bytes(), b"nothing").unwrap_err();
    assert!(error.to_string().starts_with("private key: "), "{error}");
    assert!(authority.issue(&["not\u{e9}ascii"]).is_err());
}

#[test]
fn the_crypto_provider_can_be_installed_twice() {
    install_crypto();
    install_crypto();
}
