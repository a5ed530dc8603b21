//! What `--help` says: the options are a promise.

use crate::snapshot;
use crate::support::Home;

#[test]
fn the_options_of_each_run() {
    let home = Home::new();
    for (args, name) in [
        (&["--help"][..], "help"),
        (&["run", "receiver", "-h"], "help_run_receiver"),
        (&["run", "transmitter", "-h"], "help_run_transmitter"),
    ] {
        let ended = home.run(args).expect_code(0);
        assert_eq!(ended.stderr, "");
        snapshot(name, &ended.stdout);
    }
}

#[test]
fn the_doctor_takes_what_a_run_takes() {
    let home = Home::new();
    for role in ["receiver", "transmitter", "rp", "op"] {
        let options = |command: &str| {
            let shown = home.run(&[command, role, "-h"]).expect_code(0).stdout;
            shown.split_once("Options:").map(|(_, options)| options.to_owned()).expect("options")
        };
        assert_eq!(options("doctor"), options("run"));
    }
}
