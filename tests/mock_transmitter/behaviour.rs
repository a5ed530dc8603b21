//! Each switch changes what it says, and nothing else that a receiver can see.
//!
//! A probe drives a transmitter and says what it saw. Every probe is run under every switch: it sees the same as with the
//! reference, except where the table of deviations says otherwise.

mod probes;
mod sink;

use std::time::Duration;

use serde_json::{Value, json};
use setspec::peer::ssf::{Behaviour, SsfOptions};
use tokio::task::JoinSet;

use crate::pair::Pair;
use probes::{Probe, probes};

/// A switch, a probe that it shows in, and what the probe sees then.
type Deviation = (&'static str, &'static str, Value);

fn deviations() -> Vec<Deviation> {
    vec![
        ("ignores-acks", "acknowledged", json!([2, 2, 2, 2])),
        ("redelivers-acknowledged", "acknowledged", json!([2, 0, 2, 0])),
        ("never-redelivers", "unacknowledged", json!([["a"], []])),
        ("delivers-while-paused", "paused", json!([["a", "b"], ["a", "b"]])),
        ("delivers-while-disabled", "disabled", json!([1, ["a"], ["a"]])),
        ("drops-held", "paused", json!([[], []])),
        ("reorders-held", "paused", json!([[], ["b", "a"]])),
        ("shows-foreign-streams", "foreign", json!([1, 200, 200, 200, 200, 204, 204, 200, 204])),
        ("forbids-foreign-streams", "foreign", json!([0, 403, 403, 403, 403, 403, 403, 403, 403])),
        ("polls-for-any-receiver", "foreign", json!([0, 404, 404, 404, 404, 404, 404, 200, 404])),
        ("exceeds-max-events", "bounded", json!([2, true])),
        ("ignores-return-immediately", "immediate", json!(1)),
        ("never-long-polls", "waiting", json!(0)),
        ("reuses-stream-ids", "neighbour", json!("paused")),
        ("reuses-stream-ids", "two_streams", json!([1, "the same id", "the same endpoint"])),
        ("shares-poll-endpoints", "two_streams", json!([2, "two ids", "the same endpoint"])),
        ("creates-second-silently", "second_of_one", json!([201, 201, "the same id"])),
        ("never-retries", "failed_push", json!([true])),
        ("retries-without-delay", "delayed_push", json!(2)),
        ("retries-refused", "refused_push", json!(3)),
        ("repeats-acknowledged-pushes", "failed_push", json!([true, true, true])),
        ("repeats-acknowledged-pushes", "one_push", json!([true, true])),
        ("loses-authorization-header", "failed_push", json!([false, false])),
        ("loses-authorization-header", "one_push", json!([false])),
        ("forgets-authorization-on-retries", "failed_push", json!([true, false])),
        ("skips-authentication", "unknown_caller", json!([200, 200, 200])),
        ("polls-without-authentication", "unknown_caller", json!([401, 200, 200])),
        ("skips-authentication", "lesser_tokens", json!([200, 200, 403])),
        ("accepts-query-tokens", "lesser_tokens", json!([200, 401, 403])),
        ("accepts-expired-tokens", "lesser_tokens", json!([401, 200, 403])),
        ("ignores-scopes", "lesser_tokens", json!([401, 401, 201])),
        ("ignores-subjects", "added_subject", json!([1, 1, 1])),
        ("ignores-subjects", "removed_subject", json!([1, 1, 1])),
        ("adds-subjects-without-effect", "added_subject", json!([0, 0, 0])),
        ("adds-subjects-without-effect", "removed_subject", json!([1, 0, 0])),
        ("keeps-delivering-removed-subjects", "added_subject", json!([0, 1, 1])),
        ("keeps-delivering-removed-subjects", "removed_subject", json!([1, 1, 1])),
        ("ignores-events-requested", "not_requested", json!([1, 1])),
        ("accepts-wrong-members", "wrong_members", json!([200, 200, "its own issuer"])),
        ("patches-like-put", "patched", json!(["e", false])),
        ("puts-like-patch", "put", json!([true, true])),
        ("keeps-deleted", "deleted", json!([204, 200, 1])),
        ("deletes-on-any-missing-id", "deleted_without_id", json!([204, "none left"])),
        ("answers-unknown-stream-with-own", "unknown_stream", json!([200, "its own", 200, "its own"])),
        ("ignores-status-updates", "updated_status", json!([200, "paused", "enabled"])),
        ("ignores-status-updates", "paused", json!([["a", "b"], ["a", "b"]])),
        ("ignores-status-updates", "disabled", json!([1, ["a"], ["a"]])),
        ("pauses-every-stream", "neighbour", json!("paused")),
        ("announces-requested-changes", "told", json!(["enabled", "paused"])),
        ("announces-requested-changes", "paused", json!([["-"], ["-", "-", "a", "b"]])),
        ("announces-requested-changes", "disabled", json!([0, ["-"], ["-", "-"]])),
        ("refuses-polls-of-stopped-streams", "paused", json!([409, ["a", "b"]])),
        ("refuses-polls-of-stopped-streams", "disabled", json!([0, 409, []])),
        ("changes-status-silently", "own_decision", json!([0, "paused"])),
        ("never-verifies", "verified", json!([])),
        ("merges-states", "verified", json!([[null, "its own"], ["s1", "its own"]])),
        ("delivers-foreign-verification", "verified", json!([["s1", "foreign"], ["s2", "foreign"]])),
        ("delivers-foreign-verification", "unasked", json!([["no state", "foreign"]])),
        ("unsolicited-state", "unasked", json!([["a state", "its own"]])),
        ("ignores-activity", "active", json!("paused")),
        ("changes-opt-out-silently", "opted_out", json!([0, 0, 0, 1])),
        ("ignores-opt-out", "opted_out", json!([1, 1, 1, 1])),
        ("serves-risc-configuration", "risc", json!([200, "the configuration"])),
    ]
}

