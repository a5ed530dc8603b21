//! An issuer's identity: where others learn who we are and which keys are ours.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use url::Url;

use crate::http::{Recorder, Server, ServerOptions};
use crate::set::{Jwks, SigningKey};

/// How an [`Identity`] is served.
pub struct IdentityOptions {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Under which address others reach it; where it listens unless given.
    pub public_url: Option<Url>,
    /// The issuer that it speaks for; the public address unless given.
    pub issuer: Option<String>,
    /// The keys, of which the public halves are served.
    pub keys: Vec<Arc<SigningKey>>,
}

/// A running identity server: the discovery documents of Shared Signals (SSF section 7.2) and OpenID Connect, and the
/// JWK Set that both name.
pub struct Identity {
    server: Server,
    base: String,
    issuer: String,
    asked_for_keys: Arc<AtomicBool>,
}

impl Identity {
    /// Serves the documents until the value is dropped.
    ///
    /// # Errors
    /// If the address cannot be listened on.
    pub async fn start(options: IdentityOptions) -> io::Result<Self> {
        // The documents name the address, which is known once the listener is there.
        let documents: Arc<OnceLock<Documents>> = Arc::default();
        let asked_for_keys = Arc::new(AtomicBool::new(false));
        let router = router(&documents, &asked_for_keys);
        let server_options = ServerOptions { addr: options.addr, ..ServerOptions::default() };
        let server = Server::bind(server_options, router, Recorder::default()).await?;
        let base = match &options.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => server.url(),
        };
        let issuer = options.issuer.unwrap_or_else(|| base.clone());
        let keys: Vec<&SigningKey> = options.keys.iter().map(Arc::as_ref).collect();
        documents.get_or_init(|| Documents::new(&base, &issuer, Jwks::from_keys(&keys)));
        Ok(Self { server, base, issuer, asked_for_keys })
    }

    /// The issuer that the documents name.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the JWK Set is, as the documents say it: the public address and `/jwks.json`.
    pub fn jwks_uri(&self) -> String {
        format!("{}/jwks.json", self.base)
    }

    /// Where it listens, with the port that was taken.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Whether anybody has fetched the keys yet.
    pub fn was_asked_for_keys(&self) -> bool {
        self.asked_for_keys.load(Ordering::Relaxed)
    }
}

struct Documents {
    shared_signals: Value,
    openid: Value,
    jwks: Value,
}

impl Documents {
    fn new(base: &str, issuer: &str, jwks: Value) -> Self {
        let jwks_uri = format!("{base}/jwks.json");
        Self {
            shared_signals: json!({
                "spec_version": "1_0",
                "issuer": issuer,
                "jwks_uri": jwks_uri,
                "delivery_methods_supported": ["urn:ietf:rfc:8935"],
            }),
            openid: json!({ "issuer": issuer, "jwks_uri": jwks_uri }),
            jwks,
        }
    }
}

fn router(documents: &Arc<OnceLock<Documents>>, asked_for_keys: &Arc<AtomicBool>) -> Router {
    let serve = |pick: fn(&Documents) -> &Value, asked: Option<Arc<AtomicBool>>| {
        let documents = documents.clone();
        get(move || async move {
            if let Some(asked) = asked {
                asked.store(true, Ordering::Relaxed);
            }
            Json(documents.get().map(pick).cloned())
        })
    };
    Router::new()
        .route("/.well-known/ssf-configuration", serve(|all| &all.shared_signals, None))
        .route("/.well-known/openid-configuration", serve(|all| &all.openid, None))
        .route("/jwks.json", serve(|all| &all.jwks, Some(asked_for_keys.clone())))
}
