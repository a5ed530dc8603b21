//! Deviations that a changed answer cannot express.

/// Named switches, all off for the reference.
///
/// An answer, a SET or a push request is changed by [`Hooks`](super::Hooks). What stands here changes what the
/// transmitter *does*.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Acknowledged SETs stay in the queue (RFC 8936 section 2.2).
    pub ignores_acks: bool,
    /// A SET is returned by one poll only, acknowledged or not (RFC 8936 section 2.3).
    pub never_redelivers: bool,
    /// A paused stream delivers (SSF section 8.1.2.1).
    pub delivers_while_paused: bool,
    /// A disabled stream delivers (SSF section 8.1.2.1).
    pub delivers_while_disabled: bool,
    /// What was held while a stream was paused is dropped when it is enabled (SSF section 8.1.2.1).
    pub drops_held: bool,
    /// What was held is delivered newest first (SSF section 8.1.2.1).
    pub reorders_held: bool,
    /// Any receiver finds any stream (SSF section 8).
    pub shows_foreign_streams: bool,
    /// A poll returns one SET more than was asked for, if there is one (RFC 8936 section 2.2).
    pub exceeds_max_events: bool,
    /// `returnImmediately` is taken for false (RFC 8936 section 2.2).
    pub ignores_return_immediately: bool,
    /// Every poll is answered at once (RFC 8936 section 2.5).
    pub never_long_polls: bool,
    /// A second stream gets the identifier of the first one, and replaces it (SSF section 8.1.1).
    pub reuses_stream_ids: bool,
    /// A failed push is never sent again (RFC 8935 section 2).
    pub never_retries: bool,
    /// A failed push is sent again at once.
    pub retries_without_delay: bool,
    /// A push that was refused with 400 is sent again (RFC 8935 section 2.3).
    pub retries_refused: bool,
    /// The first push of a SET carries the authorization header, later ones do not (SSF section 6.1.1).
    pub forgets_authorization_on_retries: bool,
    /// Any credential, or none, is as good as that of the stream's receiver, or of the first one (SSF section 8).
    pub skips_authentication: bool,
    /// The poll endpoint asks for no credential (RFC 8936 section 3).
    pub polls_without_authentication: bool,
    /// Subjects are added and removed without effect (SSF section 8.1.3).
    pub ignores_subjects: bool,
    /// Every supported event is delivered, requested or not (SSF section 8.1.1).
    pub ignores_events_requested: bool,
    /// Transmitter-supplied members need not match (SSF sections 8.1.1.3 and 8.1.1.4).
    pub accepts_wrong_members: bool,
    /// PATCH resets what is not mentioned (SSF section 8.1.1.3).
    pub patches_like_put: bool,
    /// PUT keeps what is not mentioned (SSF section 8.1.1.4).
    pub puts_like_patch: bool,
    /// A deleted stream lives on (SSF section 8.1.1.5).
    pub keeps_deleted: bool,
    /// A status update is answered, and nothing changes (SSF section 8.1.2.2).
    pub ignores_status_updates: bool,
    /// The transmitter changes a status without a stream-updated event (SSF section 8.1.5).
    pub changes_status_silently: bool,
    /// A verification is answered with 204, and no event follows (SSF section 8.1.4.2).
    pub never_verifies: bool,
}
