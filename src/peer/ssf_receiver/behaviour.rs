//! What the receiver can be made to do otherwise than it should.

type Switch = (&'static str, &'static str, fn(&mut Behaviour));

/// Writes each switch down once: its name for suites, what it does, and its field.
macro_rules! switches {
    ($($name:literal, $field:ident, $about:literal;)+) => {
        /// Named switches, all off for the reference.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Behaviour {
            $(#[doc = $about] pub $field: bool,)+
        }

        const ALL: &[Switch] = &[$(($name, $about, |behaviour| behaviour.$field = true)),+];

        /// The switches: name and description.
        pub const BEHAVIOURS: &[(&str, &str)] = &[$(($name, $about)),+];
    };
}

switches! {
    "never-acknowledges", never_acknowledges,
        "polls without ack for good SETs (RFC 8936 section 2.4)";
    "acknowledges-everything", acknowledges_everything,
        "acknowledges every SET that it polls, and validates none (RFC 8936 section 2.1)";
    "acknowledges-before-validating", acknowledges_before_validating,
        "acknowledges the SETs of a poll at once in a request of its own, and reports errors later (RFC 8936 section 2.1)";
    "reports-everything", reports_everything,
        "reports an error in every SET (RFC 8936 section 2.6)";
    "ignores-everything", ignores_everything,
        "polls, and says nothing of any SET (RFC 8936 section 2)";
    "reports-what-it-does-not-apply", reports_what_it_does_not_apply,
        "reports an error in SETs whose event types it does not know (RFC 8936 section 2)";
    "reports-repeats", reports_repeats,
        "reports an error in a SET whose jti came before (RFC 8936 section 2.4)";
    "ignores-repeats", ignores_repeats,
        "says nothing of a SET whose jti came before (RFC 8936 section 2.4)";
    "acknowledges-again", acknowledges_again,
        "repeats every earlier acknowledgement in each poll (RFC 8936 section 2.2)";
    "waits-after-acknowledging", waits_after_acknowledging,
        "acknowledges apart, without returnImmediately, and does not wait for the answer (RFC 8936 section 2.4.2)";
    "hangs-up-after-acknowledging", hangs_up_after_acknowledging,
        "acknowledges apart, without returnImmediately, and closes the connection before the answer (RFC 8936 section 2.4.2)";
    "skips-metadata-issuer", skips_metadata_issuer,
        "does not validate the issuer of the metadata (SSF section 7.2.4)";
    "keeps-slash", keeps_slash,
        "keeps the slash at the end of the issuer's path in the well-known location (SSF section 7.2.1)";
    "skips-created-iss", skips_created_iss,
        "does not validate the iss of a stream that it creates (SSF section 8.1.1.1)";
    "skips-read-iss", skips_read_iss,
        "does not validate the iss of a configuration that it reads (SSF section 8.1.1.2)";
    "skips-updated-iss", skips_updated_iss,
        "does not validate the iss of an updated configuration (SSF section 8.1.1.3)";
    "skips-replaced-iss", skips_replaced_iss,
        "does not validate the iss of a replaced configuration (SSF section 8.1.1.4)";
    "skips-stream-audience", skips_stream_audience,
        "does not validate the aud of its stream (SSF section 8.1.1.1.1)";
    "refuses-unknown-members", refuses_unknown_members,
        "reports an error in a SET with unknown members (SSF section 4.2.3)";
    "refuses-known-stream-members-only", refuses_unknown_stream_members,
        "gives up where metadata or a stream have unknown members (SSF section 8.1.1)";
    "skips-verification-state", skips_verification_state,
        "acknowledges a verification event with another state (SSF section 8.1.4.1)";
    "needs-prompt-verification", needs_prompt_verification,
        "refuses a verification event that comes after other SETs, or later than 50 ms (SSF section 8.1.4.2)";
    "reports-removed-subjects", reports_removed_subjects,
        "reports an error in SETs about a subject that it removed (SSF section 8.1.3.3)";
    "ignores-removed-subjects", ignores_removed_subjects,
        "says nothing of SETs about a subject that it removed (SSF section 8.1.3.3)";
    "skips-critical-members", skips_critical_members,
        "acts on events whose subject has critical members that it does not know (SSF section 3.6)";
    "ignores-stream-updated", ignores_stream_updated,
        "says nothing of stream-updated events (SSF section 8.1.5)";
    "keeps-status", keeps_status,
        "takes stream-updated events, and goes by the status from before (SSF section 8.1.5)";
    "gives-up-on-errors", gives_up_on_errors,
        "polls no more after the first answer that is not 200 (RFC 8936 section 2.5)";
    "reads-errors", reads_errors,
        "takes the SETs in an answer that is an error (RFC 8936 section 2.5.1)";
    "no-authorization-header", no_authorization_header,
        "asks for authorization of pushes, and creates its stream without saying so (SSF section 6.1.1)";
    "skips-revocation", skips_revocation,
        "trusts a certificate that the list which it names revokes (RFC 5280 section 5)";
    "ignores-resource-metadata", ignores_resource_metadata,
        "asks for a token without the metadata of the protected resource (RFC 9728 section 3)";
    "repeats-too-soon", repeats_too_soon,
        "repeats a verification request that is answered with 429 at once, three times (SSF section 8.1.4.2)";
}

impl Behaviour {
    /// Switches one on by its name; false if there is none of this name.
    #[must_use]
    pub fn set(&mut self, name: &str) -> bool {
        let found = ALL.iter().find(|(known, ..)| *known == name);
        found.map(|(_, _, switch)| switch(self)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_sets_a_switch_of_its_own() {
        let mut seen: Vec<Behaviour> = vec![Behaviour::default()];
        for (name, _) in BEHAVIOURS {
            let mut behaviour = Behaviour::default();
            assert!(behaviour.set(name), "{name}");
            assert!(!seen.contains(&behaviour), "{name}");
            seen.push(behaviour);
        }
        assert!(!Behaviour::default().set("never_acknowledges"));
    }
}
