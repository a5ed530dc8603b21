//! What is kept of exchanges once they are judged.

use crate::http::Exchange;

/// How much of a body is kept as evidence; the report shows less.
const EVIDENCE: usize = 64 * 1024;

/// An exchange that has been judged, with as much of its bodies as anybody will see.
pub(crate) fn evidence(mut exchange: Exchange) -> Exchange {
    let request = &mut exchange.request;
    if request.body.len() > EVIDENCE {
        request.body.truncate(EVIDENCE);
        request.truncated = true;
    }
    if let Some(response) = exchange.response.as_mut().filter(|response| response.body.len() > EVIDENCE) {
        response.body.truncate(EVIDENCE);
        response.truncated = true;
    }
    exchange
}
