//! The transmitter on https.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use setspec::http::{Authority, Client, ClientOptions, Offer, RequestSpec, Roots, probe};
use setspec::peer::ssf::{SsfOptions, SsfTransmitter, StartError};
use setspec::set::Jwks;
use setspec::suite::model::case::TlsVersion;
use setspec::suite::model::deviation::TlsDeviation;

use crate::pair::{CLIENT_KEY, Pair, account, json_of, key, revoked, users};
use crate::support::running::Running;

#[tokio::test]
async fn the_public_side_can_be_encrypted_and_the_control_port_is_not() {
    setspec::install_crypto();
    let authority = Authority::new().unwrap();
    let certificate = authority.issue(&["127.0.0.1"]).unwrap();
    let roots = Roots::Only(authority.pem().into_bytes());
    let client = Client::new(ClientOptions { roots, ..ClientOptions::default() }).unwrap();
    let pair = Pair::with(client, |options| {
        options.tls = Some(certificate);
        options.control = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let issuer = format!("https://{}", pair.transmitter.addr());
    assert_eq!(pair.transmitter.issuer(), issuer);
    assert_eq!(pair.metadata["issuer"], issuer);
    let stream = pair.create(revoked()).await;
    assert_eq!(stream["iss"], issuer);
    pair.emit("a");
    assert_eq!(users(&pair.drain(&stream).await), ["a"]);

    let plain = pair.transmitter.metadata_url().replacen("https", "http", 1);
    let refused = pair.client.send(RequestSpec::new("GET", plain.parse().unwrap())).await;
    assert_eq!(refused.status(), None);

    let control = pair.transmitter.control_url().unwrap();
    assert!(control.starts_with("http://"));
    let streams = RequestSpec::new("GET", format!("{control}/streams").parse().unwrap());
    let streams: Value = json_of(&pair.client.send(streams).await);
    assert_eq!(streams[0]["stream_id"], stream["stream_id"]);
    assert_eq!(streams[0]["waiting"], json!(0));
}

/// Which TLS versions the host of a URL agrees to.
async fn agreed(url: &str) -> Vec<Offer> {
    let url: url::Url = url.parse().unwrap();
    let (host, port) = (url.host_str().unwrap(), url.port().unwrap());
    let mut agreed = Vec::new();
    for offer in [Offer::Tls10, Offer::Tls11, Offer::Tls12, Offer::Tls13] {
        if probe(host, port, offer, Duration::from_secs(5)).await.agreed() {
            agreed.push(offer);
        }
    }
    agreed
}

#[tokio::test]
async fn poll_endpoints_that_deviate_have_a_port_of_their_own() {
    setspec::install_crypto();
    let authority = Authority::new().unwrap();
    let roots = Roots::Only(authority.pem().into_bytes());
    let client = Client::new(ClientOptions { roots, ..ClientOptions::default() }).unwrap();
    let usual = || TlsDeviation::default();
    let (old, newer) = (vec![Offer::Tls10, Offer::Tls11], vec![Offer::Tls12, Offer::Tls13]);
    let table = [
        (TlsDeviation { also_accepts: Some(TlsVersion::Tls11), ..usual() }, [old.clone(), newer.clone()].concat()),
        (TlsDeviation { newest: Some(TlsVersion::Tls11), ..usual() }, old),
        (TlsDeviation { newest: Some(TlsVersion::Tls12), ..usual() }, vec![Offer::Tls12]),
        (TlsDeviation { oldest: Some(TlsVersion::Tls13), ..usual() }, vec![Offer::Tls13]),
        (TlsDeviation { plain: true, ..usual() }, vec![]),
    ];
    for (deviation, expected) in table {
        let pair = Pair::with(client.clone(), |options| {
            options.tls = Some(authority.issue(&["127.0.0.1"]).unwrap());
            options.poll_tls = Some(deviation.clone());
        })
        .await;
        let stream = pair.create(revoked()).await;
        let poll = stream["delivery"]["endpoint_url"].as_str().unwrap();
        assert!(!poll.starts_with(pair.transmitter.issuer()), "{poll}");
        assert_eq!(poll.starts_with("https:"), !deviation.plain, "{deviation:?}");
        assert_eq!(agreed(poll).await, expected, "{deviation:?}");
        assert_eq!(agreed(pair.transmitter.issuer()).await, newer, "{deviation:?}");
        // Whoever speaks one of its versions is served as usual.
        if deviation.plain || expected.iter().any(|offer| newer.contains(offer)) {
            pair.emit("a");
            assert_eq!(users(&pair.drain(&stream).await), ["a"], "{deviation:?}");
        }
    }
}

#[tokio::test]
async fn what_deviates_in_tls_needs_a_certificate() {
    setspec::install_crypto();
    let client = Client::new(ClientOptions::default()).unwrap();
    let mut options = SsfOptions::new(vec![account("one")], Arc::new(key("k")), client);
    options.poll_tls = Some(TlsDeviation { newest: Some(TlsVersion::Tls12), ..TlsDeviation::default() });
    assert!(matches!(SsfTransmitter::start(options).await, Err(StartError::NoCertificate)));
}

#[test]
fn the_command_serves_https_with_a_certificate_of_the_operator() {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let child = Command::new(env!("CARGO_BIN_EXE_setspec"))
        .args(["mock", "transmitter", "--listen", "127.0.0.1:0", "--alg", "ES256", "--tls-cert"])
        .arg(write("cert.pem", own.cert.pem()))
        .arg("--tls-key")
        .arg(write("key.pem", own.signing_key.serialize_pem()))
        .arg("--client-jwks")
        .arg(write("jwks.json", Jwks::from_keys(&[&CLIENT_KEY]).to_string()))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running::new(child);
    let issuer = running.line_with("is ready: ").rsplit_once(' ').unwrap().1.to_owned();
    assert!(issuer.starts_with("https://127.0.0.1:"), "{issuer}");
    assert!(running.line_with("  control ").contains("http://"));
    let roots = Roots::Only(own.cert.pem().into_bytes());
    let client = Client::new(ClientOptions { roots, ..ClientOptions::default() }).unwrap();
    let url = format!("{issuer}/.well-known/ssf-configuration").parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let metadata = json_of(&runtime.block_on(client.send(RequestSpec::new("GET", url))));
    assert_eq!(metadata["issuer"], issuer);
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
}
