//! The probe against our own servers, good and broken.

use super::*;

async fn outcomes(change: impl FnOnce(&mut ServerOptions)) -> Vec<HelloFacts> {
    let tls = Authority::new().unwrap().issue(&["localhost"]).unwrap();
    let (server, _) = server(|options| {
        options.tls = Some(tls);
        change(options);
    })
    .await;
    let mut facts = Vec::new();
    for offer in Offer::ALL {
        facts.push(probe("localhost", server.addr().port(), offer, Duration::from_secs(2)).await);
    }
    facts
}

fn short(facts: &[HelloFacts]) -> Vec<String> {
    let short = |facts: &HelloFacts| match (&facts.version, facts.alert) {
        (Some(version), _) => version.clone(),
        (None, Some(alert)) => format!("alert {alert}"),
        (None, None) => format!("{:?}", facts.outcome),
    };
    facts.iter().map(short).collect()
}

#[tokio::test]
async fn a_good_server_refuses_what_is_old() {
    let facts = outcomes(|_| {}).await;
    assert_eq!(short(&facts), ["alert 70", "alert 70", "1.2", "1.3"]);
    assert_eq!(facts.iter().map(HelloFacts::agreed).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(facts[0].message.ends_with("got alert 70 (protocol_version)"));
}

#[tokio::test]
async fn a_server_that_accepts_what_is_old_is_caught() {
    let facts = outcomes(|options| options.accepts_old_tls = true).await;
    assert_eq!(short(&facts), ["1.0", "1.1", "1.2", "1.3"]);
}

#[tokio::test]
async fn a_server_of_the_past_is_caught() {
    let facts = outcomes(|options| options.only_old_tls = true).await;
    assert_eq!(short(&facts), ["1.0", "1.1", "alert 70", "alert 70"]);
}

#[tokio::test]
async fn one_version_alone_is_seen() {
    let tls = Authority::new().unwrap().issue(&["localhost"]).unwrap();
    let tls12 = tls.clone().with_versions(TlsVersion::V1_2, TlsVersion::V1_2);
    let facts = outcomes(|options| options.tls = Some(tls12.unwrap())).await;
    assert_eq!(short(&facts)[2..], ["1.2", "alert 70"]);
    let tls13 = tls.with_versions(TlsVersion::V1_3, TlsVersion::V1_3);
    let facts = outcomes(|options| options.tls = Some(tls13.unwrap())).await;
    assert_eq!(short(&facts)[2..], ["alert 70", "1.3"]);
}

#[tokio::test]
async fn an_old_tls_server_still_serves_new_clients() {
    let authority = Authority::new().unwrap();
    let tls = authority.issue(&["localhost"]).unwrap();
    let (server, _) = server(|options| {
        options.tls = Some(tls);
        options.accepts_old_tls = true;
    })
    .await;
    let client = client(|options| options.roots = Roots::Only(authority.pem().into()));
    let url = format!("https://localhost:{}/echo", server.addr().port());
    let exchange = client.send(RequestSpec::new("GET", url.parse().unwrap())).await;
    assert_eq!(whole(exchange).status, 200);
}

#[tokio::test]
async fn other_ports_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acts = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-x\r\n").await.unwrap();
        let (mut closes, _) = listener.accept().await.unwrap();
        let _ = closes.read(&mut [0; 4096]).await;
        drop(closes);
        let mute = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop((mute, stream));
    });
    let ask = || probe("127.0.0.1", port, Offer::Tls12, SHORT);
    assert_eq!(ask().await.outcome, HelloOutcome::NotTls);
    assert_eq!(ask().await.outcome, HelloOutcome::Closed);
    assert_eq!(ask().await.outcome, HelloOutcome::Timeout);
    acts.abort();
    let _ = acts.await;
    assert_eq!(ask().await.outcome, HelloOutcome::Unreachable);
}
