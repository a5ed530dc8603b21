//! The push endpoint: that of the push receiver, where the SETs of a stream are decided upon here (RFC 8935).

use std::io;
use std::sync::{Arc, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::examine::{Finding, examine};
use super::notice::Notice;
use super::state::Shared;
use crate::peer::receiver::{Inspector, PATH, Receiver, ReceiverOptions, Refusal, Verdict};
use crate::set::{Jwks, JwksSource, Token};
use crate::suite::model::case::Method;
use crate::suite::model::deviation::Check;

/// Opens the endpoint.
pub(super) async fn listen(shared: &Arc<Shared>) -> io::Result<Receiver> {
    let push = &shared.options.push;
    let options = ReceiverOptions {
        addr: push.addr,
        tls: push.tls.clone(),
        issuer: None,
        audience: None,
        keys: JwksSource::Fixed(Jwks::default()),
        authorization: push.authorization.clone(),
        languages: push.languages.clone(),
        tamper: shared.options.tamper.clone(),
        recorder: push.recorder.clone(),
    };
    let receiver = Receiver::inspected(options, Arc::new(OfStream(Arc::downgrade(shared)))).await?;
    let url = match &push.public_url {
        Some(url) => format!("{}{PATH}", url.as_str().trim_end_matches('/')),
        None => receiver.url(),
    };
    shared.tell(Notice::Listening { url: url.clone() });
    shared.push_url.get_or_init(|| url);
    Ok(receiver)
}

/// Decides as the receiver does. Weak, as the receiver holds the endpoint.
struct OfStream(Weak<Shared>);

impl Inspector for OfStream {
    fn inspect<'a>(&'a self, token: &'a Token, skips: &'a (dyn Fn(Check) -> bool + Sync)) -> BoxFuture<'a, Verdict> {
        async move {
            let Some(shared) = self.0.upgrade() else { return Verdict::Ignored };
            if shared.metadata().is_none() {
                let description = "There is no stream yet.".to_owned();
                return Verdict::Refused(Refusal::Content { err: "invalid_request", description });
            }
            match examine(&shared, token, Method::Push, skips).await {
                Finding::Acknowledged { .. } => Verdict::Accepted,
                Finding::Refused(refusal) => Verdict::Refused(refusal),
                Finding::Ignored => Verdict::Ignored,
            }
        }
        .boxed()
    }
}
