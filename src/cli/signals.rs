//! Signals that end a command.

use std::future::Future;

/// Ends at SIGINT or SIGTERM. They are listened for from the call on, not only from the first poll on: whoever has been
/// told that a command is ready may end it at once.
#[cfg(unix)]
pub(super) fn stopped() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let signals =
        signal(SignalKind::interrupt()).and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
    async move {
        match signals {
            Ok((mut interrupt, mut terminate)) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            // Then the signals do what they do by default.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
pub(super) fn stopped() -> impl Future<Output = ()> + Send {
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}
