//! The binary as its users meet it: what it says, what it leaves behind, and how it ends.

mod baseline;
mod check;
mod comforts;
mod compare;
mod configuration;
mod doctor;
#[cfg(unix)]
mod example;
mod exit_codes;
mod github;
mod help;
mod init;
mod lint;
mod live;
mod logout;
mod mock;
mod readme;
mod selection;
mod show;
#[path = "../support/mod.rs"]
mod support;
mod transmitter;
mod visiting;

/// Keeps what differs from run to run out of snapshots.
fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, stand_in) in [
        (r"\b(127\.0\.0\.1|localhost):\d+", "$1:[port]"),
        (r"\d{8}T\d{6}Z-[0-9a-f]{6}", "[run]"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
        (r"\(\d+ ms\)", "([time])"),
        (r"setspec \d+\.\d+\.\d+", "setspec [version]"),
        // The suites grow, and that is no change of what is said.
        (r"(?m)^(RFC \d+|all) +\d[ \d]+$", "$1 [numbers]"),
        (r"\d+ (requirements|cases|expectations|more)", "[n] $1"),
        (r"(?m)^(Untested: |  )\d+(: |$)", "$1[n]$2"),
        // So do the options.
        (r"(?m)^not given: .+$", "not given: [keys]"),
    ] {
        settings.add_filter(pattern, stand_in);
    }
    settings
}

/// Compares `text` with the snapshot of this name.
#[track_caller]
fn snapshot(name: &str, text: &str) {
    snapshots().bind(|| insta::assert_snapshot!(name, text));
}
