//! Cases and their steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::deviation::{Respond, Stage};
use super::expect::Expectations;
use crate::set::Forgery;
use crate::suite::at::At;
use crate::suite::ordered::Ordered;

/// An active scenario.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A name that is unique in the section.
    pub name: At<String>,
    /// What happens in it, in a few words.
    pub title: String,
    /// Features of the target without which the case does not apply.
    #[serde(default)]
    pub needs: Vec<At<String>>,
    /// By which methods the transmitter delivers in this case.
    #[serde(default)]
    pub delivery: CaseDelivery,
    /// Streams that are created before the first step and deleted after the last, by the name of their variable.
    #[serde(default)]
    pub with: Ordered<At<StreamSpec>>,
    /// Whether nothing else may go on with the target meanwhile.
    #[serde(default)]
    pub alone: bool,
    /// A visiting receiver: whether it is started anew for this case.
    #[serde(default)]
    pub fresh: bool,
    /// A visiting receiver that is started anew: the issuer that it is told. May contain `${...}`.
    pub issuer: Option<At<String>>,
    /// A visiting receiver that is started anew: our transmitter shows it this certificate, and answers nothing.
    pub certificate: Option<At<BadCertificate>>,
    /// A visiting receiver: what our transmitter does otherwise from before the first step to the end of the case.
    #[serde(default)]
    pub serve: Vec<At<Served>>,
    /// What is done, in this order.
    pub steps: Vec<At<Step>>,
}

/// By which delivery methods a case is gone through; methods that the target does not offer are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaseDelivery {
    /// Once, by whichever method the target offers.
    #[default]
    Any,
    /// Once by each method.
    Each,
    /// By push (RFC 8935) alone.
    Push,
    /// By poll (RFC 8936) alone.
    Poll,
}

/// A stream that a case is given.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreamSpec {
    /// The events requested; the one that can be triggered unless given. Templates.
    pub events: Option<At<Value>>,
    /// Subjects that are added to it where the target has an endpoint for that. Templates.
    pub subjects: Vec<Value>,
    /// The delivery method, if not that of the case.
    pub delivery: Option<Method>,
    /// Who creates it, if not the first receiver.
    pub auth: Option<Auth>,
}

/// A delivery method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// RFC 8935.
    Push,
    /// RFC 8936.
    Poll,
}

impl Method {
    /// The method as suites write it: `push`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Poll => "poll",
        }
    }

    /// The URN that stands for it in stream configurations (SSF section 6.1).
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Push => "urn:ietf:rfc:8935",
            Self::Poll => "urn:ietf:rfc:8936",
        }
    }
}

