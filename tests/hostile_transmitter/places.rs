//! Places that a transmitter has no business to send us to.

use std::net::TcpListener;

use serde_json::json;
use setspec::http::{Authority, Roots};
use setspec::peer::ssf::Operation;

use crate::bench::{Hostile, run, settings, start};

/// A place on loopback that must not be asked.
struct Trap(TcpListener);

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        listener.set_nonblocking(true).expect("it can be asked without waiting");
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().expect("an address").port()
    }

    /// A connection would be in the queue, also if nobody has taken it.
    #[track_caller]
    fn was_not_asked(&self) {
        assert!(self.0.accept().is_err(), "somebody connected");
    }
}

#[tokio::test]
async fn private_keys_of_a_public_issuer() {
    let trap = Trap::new();
    let port = trap.port();
    let private = [
        format!("http://127.0.0.1:{port}/jwks"),
        format!("http://127.1:{port}/jwks"),
        format!("http://0x7f000001:{port}/jwks"),
        format!("http://2130706433:{port}/jwks"),
        format!("http://0.0.0.0:{port}/jwks"),
        format!("http://localhost:{port}/jwks"),
        format!("http://LOCALHOST.:{port}/jwks"),
        format!("http://a.localhost:{port}/jwks"),
        format!("http://[::1]:{port}/jwks"),
        format!("http://[::]:{port}/jwks"),
        format!("http://[::ffff:127.0.0.1]:{port}/jwks"),
        format!("http://[::ffff:10.0.0.1]:{port}/jwks"),
        "http://10.0.0.1/jwks".to_owned(),
        "http://172.16.0.1/jwks".to_owned(),
        "http://192.168.0.1/jwks".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://100.64.0.1/jwks".to_owned(),
        "http://[fe80::1]/jwks".to_owned(),
        "http://[fd00::1]/jwks".to_owned(),
        "http://[fec0::1]/jwks".to_owned(),
    ];
    for uri in private {
        let place = uri.clone();
        let hostile = Hostile::documents(Operation::Metadata, move |metadata| {
            metadata["issuer"] = json!("http://tx.example.com");
            metadata["jwks_uri"] = json!(place);
            // Only the keys are looked at here.
            metadata.as_object_mut().expect("an object").remove("configuration_endpoint");
        });
        let transmitter = start(hostile, |_| ()).await;
        let mut settings = settings("http://tx.example.com");
        settings.metadata_url = Some(transmitter.metadata_url().parse().expect("a URL"));
        settings.selection.only = vec!["ssf/7.1/".to_owned()];
        let seen = run(settings).await;
        let told = seen.told();
        assert!(told.contains("which was not asked"), "{uri}:\n{told}");
    }
    trap.was_not_asked();
}

/// What belongs to an https issuer is not sent in the clear, least of all a credential.
#[tokio::test]
async fn plain_http_below_an_https_issuer() {
    let trap = Trap::new();
    let place = format!("http://127.0.0.1:{}/trap", trap.port());
    for member in
        ["configuration_endpoint", "status_endpoint", "add_subject_endpoint", "verification_endpoint", "jwks_uri"]
    {
        let place = place.clone();
        let hostile = Hostile::documents(Operation::Metadata, move |metadata| metadata[member] = json!(place));
        let authority = Authority::new().expect("an authority");
        let certificate = authority.issue(&["127.0.0.1", "localhost"]).expect("a certificate");
        let transmitter = start(hostile, |options| options.tls = Some(certificate)).await;
        let mut settings = settings(transmitter.issuer());
        settings.roots = Roots::Only(authority.pem().into_bytes());
        let seen = run(settings).await.not_conformant();
        assert!(seen.told().contains("is not https"), "{member}:\n{}", seen.told());
        assert_eq!(transmitter.streams().len(), 0, "{member}:\n{}", seen.told());
    }
    trap.was_not_asked();
}

/// The same of a poll endpoint, which only the configuration of a stream names.
#[tokio::test]
async fn a_plain_poll_endpoint_below_an_https_issuer() {
    let trap = Trap::new();
    let place = format!("http://127.0.0.1:{}/poll", trap.port());
    let hostile = Hostile::documents(Operation::Create, move |configuration| {
        configuration["delivery"]["endpoint_url"] = json!(place);
    });
    let authority = Authority::new().expect("an authority");
    let certificate = authority.issue(&["127.0.0.1", "localhost"]).expect("a certificate");
    let transmitter = start(hostile, |options| {
        options.tls = Some(certificate);
        options.features.push = false;
    })
    .await;
    let mut settings = settings(transmitter.issuer());
    settings.roots = Roots::Only(authority.pem().into_bytes());
    run(settings).await.not_conformant();
    trap.was_not_asked();
}
