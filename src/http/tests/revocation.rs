//! Certificates that a list revokes, and connections that end without a word.

use axum::routing::get;

use super::*;

/// A server that serves a list under `/list`, once there is one.
async fn lists() -> (Server, Arc<std::sync::OnceLock<Vec<u8>>>) {
    let list: Arc<std::sync::OnceLock<Vec<u8>>> = Arc::default();
    let served = list.clone();
    let answer = move || {
        let list = served.get().cloned().unwrap_or_default();
        async move { list }
    };
    let router = Router::new().route("/list", get(answer));
    (Server::bind(ServerOptions::default(), router, Recorder::default()).await.unwrap(), list)
}

/// A certificate that a list revokes, and the server of the list.
async fn revoked(authority: &Authority) -> (Server, ServerTls) {
    let (at, list) = lists().await;
    let (tls, signed) = authority.issue_revoked(&["localhost"], &format!("{}/list", at.url())).unwrap();
    list.get_or_init(|| signed);
    (at, tls)
}

async fn silent(tls: ServerTls, records_silence: bool) -> (Server, Recorder, Url) {
    let (server, recorder) = server(|options| {
        options.tls = Some(tls);
        options.records_silence = records_silence;
    })
    .await;
    let url = format!("https://localhost:{}/echo", server.addr().port()).parse().unwrap();
    (server, recorder, url)
}

fn trusting(authority: &Authority, checks_revocation: bool) -> Client {
    let pem = authority.pem().into_bytes();
    client(|options| {
        options.roots = Roots::Only(pem);
        options.checks_revocation = checks_revocation;
    })
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_by_whoever_looks_at_the_list() {
    let authority = Authority::new().unwrap();
    let (_lists, tls) = revoked(&authority).await;
    let (_server, recorder, url) = silent(tls, true).await;
    let mut ended = recorder.subscribe();

    let refused = trusting(&authority, true).send(RequestSpec::new("GET", url.clone())).await;
    assert_eq!(failed(&refused), FailureKind::CertificateInvalid);
    let seen = next(&mut ended).await;
    assert_eq!((failed(&seen), seen.request.method.as_str()), (FailureKind::Closed, ""));
    assert!(seen.tls.is_some());

    let taken = trusting(&authority, false).send(RequestSpec::new("GET", url)).await;
    assert_eq!(taken.status(), Some(200));
}

#[tokio::test]
async fn a_list_of_another_authority_or_none_revokes_nothing() {
    let (authority, another) = (Authority::new().unwrap(), Authority::new().unwrap());
    let (at, list) = lists().await;
    let named = format!("{}/list", at.url());
    let (tls, _) = authority.issue_revoked(&["localhost"], &named).unwrap();
    let (_server, _, url) = silent(tls, false).await;
    let client = trusting(&authority, true);
    assert_eq!(client.send(RequestSpec::new("GET", url.clone())).await.status(), Some(200), "the list is empty");

    list.get_or_init(|| another.issue_revoked(&["localhost"], &named).unwrap().1);
    assert_eq!(client.send(RequestSpec::new("GET", url)).await.status(), Some(200), "the list is another's");
}

#[tokio::test]
async fn silence_is_recorded_only_where_it_is_asked_for() {
    let authority = Authority::new().unwrap();
    let (_lists, tls) = revoked(&authority).await;
    let (server, recorder, url) = silent(tls, false).await;
    let refused = trusting(&authority, true).send(RequestSpec::new("GET", url)).await;
    assert_eq!(failed(&refused), FailureKind::CertificateInvalid);
    // Every connection has ended then.
    server.shutdown().await;
    assert!(recorder.exchanges().is_empty());
}