async fn see(probe: &Probe, switch: Option<&'static str>) -> Value {
    let change = |options: &mut SsfOptions| {
        // A poll that should not wait, and does, is not to hold up everything.
        options.timing.long_poll = Duration::from_millis(300);
        (probe.set_up)(options);
        assert!(switch.is_none_or(|name| options.behaviour.set(name)), "{switch:?}");
    };
    (probe.act)(Pair::new(change).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_switch_changes_what_it_says_and_nothing_else() {
    let deviations = deviations();
    for name in Behaviour::NAMES {
        assert!(deviations.iter().any(|(switch, ..)| switch == name), "{name} is not tested");
    }
    for (switch, name, _) in &deviations {
        assert!(Behaviour::NAMES.contains(switch), "{switch} is no switch");
        assert!(probes().iter().any(|probe| probe.name == *name), "{name} is no probe");
    }
    let switches = [None].into_iter().chain(Behaviour::NAMES.iter().copied().map(Some));
    let mut running = JoinSet::new();
    let mut wrong = Vec::new();
    for switch in switches {
        while running.len() >= 4 {
            wrong.extend(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(async move { surprises(switch).await });
    }
    while let Some(ended) = running.join_next().await {
        wrong.extend(ended.unwrap());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a switch, or the reference, shows something else than it should.
async fn surprises(switch: Option<&'static str>) -> Vec<String> {
    let deviations = deviations();
    let mut wrong = Vec::new();
    for probe in probes() {
        let deviation = deviations.iter().find(|(name, seen, _)| Some(*name) == switch && *seen == probe.name);
        let expected = deviation.map_or(&probe.faithful, |(.., value)| value);
        let seen = see(&probe, switch).await;
        if seen != *expected {
            wrong.push(format!("{}: {}: expected {expected}, got {seen}", switch.unwrap_or("reference"), probe.name));
        }
    }
    wrong
}