/// One step: exactly one verb, with what belongs to it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Pushes a SET to the receiver.
    pub push: Option<At<Push>>,
    /// The good counterpart of a step that is to be refused. If it is not accepted, the case is inconclusive.
    pub control: Option<At<Push>>,
    /// Sends a GET to a URL.
    pub get: Option<At<String>>,
    /// Sends a POST to a URL.
    pub post: Option<At<String>>,
    /// Sends a PUT to a URL.
    pub put: Option<At<String>>,
    /// Sends a PATCH to a URL.
    pub patch: Option<At<String>>,
    /// Sends a DELETE to a URL.
    pub delete: Option<At<String>>,
    /// Polls a stream (RFC 8936 section 2.2): the members of the request.
    pub poll: Option<At<Map<String, Value>>>,
    /// Opens a TLS handshake by hand and reads the answer.
    pub hello: Option<At<TlsVersion>>,
    /// Says how our push listener answers the next pushes.
    pub answer: Option<At<Answer>>,
    /// Asks the target to send an event.
    pub trigger: Option<At<Trigger>>,
    /// Waits for something that the target sends, `set` or `push`, or for the step that was started under this name.
    #[serde(rename = "await")]
    pub await_: Option<At<String>>,
    /// Nothing of the kind may come within the time given by `within`.
    pub quiet: Option<At<Awaited>>,
    /// Gives a SET to the receiver by whichever method it takes SETs, and waits for what it says of it.
    pub offer: Option<At<Push>>,
    /// What our transmitter does otherwise from now to the end of the case, in place of what it did.
    pub serve: Option<At<Vec<At<Served>>>>,
    /// Asks the receiver, by way of the operator's hook, to do this.
    pub ask: Option<At<Asked>>,
    /// Lets our transmitter change the status of the receiver's stream by its own decision.
    pub decide: Option<At<Decision>>,
    /// Logs a browser in at the relying party, or by our relying party at the OpenID provider.
    pub login: Option<At<Login>>,
    /// Sends a back-channel logout request to the relying party, and looks which sessions are still there.
    pub logout: Option<At<Push>>,
    /// Has the OpenID provider end the session of this variable.
    pub end: Option<At<String>>,
    /// Uses the refresh token of the session of this variable.
    pub refresh: Option<At<String>>,

    /// Header fields of a request; null leaves one out.
    pub headers: Map<String, Value>,
    /// The body of a request, as text.
    pub body: Option<At<Value>>,
    /// The body of a request, as JSON that says so in Content-Type; the arguments of `ask`.
    pub json: Option<At<Value>>,
    /// The credential of a request.
    pub auth: Option<Auth>,
    /// What is wrong with a request, where something is wrong on purpose.
    pub fault: Option<At<String>>,
    /// The stream that `poll`, `answer`, `await` and `quiet` are about, by its variable; `stream` unless given.
    pub on: Option<At<String>>,
    /// Starts a request under this name and goes on; `await` takes it up again.
    #[serde(rename = "as")]
    pub as_: Option<At<String>>,
    /// Repeats a request until this condition holds or the time given by `within` is over.
    pub until: Option<At<String>>,
    /// Names `values` of this step for later ones, by CEL expressions.
    pub save: Ordered<At<String>>,
    /// What `await` waits for and `quiet` looks for, as a condition on the message.
    #[serde(rename = "where")]
    pub where_: Option<At<String>>,
    /// How long `await`, `quiet` and `until` wait, in seconds, as a CEL expression.
    pub within: Option<At<String>>,
    /// What must hold for the case to mean anything; if not, the case is inconclusive.
    pub assume: Option<At<String>>,
    /// A condition without which the step is left out.
    pub when: Option<At<String>>,
    /// What is judged after the step.
    pub expect: Expectations,
}

/// One SET transmission request.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// A SET template of `fixtures/sets`.
    pub set: Option<At<String>>,
    /// Claims to replace; null removes one.
    pub claims: Option<At<Map<String, Value>>>,
    /// Members of the JOSE header to replace; null removes one.
    pub header: Option<At<Map<String, Value>>>,
    /// The claims set as verbatim JSON text, in place of the template.
    pub payload: Option<At<String>>,
    /// How the token is broken.
    pub forge: Option<Forgery>,
    /// The body verbatim, in place of a SET.
    pub raw: Option<At<String>>,
    /// Header fields of the HTTP request; null leaves one out.
    pub headers: Map<String, Value>,
    /// Parameters of the form of a logout request; null leaves one out.
    pub form: Map<String, Value>,
    /// Whether a logout token is encrypted; as ID Tokens are unless given.
    pub encrypt: Option<bool>,
    /// The credential of the request.
    pub auth: Option<Auth>,
    /// What is wrong with the push, where something is: the check of RFC 8935 section 2 that it must not pass.
    pub fault: Option<Fault>,
}

/// The check of a receiver that a faulty push must not pass (RFC 8935 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It is not a SET.
    Parse,
    /// It is not authentic.
    Authenticity,
    /// It is meant for somebody else.
    Audience,
    /// Its issuer is not one that the receiver listens to.
    Issuer,
    /// It has expired.
    Expiry,
    /// The caller may not send it.
    Caller,
    /// A claim of a logout token is missing, or must not be there (Back-Channel Logout section 2.6).
    Claims,
    /// Nothing that must be refused: the receiver may take it or not.
    Oddity,
}

