//! Deviations that a changed answer cannot express, and legal choices that other transmitters make.

/// Writes each switch down once: as a field, and as a name for suite files.
macro_rules! switches {
    ($($(#[$about:meta])+ $field:ident,)+) => {
        /// Named switches, all off for the reference.
        ///
        /// An answer, a SET or a push request is changed by [`Hooks`](super::Hooks). What stands here changes what the
        /// transmitter *does*.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Behaviour {
            $($(#[$about])+ pub $field: bool,)+
        }

        impl Behaviour {
            /// The names of all switches, as suite files write them: `ignores-acks`.
            pub const NAMES: &[&str] = &[$({
                const HYPHENATED: [u8; stringify!($field).len()] = hyphenated(stringify!($field));
                text(&HYPHENATED)
            }),+];

            fn switches(&mut self) -> impl Iterator<Item = &mut bool> {
                [$(&mut self.$field),+].into_iter()
            }
        }
    };
}

impl Behaviour {
    /// Switches one on by its name; false if there is none of this name.
    #[must_use]
    pub fn set(&mut self, name: &str) -> bool {
        let found = Self::NAMES.iter().zip(self.switches()).find(|(known, _)| **known == name);
        found.map(|(_, switch)| *switch = true).is_some()
    }
}

/// The name of a field with hyphens for underscores.
const fn hyphenated<const LENGTH: usize>(field: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        let byte = field.as_bytes()[at];
        bytes[at] = if byte == b'_' { b'-' } else { byte };
        at += 1;
    }
    bytes
}

const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

switches! {
    /// Acknowledged SETs stay in the queue (RFC 8936 section 2.2).
    ignores_acks,
    /// An acknowledged SET is returned by one later poll (RFC 8936 section 2.2).
    redelivers_acknowledged,
    /// A SET is returned by one poll only, acknowledged or not (RFC 8936 section 2.3).
    never_redelivers,
    /// A paused stream delivers (SSF section 8.1.2.1).
    delivers_while_paused,
    /// A disabled stream delivers (SSF section 8.1.2.1).
    delivers_while_disabled,
    /// What was held while a stream was paused is dropped when it is enabled (SSF section 8.1.2.1).
    drops_held,
    /// What was held is delivered newest first (SSF section 8.1.2.1).
    reorders_held,
    /// Any receiver finds any stream (SSF section 8).
    shows_foreign_streams,
    /// A stream of another receiver is forbidden, not unknown: 403 in place of 404. Legal (SSF section 8).
    forbids_foreign_streams,
    /// A poll returns one SET more than was asked for, if there is one (RFC 8936 section 2.2).
    exceeds_max_events,
    /// `returnImmediately` is ignored: such a poll is held for twice as long as others (RFC 8936 section 2.2).
    ignores_return_immediately,
    /// Every poll is answered at once (RFC 8936 section 2.5).
    never_long_polls,
    /// A second stream gets the identifier of the first one, and replaces it (SSF section 8.1.1).
    reuses_stream_ids,
    /// The second poll stream of a receiver announces the poll endpoint of the first one (SSF section 6.1.2).
    shares_poll_endpoints,
    /// Where a second stream is not allowed, its creation is answered with the first one (SSF section 8.1.1.1).
    creates_second_silently,
    /// A failed push is never sent again (RFC 8935 section 2).
    never_retries,
    /// A failed push is sent again at once.
    retries_without_delay,
    /// A push that was refused with 400 is sent again (RFC 8935 section 2.3).
    retries_refused,
    /// A push that was acknowledged is sent once more (RFC 8935 section 2.1).
    repeats_acknowledged_pushes,
    /// No push carries the authorization header (SSF section 6.1.1).
    loses_authorization_header,
    /// The first push of a SET carries the authorization header, later ones do not (SSF section 6.1.1).
    forgets_authorization_on_retries,
    /// Any credential, or none, is as good as that of the stream's receiver, or of the first one (SSF section 8).
    skips_authentication,
    /// A token in the query is as good as one in the header (RFC 6750 section 2.3).
    accepts_query_tokens,
    /// A token that has expired or was revoked is as good as before (RFC 6750 section 3.1).
    accepts_expired_tokens,
    /// A token whose scope is reading lets its bearer change everything (RFC 6750 section 3.1).
    ignores_scopes,
    /// The poll endpoint asks for no credential (RFC 8936 section 3).
    polls_without_authentication,
    /// The poll endpoint serves whoever has a valid credential (RFC 8936 section 4.3).
    polls_for_any_receiver,
    /// A paused or disabled stream refuses polls with 409 once its own notices are delivered. Legal (RFC 8936 section 2.6).
    refuses_polls_of_stopped_streams,
    /// Events are delivered whatever subjects were added or removed (SSF section 8.1.3).
    ignores_subjects,
    /// A subject is added without effect (SSF section 8.1.3.2).
    adds_subjects_without_effect,
    /// A subject is removed without effect (SSF section 8.1.3.3).
    keeps_delivering_removed_subjects,
    /// Every supported event is delivered, requested or not (SSF section 8.1.1).
    ignores_events_requested,
    /// Transmitter-supplied members need not match (SSF sections 8.1.1.3 and 8.1.1.4).
    accepts_wrong_members,
    /// PATCH resets what is not mentioned (SSF section 8.1.1.3).
    patches_like_put,
    /// PUT keeps what is not mentioned (SSF section 8.1.1.4).
    puts_like_patch,
    /// A deleted stream lives on (SSF section 8.1.1.5).
    keeps_deleted,
    /// A deletion that names no stream deletes all streams of the receiver (SSF section 8.1.1.5).
    deletes_on_any_missing_id,
    /// Who reads an unknown stream, or its status, gets the first one of the receiver (SSF sections 8.1.1.2 and 8.1.2.1).
    answers_unknown_stream_with_own,
    /// A status update is answered, and nothing changes (SSF section 8.1.2.2).
    ignores_status_updates,
    /// Who pauses one stream pauses every stream of the receiver that is enabled for a stated reason (SSF section 8.1.2).
    pauses_every_stream,
    /// A status that the receiver changed is announced, too. Legal: SSF section 8.1.2 leaves it open.
    announces_requested_changes,
    /// The transmitter changes a status without a stream-updated event (SSF section 8.1.5).
    changes_status_silently,
    /// A verification is answered with 204, and no event follows (SSF section 8.1.4.2).
    never_verifies,
    /// A verification event carries the state of the request before its own (SSF section 8.1.4.2).
    merges_states,
    /// A verification event names another stream as its subject (SSF section 8.1.4.1).
    delivers_foreign_verification,
    /// A verification event that nobody asked for carries a state (SSF section 8.1.4.1).
    unsolicited_state,
    /// Calls and polls do not restart the inactivity timeout (SSF section 8.1.1).
    ignores_activity,
    /// What becomes of an account that leaves the exchange of RISC events or comes back is not told (RISC section 2.8).
    changes_opt_out_silently,
    /// RISC events about an account that has left are sent all the same (RISC section 2.8).
    ignores_opt_out,
    /// The configuration is also where RISC transmitters had it. Legal (SSF section 7.2.2).
    serves_risc_configuration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_a_name_and_the_name_sets_it_alone() {
        assert!(Behaviour::NAMES.contains(&"ignores-acks"));
        for (place, name) in Behaviour::NAMES.iter().enumerate() {
            let mut behaviour = Behaviour::default();
            assert!(behaviour.set(name), "{name}");
            let on: Vec<usize> = behaviour.switches().enumerate().filter(|(_, on)| **on).map(|(at, _)| at).collect();
            assert_eq!(on, [place], "{name}");
        }
        for unknown in ["", "ignores_acks", "ignores-ack"] {
            let mut behaviour = Behaviour::default();
            assert!(!behaviour.set(unknown));
            assert_eq!(behaviour, Behaviour::default());
        }
    }
}
