//! One line that says how far it is, and is replaced in place.

use std::fmt;
use std::io::{self, Write};

/// How wide the line may be, so that it does not wrap and can be replaced.
const WIDTH: usize = 78;

/// A line of progress on a terminal, or none at all.
#[derive(Default)]
pub struct Progress {
    out: Option<Box<dyn Write + Send>>,
    shown: bool,
}

impl Progress {
    /// Shows progress on `out`, which has to be a terminal.
    pub fn on(out: impl Write + Send + 'static) -> Self {
        Self { out: Some(Box::new(out)), shown: false }
    }

    /// Replaces the line: `3 of 12  A SET with a broken signature is pushed`.
    pub fn show(&mut self, done: usize, of: usize, what: &str) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        let line: String = format!("{done} of {of}  {what}").chars().take(WIDTH).collect();
        self.shown = true;
        write!(out, "\r{line}\x1b[K")?;
        out.flush()
    }

    /// Makes room for other lines.
    pub fn clear(&mut self) -> io::Result<()> {
        let Some(out) = self.out.as_mut().filter(|_| std::mem::take(&mut self.shown)) else { return Ok(()) };
        write!(out, "\r\x1b[K")?;
        out.flush()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Progress").field("shown", &self.shown).finish_non_exhaustive()
    }
}