impl Fault {
    /// The fault as suites and the variable `sent.fault` name it: `authenticity`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Authenticity => "authenticity",
            Self::Audience => "audience",
            Self::Issuer => "issuer",
            Self::Expiry => "expiry",
            Self::Caller => "caller",
            Self::Claims => "claims",
            Self::Oddity => "oddity",
        }
    }

    /// Whether a conformant receiver has to refuse.
    pub const fn must_be_refused(self) -> bool {
        !matches!(self, Self::Oddity)
    }
}

/// Which credential a request carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// The one that the operator gave; none if none was given.
    Valid,
    /// No Authorization header.
    None,
    /// One that the target has not given out.
    Invalid,
    /// That of another receiver that the target knows.
    OtherReceiver,
    /// The good token in the query (RFC 6750 section 2.3), and not in the header.
    Query,
    /// A token of the same receiver that may read, and nothing else: its scope is `ssf.read`.
    ReadOnly,
    /// A token of the same receiver whose scope is `ssf.manage` alone.
    ManageOnly,
    /// A token of the same receiver that has expired or was revoked.
    Expired,
}

impl Auth {
    /// The feature without which there is no such credential.
    pub const fn feature(self) -> Option<&'static str> {
        match self {
            Self::Valid | Self::None | Self::Invalid => None,
            Self::OtherReceiver => Some("other-receiver"),
            Self::Query => Some("authorization"),
            Self::ReadOnly => Some("read-only-token"),
            Self::ManageOnly => Some("manage-only-token"),
            Self::Expired => Some("expired-token"),
        }
    }

    /// Whether it is one that only transmitters are shown.
    pub const fn is_for_transmitters(self) -> bool {
        matches!(self, Self::Query | Self::ReadOnly | Self::ManageOnly | Self::Expired)
    }
}

/// A TLS version that a hand-made ClientHello offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum TlsVersion {
    /// TLS 1.0, which must not be negotiated (RFC 8996).
    #[serde(rename = "1.0")]
    Tls10,
    /// TLS 1.1, which must not be negotiated (RFC 8996).
    #[serde(rename = "1.1")]
    Tls11,
    /// TLS 1.2.
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3.
    #[serde(rename = "1.3")]
    Tls13,
}

/// How our push listener behaves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The status of the answers; 202 unless given.
    pub status: Option<u16>,
    /// The JSON body of the answers.
    pub json: Option<Value>,
    /// How many pushes are answered so; all unless given.
    pub times: Option<u32>,
    /// Shows a certificate that must not be trusted.
    pub certificate: Option<BadCertificate>,
}

/// Why a certificate must not be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BadCertificate {
    /// Issued for another name by a trusted authority.
    WrongName,
    /// Issued for the right name by an unknown authority.
    UnknownAuthority,
    /// Issued for the right name by a trusted authority, and past its validity.
    Expired,
    /// Issued for the right name by a trusted authority, and on the revocation list that it names (RFC 5280 section 5).
    Revoked,
}

/// What the target is asked to do by itself, by way of the operator's hook: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Trigger {
    /// Sends an event: a SET template of `fixtures/sets` that shows the event type and the subject.
    pub set: Option<At<String>>,
    /// Sends an event of this type, as a template.
    pub event: Option<At<String>>,
    /// The subject of the event, in place of that of the fixture; `subject` of the case unless given. A template.
    pub subject: Option<At<Value>>,
    /// Changes the status of the stream named by `on`.
    pub status: Option<StreamStatus>,
    /// Sends a verification event that nobody asked for to the stream named by `on`.
    pub verification: bool,
    /// Signs with a new key from now on.
    pub rotate_key: bool,
    /// Whether the hook may say that it cannot be done: the case goes on all the same.
    pub may_refuse: bool,
}

/// The status of a stream (SSF section 8.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StreamStatus {
    /// SETs are delivered.
    Enabled,
    /// SETs are held.
    Paused,
    /// SETs are neither delivered nor held.
    Disabled,
}

impl StreamStatus {
    /// The value of the member `status`: `paused`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// A push to our listener, with its request.
    Push,
    /// A SET, by whichever method the stream delivers.
    Set,
    /// A request of a visiting receiver to our transmitter.
    Request,
    /// A connection of a visiting receiver that was shown a certificate that must not be trusted.
    Connection,
    /// A back-channel logout request of an OpenID provider.
    Logout,
}

