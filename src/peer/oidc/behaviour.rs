//! What the built-in provider and relying party can be made to do otherwise than they should, by name.

use crate::peer::behaviours::Known;

/// What a provider can do otherwise: name and description.
pub const OF_OP: Known = &[
    ("forgets-relying-parties", "tells nobody that a session has ended (section 2.3)"),
    ("keeps-sid-out-of-id-tokens", "leaves sid out of ID Tokens (section 2.1)"),
    ("gives-one-sid-to-all", "gives every session the same sid (section 2.1)"),
    (
        "gives-a-sid-that-is-no-ascii",
        "gives sessions a sid with letters that client identifiers do not have (section 2.1)",
    ),
    ("gives-sessions-of-a-user-one-subject-each", "names another sub in logout tokens than in ID Tokens (section 2.4)"),
    ("reuses-jti", "gives every logout token the same jti (section 2.4)"),
    ("drops-the-query", "leaves out the query of the logout URI (section 2.2)"),
    ("repeats-after-success", "sends a logout request again that was taken (section 2.5)"),
    ("repeats-after-refusal", "sends a logout request again that was refused (section 2.5)"),
    ("repeats-after-204", "takes 204 for a failure and sends the request again (section 2.8)"),
    ("retries-at-once", "sends a request that got no answer again without delay (section 2.5)"),
    ("encrypts-without-an-issuer", "leaves the issuer out of the header of encrypted logout tokens (section 2.4)"),
    ("encrypts-by-another-key", "encrypts logout tokens by a key that nobody has (section 2.4)"),
    ("does-not-encrypt", "encrypts ID Tokens alone"),
    ("keeps-refresh-tokens", "keeps the refresh tokens of sessions that end (section 2.7)"),
    ("revokes-offline-access", "revokes refresh tokens with offline_access too when a session ends (section 2.7)"),
    ("takes-its-time-to-revoke", "revokes refresh tokens after a second attempt to use them"),
    ("gives-no-refresh-tokens", "gives no refresh tokens"),
    ("gives-refresh-tokens-for-offline-access-alone", "gives refresh tokens with offline_access alone"),
    ("shows-a-login-page", "asks for user and password before a login; any password will do"),
    ("asks-before-it-logs-out", "asks for confirmation before it ends a session"),
    ("does-not-send-browsers-back", "ends a logout at a page of its own"),
    ("retries-later", "sends a request that got no answer again after a while (section 2.5)"),
];

/// What a relying party can do otherwise: name and description.
pub const OF_RP: Known = &[
    ("keeps-sessions", "takes logout tokens and ends no session (section 2.7)"),
    ("keeps-sessions-named-by-sid", "ends no session where the token names one by sid alone (section 2.7)"),
    ("keeps-sessions-named-by-sub", "ends no session where the token names the user alone (section 2.7)"),
    ("ends-one-session-of-a-user", "ends one session where the token names the user alone (section 2.4)"),
    ("ends-every-session-of-the-user", "ends all sessions of the user though the token names one by sid (section 2.7)"),
    ("ends-the-sessions-of-everybody", "ends all sessions there are (section 2.7)"),
    ("ends-sessions-before-it-looks", "ends sessions also where it refuses the token (section 2.6)"),
    ("fails-where-nobody-is-logged-in", "fails where the session is gone already (section 2.7)"),
    ("refuses-where-nobody-is-logged-in", "refuses a token whose session it does not know (section 2.6)"),
    ("takes-logout-tokens-as-id-tokens", "takes a logout token in place of an ID Token (section 4.1)"),
    ("reads-sid-as-a-uuid", "refuses a sid that is no UUID (section 2.1)"),
    ("takes-every-token", "takes whatever it is sent, and ends no session (section 2.6)"),
    ("refuses-every-token", "refuses whatever it is sent (section 2.8)"),
    ("registers-a-relative-uri", "registers a logout URI that is not absolute (section 2.2)"),
    ("says-nothing-of-sid", "registers without backchannel_logout_session_required (section 2.2)"),
    ("says-as-text-that-it-needs-sid", "registers backchannel_logout_session_required as text (section 2.2)"),
    ("gives-a-fragment", "registers a logout URI with a fragment (section 2.2)"),
    ("does-not-decrypt", "understands no encrypted logout token (section 2.6)"),
    ("takes-plain-tokens", "takes logout tokens that are not encrypted though ID Tokens are (section 2.6)"),
    ("tells-nobody-behind-it", "leaves the relying parties alone that it is a provider of (section 2.7)"),
    ("requires-sid", "registers backchannel_logout_session_required, and refuses tokens without sid (section 2.2)"),
    ("has-a-page-before-the-login", "shows a page with a form before it sends browsers to the provider"),
    ("shows-its-login-in-place", "shows its login page at the protected page, with status 200"),
    ("gives-a-query", "registers a logout URI with a query (section 2.2)"),
];
