//! Pages of setspec in a real browser, with content from hostile targets. Each test is a trial of its own, by name.
//!
//! The browser is Chromium: the one on the path, or the one that `SETSPEC_CHROMIUM` names. Where there is none the trials
//! are ignored, and the output says why.

#[path = "../support/browser/mod.rs"]
mod browser;
mod driver;
mod hostile;
mod live;
mod pages;
#[path = "../support/mod.rs"]
mod support;

// The sample events are those of the unit tests; these names are what they expect at the root of a crate.
use setspec::{http, report, run, suite};

#[allow(dead_code, reason = "the unit tests use the rest")]
#[path = "../../src/report/testing.rs"]
mod testing;

use std::process::ExitCode;

use libtest_mimic::Arguments;

#[expect(clippy::print_stderr, reason = "a test runner says what it leaves out")]
fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if let Some(why) = browser::why_ignored() {
        eprintln!("{why}");
    }
    let trials = [driver::trials(), live::trials(), pages::trials()];
    libtest_mimic::run(&arguments, trials.into_iter().flatten().collect()).exit_code()
}
