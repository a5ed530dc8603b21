//! Connections that do not come about.

use std::time::Instant;

use super::*;

async fn get_str(url: &str) -> Exchange {
    get(url.parse().unwrap()).await
}

#[tokio::test]
async fn a_refused_connection_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let exchange = get_str(&format!("http://{addr}/")).await;
    assert_eq!(failed(&exchange), FailureKind::Connect);
    assert_eq!(exchange.response, None);
    let message = exchange.failure.unwrap().message;
    assert!(message.contains(&addr.to_string()), "{message}");
}

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    let exchange = get_str("http://no-such-host.invalid/").await;
    assert_eq!(failed(&exchange), FailureKind::NameResolution);
}

#[tokio::test]
async fn other_schemes_are_refused() {
    assert_eq!(failed(&get_str("ftp://localhost/").await), FailureKind::Other);
    assert_eq!(failed(&get_str("data:text/plain,x").await), FailureKind::Other);
}

#[tokio::test]
async fn names_below_localhost_are_this_machine() {
    let url = says("HTTP/1.1 204 No Content\r\n\r\n").await;
    let port = url.port().unwrap();
    let exchange = get_str(&format!("http://rx.localhost:{port}/")).await;
    assert_eq!(whole(exchange).status, 204);
}

#[tokio::test]
async fn ipv6_works_with_and_without_a_name() {
    // Some build machines have no IPv6 at all; there is nothing to see on those.
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return;
    };
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    for host in ["[::1]", "localhost"] {
        let exchange = get_str(&format!("http://{host}:{port}/")).await;
        let host = format!("{host}:{port}");
        assert_eq!(exchange.request.headers.get("host"), Some(host.as_str()));
        assert_eq!(whole(exchange).status, 204);
    }
}

#[tokio::test]
async fn a_mute_tls_port_is_bounded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let client = client(|options| {
        options.connect_timeout = SHORT;
        options.insecure = true;
    });
    let began = Instant::now();
    let url = format!("https://{addr}/").parse().unwrap();
    let exchange = client.send(RequestSpec::new("GET", url)).await;
    assert_eq!(failed(&exchange), FailureKind::ConnectTimeout);
    assert!(began.elapsed() < SHORT * 3);
}

#[test]
fn a_useless_ca_bundle_is_an_error_with_its_place() {
    let options = ClientOptions { roots: Roots::Only(b"not a certificate".to_vec()), ..ClientOptions::default() };
    assert_eq!(
        Client::new(options).unwrap_err().to_string(),
        "CA bundle: expected at least one certificate in PEM, got 17 bytes without one"
    );
}