/// A login of a browser (OpenID Connect Core).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Login {
    /// The variable that the session is known by; `session` unless given.
    pub session: Option<At<String>>,
    /// The user, by a name within the case: logins of one name are sessions of one user.
    pub user: Option<String>,
    /// The session identifier that our OpenID provider gives it. A template.
    pub sid: Option<At<String>>,
    /// Whether our OpenID provider gives a logout token in place of an ID Token; a login without it comes before.
    pub impostor: bool,
    /// Whether our relying party asks for `offline_access`.
    pub offline: bool,
    /// Whether our relying party is the one whose ID Tokens are encrypted.
    pub encrypted: bool,
    /// Whether the login is one at our relying party behind the target, which is a provider itself.
    pub behind: bool,
}

/// What our transmitter does otherwise while a receiver visits it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The message that is changed: an answer of the management API, a poll, the metadata, the key set, or a SET.
    pub on: Stage,
    /// A CEL condition without which the message is left alone.
    pub when: Option<At<String>>,
    /// Changes of answers.
    pub respond: Option<Respond>,
    /// Claims of SETs to replace; null removes one. Strings may contain `${...}`.
    pub claims: Option<At<Map<String, Value>>>,
    /// Members of the JOSE header of SETs to replace; null removes one.
    pub header: Option<At<Map<String, Value>>>,
    /// The claims set as verbatim JSON text.
    pub payload: Option<At<String>>,
    /// How SETs are broken.
    pub forge: Option<Forgery>,
}

/// What a receiver can be asked to do by the operator's hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// To create a stream again (SSF section 8.1.1.1).
    Create,
    /// To read the configuration of its stream (SSF section 8.1.1.2).
    Read,
    /// To read all configurations (SSF section 8.1.1.2).
    List,
    /// To update the configuration with the given members (SSF section 8.1.1.3).
    Update,
    /// To replace the configuration, changing the given members (SSF section 8.1.1.4).
    Replace,
    /// To delete its stream (SSF section 8.1.1.5).
    Delete,
    /// To read the status (SSF section 8.1.2.1).
    ReadStatus,
    /// To update the status to the given `status`, with the `reason` (SSF section 8.1.2.2).
    UpdateStatus,
    /// To add the given `subject` (SSF section 8.1.3.2).
    AddSubject,
    /// To remove the given `subject` (SSF section 8.1.3.3).
    RemoveSubject,
    /// To ask for a verification, with the given `state` or one of its own (SSF section 8.1.4.2).
    Verify,
    /// To report its state as JSON: no request is made for it.
    State,
}

impl Asked {
    /// Everything that can be asked.
    pub const ALL: [Self; 12] = [
        Self::Create,
        Self::Read,
        Self::List,
        Self::Update,
        Self::Replace,
        Self::Delete,
        Self::ReadStatus,
        Self::UpdateStatus,
        Self::AddSubject,
        Self::RemoveSubject,
        Self::Verify,
        Self::State,
    ];

    /// The ask as suites and hooks name it: `read-status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::List => "list",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::ReadStatus => "read-status",
            Self::UpdateStatus => "update-status",
            Self::AddSubject => "add-subject",
            Self::RemoveSubject => "remove-subject",
            Self::Verify => "verify",
            Self::State => "state",
        }
    }

    /// The feature of the target without which it cannot be asked: `ask-read-status`.
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Create => "ask-create",
            Self::Read => "ask-read",
            Self::List => "ask-list",
            Self::Update => "ask-update",
            Self::Replace => "ask-replace",
            Self::Delete => "ask-delete",
            Self::ReadStatus => "ask-read-status",
            Self::UpdateStatus => "ask-update-status",
            Self::AddSubject => "ask-add-subject",
            Self::RemoveSubject => "ask-remove-subject",
            Self::Verify => "ask-verify",
            Self::State => "ask-state",
        }
    }
}

/// A decision of our transmitter on the stream of a visiting receiver (SSF section 8.1.5).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The status that the stream is to have.
    pub status: StreamStatus,
    /// Why, for the receiver.
    pub reason: Option<String>,
}
