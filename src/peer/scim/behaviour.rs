//! What the service provider can be made to do otherwise than it should, by name.

use crate::peer::behaviours::Known;

/// The switches: name and description.
pub const BEHAVIOURS: Known = &[
    ("ignores-wait", "answers asynchronously at once, whatever the preference wait says (RFC 9967 section 2.5.1.1)"),
    ("never-asynchronous", "answers synchronously what it said it would answer otherwise (section 4)"),
    (
        "answers-some-synchronously",
        "answers PUT synchronously whatever the client would rather have. Legal (section 2.5.1.1)",
    ),
    ("asynchronous-all-the-same", "answers asynchronously although its configuration says never (section 4)"),
    ("defers-patches-unasked", "answers PATCH asynchronously although nobody asked (section 4)"),
    ("forgets-completions", "sends no SET when an asynchronous request is completed (section 2.5.1.1)"),
    ("counts-every-request", "appends an index to the txn of requests that are no bulk requests (section 2.5.1.3)"),
    ("one-txn-a-resource", "gives all requests about a resource the same Set-Txn (section 3)"),
    ("one-set-for-a-bulk-request", "tells of the first operation of a bulk request alone (section 2.5.1.2)"),
    ("one-set-too-few", "does not tell of the last operation of a bulk request (section 2.5.1.2)"),
    ("counts-from-one", "counts the operations of a bulk request from one (section 2.5.1.2)"),
    ("counts-as-it-works", "counts the operations of a bulk request in the order of its work (section 2.5.1.2)"),
    (
        "tells-of-bulk-in-reverse",
        "tells of the operations of a bulk request in the opposite order. Legal (section 2.5.1.2)",
    ),
    ("shows-results-to-anybody", "asks for no credential where results can be got (section 5)"),
    ("shows-resources-to-anybody", "asks for no credential where resources are read (section 5)"),
    ("removes-what-is-deleted", "tells that a deleted resource has left the feed, in a SET of its own (section 2.4.4)"),
    ("removes-before-it-deletes", "tells so before it tells of the deletion (section 2.4.4)"),
];
