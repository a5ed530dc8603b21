//! Where pushes go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use setspec::http::{Recorder, Server, ServerOptions};

/// A receiver that answers its requests with these codes, and all further ones with the last of them.
pub struct Sink {
    pub server: Server,
    recorder: Recorder,
}

impl Sink {
    pub async fn new(codes: &'static [u16]) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let answer = move || {
            let place = count.fetch_add(1, Ordering::SeqCst).min(codes.len() - 1);
            async move { StatusCode::from_u16(codes[place]).unwrap() }
        };
        let recorder = Recorder::new(64);
        let router = Router::new().fallback(answer);
        let server = Server::bind(ServerOptions::default(), router, recorder.clone()).await.unwrap();
        Self { server, recorder }
    }

    /// Whether each push so far carried the authorization that it should, all of them being the same SET.
    pub fn authorized(&self) -> Vec<bool> {
        let pushes = self.recorder.exchanges();
        assert!(pushes.iter().all(|push| push.request.body == pushes[0].request.body));
        let authorization =
            |push: &setspec::http::Exchange| push.request.headers.get("authorization") == Some("Basic secret");
        pushes.iter().map(|push| authorization(push)).collect()
    }
}
