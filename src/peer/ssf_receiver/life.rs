//! What the receiver does by itself, from its start on.

use std::sync::Arc;

use super::metadata::discover;
use super::notice::Notice;
use super::state::{Shared, Stage};
use super::{manage, poll};

/// Gets itself a stream, and takes the SETs that come by it until it is ended.
pub(super) async fn live(shared: Arc<Shared>) {
    if let Err(why) = prepare(&shared).await {
        shared.give_up(why);
    }
    // One that has given up can still be asked for a stream.
    poll::run(&shared).await;
}

/// Everything before the first poll: what depends on information that does not validate is not done (SSF section 7.2.4).
async fn prepare(shared: &Shared) -> Result<(), String> {
    let options = &shared.options;
    let metadata = discover(shared).await?;
    shared.change(|state| {
        state.metadata = Some(Arc::new(metadata.clone()));
        state.stage = Stage::Creating;
    });
    shared.tell(Notice::Discovered { issuer: options.issuer.clone() });
    {
        let _one_at_a_time = shared.asking.lock().await;
        let adopted = if options.adopts { manage::adopt(shared, false).await? } else { None };
        if adopted.is_none() {
            manage::create(shared).await?;
        }
        shared.enter(Stage::Verifying);
    }
    if !options.quiet {
        // Streams work without these, so a transmitter that fails here is not given up.
        let read = manage::read(shared).await;
        disregard(shared, "read", read);
        if metadata.has("status_endpoint") {
            let read = manage::read_status(shared).await;
            disregard(shared, "read-status", read);
        }
        if options.verifies && metadata.has("verification_endpoint") {
            let asked = manage::verify(shared, None).await;
            disregard(shared, "verify", asked);
        }
    }
    // Whoever asks is answered from here on.
    shared.change(|state| {
        if state.stage == Stage::Verifying {
            state.stage = Stage::Running;
        }
    });
    Ok(())
}

fn disregard<T>(shared: &Shared, operation: &'static str, outcome: Result<T, String>) {
    if let Err(why) = outcome {
        shared.tell(Notice::Disregarded { operation, why });
    }
}

/// Deletes what is its own.
pub(super) async fn leave(shared: &Shared) {
    let keeps = shared.options.keeps_stream || shared.options.quiet;
    let own = if keeps { Vec::new() } else { shared.lock().own.clone() };
    for stream_id in own {
        if let Err(why) = manage::delete(shared, &stream_id).await {
            shared.tell(Notice::Disregarded { operation: "delete", why });
        }
    }
    shared.enter(Stage::Stopped);
}
