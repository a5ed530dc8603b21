//! A real browser for tests of pages: Chromium without a window, spoken to by the DevTools protocol.
//!
//! The crates that carry the whole protocol as Rust types cost more to compile than everything else here together, for a
//! dozen of its commands; so a WebSocket crate carries them as JSON.

#![allow(dead_code, unused_imports, reason = "each test target uses a part")]

mod connection;
mod page;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

pub use page::{Look, Page, Seen};

/// Names the browser to test with, instead of the one on the path.
const VARIABLE: &str = "SETSPEC_CHROMIUM";

/// What Chromium is called by those who package it.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/// How long anything is waited for. A busy machine needs some seconds to start a browser.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A test with a page of its own. It is ignored, and says so, where there is no browser.
///
/// `SETSPEC_CHROMIUM` names a browser; if that one cannot be started the test fails.
pub fn trial(name: &str, test: impl FnOnce(&mut Page) + Send + 'static) -> Trial {
    let missing = find().is_none();
    let trial = Trial::test(name, move || {
        let path = find().ok_or_else(|| Failed::from(absent()))?;
        let mut browser = Browser::start(&path)?;
        test(&mut browser.page);
        Ok(())
    });
    let trial = if missing { trial.with_kind("skipped: no Chromium") } else { trial };
    trial.with_ignored_flag(missing)
}

/// Why the tests are ignored, if they are.
pub fn why_ignored() -> Option<String> {
    find().is_none().then(absent)
}

fn absent() -> String {
    format!("the browser is not tested: none of {} is on the path, and {VARIABLE} names none", NAMES.join(", "))
}

/// The browser that is asked for, or the first on the path.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// A browser with a profile of its own and one page. It ends with this value.
struct Browser {
    page: Page,
    child: Child,
    _profile: TempDir,
}

impl Browser {
    fn start(path: &PathBuf) -> Result<Self, Failed> {
        let profile = tempfile::tempdir()?;
        let mut child = Command::new(path)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars"])
            .args(["--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: it cannot be started: {error} (see {VARIABLE})", path.display()))?;
        let page = address(&mut child).and_then(|url| Page::attach(&url));
        match page {
            Ok(page) => Ok(Self { page, child, _profile: profile }),
            Err(why) => {
                // One that has ended already cannot be killed, and that is as good.
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("{}: {why} (see {VARIABLE})", path.display()).into())
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close it takes its own children along, which a kill would leave behind.
        self.page.close();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the browser listens: it says so on standard error.
fn address(child: &mut Child) -> Result<String, String> {
    let stderr = child.stderr.take().ok_or("standard error is not piped")?;
    let (to, lines) = channel();
    // Reads on to the end, so that the browser never waits for somebody to read.
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // Nobody listens any more once the address is known.
            let _ = to.send(line);
        }
    });
    let deadline = Instant::now() + PATIENCE;
    let mut said = String::new();
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        if let Some((_, url)) = line.split_once("DevTools listening on ") {
            return Ok(url.trim().to_owned());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(format!("it is no browser that can be driven; it said:\n{said}"))
}
