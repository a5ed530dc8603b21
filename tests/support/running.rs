//! A command that is still running.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a line, or the end, is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Killed when it goes out of scope.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
}

impl Running {
    pub fn new(mut child: Child) -> Self {
        let (to, lines) = channel();
        forward(child.stdout.take().expect("standard output is piped"), to.clone());
        forward(child.stderr.take().expect("standard error is piped"), to);
        Self { child, lines, seen: String::new() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that contains `text`.
    #[track_caller]
    pub fn line_with(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_line(deadline) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(why) => panic!("no line with {text:?} ({why}); it said:\n{}", self.seen),
            }
        }
    }

    fn next_line(&mut self, deadline: Instant) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))?;
        self.seen.push_str(&line);
        self.seen.push('\n');
        Ok(line)
    }

    /// Sends a signal: `INT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh runs").success(), "{kill}");
    }

    /// Waits for the end; gives the exit code, which a death by signal has not, and everything that was printed.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_line(deadline) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; it said:\n{}", self.seen),
            }
        }
        let status = self.child.wait().expect("it ended");
        (status.code(), std::mem::take(&mut self.seen))
    }

    /// Waits for the end, as [`Running::end`] does, and measures the most memory that the process held, in bytes.
    #[cfg(target_os = "linux")]
    pub fn end_with_peak(mut self) -> (Option<i32>, String, u64) {
        let deadline = Instant::now() + PATIENCE;
        let mut peak = 0;
        let status = loop {
            // The high-water mark only grows, so the last look before the end is the one that counts.
            peak = peak.max(high_water_mark(self.child.id()).unwrap_or(0));
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            let _ = self.next_line(Instant::now() + Duration::from_millis(5));
        };
        while self.next_line(deadline).is_ok() {}
        (status.code(), std::mem::take(&mut self.seen), peak)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and that is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
}

#[cfg(target_os = "linux")]
fn high_water_mark(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
