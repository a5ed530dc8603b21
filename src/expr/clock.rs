//! The time that expressions see.

use std::cell::Cell;

thread_local! {
    static STOPPED: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Lets the clock go on when what it was stopped for has ended, however it ended.
struct Stopped;

impl Drop for Stopped {
    fn drop(&mut self) {
        STOPPED.set(None);
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    STOPPED.get().unwrap_or_else(|| jiff::Timestamp::now().as_second())
}

/// Does something at one moment: a document that names two times gets both by the same clock.
pub(super) fn at_one_moment<R>(f: impl FnOnce() -> R) -> R {
    let _stopped = STOPPED.get().is_none().then(|| {
        STOPPED.set(Some(now()));
        Stopped
    });
    f()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_and_goes_on() {
        at_one_moment(|| {
            let began = now();
            STOPPED.set(Some(began - 5));
            at_one_moment(|| assert_eq!(now(), began - 5, "the outer one holds"));
            assert_eq!(now(), began - 5);
        });
        assert_eq!(STOPPED.get(), None);
        let caught = std::panic::catch_unwind(|| at_one_moment(|| panic!("it ends")));
        assert!(caught.is_err() && STOPPED.get().is_none());
    }
}
