//! Regular expressions, each compiled once: those of suites are applied to every message.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

/// How many patterns are kept; a suite has a few dozen.
const KEPT: usize = 500;

/// Whether the pattern is found in the text.
///
/// # Errors
/// If it is no regular expression.
pub(super) fn is_match(text: &str, pattern: &str) -> Result<bool, String> {
    thread_local! {
        static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(regex) = compiled.get(pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        let found = regex.is_match(text);
        // A pattern can be put together at run time, so that there is no end to them.
        if compiled.len() < KEPT {
            compiled.insert(pattern.to_owned(), regex);
        }
        Ok(found)
    })
}
