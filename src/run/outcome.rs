//! Exit codes (DESIGN section 5).

use super::baseline::BaselineOutcome;
use super::event::{Finished, Verdict};

/// How the program ends. Where several apply, the order is 5, 130, 2, 4, 3, 1, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: conformant, or every violation stands in a current baseline.
    Conformant,
    /// 1: nonconformant, or a baseline entry that no longer fails.
    Nonconformant,
    /// 2: usage, configuration or suite file error; nothing was sent.
    Usage,
    /// 3: unreachable, TLS, credentials, or a declared feature that could not be tested.
    Inconclusive,
    /// 4: the selection matched nothing.
    NothingSelected,
    /// 5: the harness itself failed, or could not write a report.
    Internal,
    /// 130: interrupted; the report of what ran is written.
    Interrupted,
}

impl ExitCode {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Nonconformant => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::NothingSelected => 4,
            Self::Internal => 5,
            Self::Interrupted => 130,
        }
    }

    /// The higher one wins.
    const fn rank(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Nonconformant => 1,
            Self::Inconclusive => 2,
            Self::NothingSelected => 3,
            Self::Usage => 4,
            Self::Interrupted => 5,
            Self::Internal => 6,
        }
    }

    /// The one of two that says more.
    pub fn or(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    /// What the end of a run comes to, with what the baseline says of it.
    pub fn of_run(finished: &Finished, baseline: Option<&BaselineOutcome>) -> Self {
        let mut code = match (baseline, finished.verdict) {
            (None, Verdict::Nonconformant) => Self::Nonconformant,
            (Some(baseline), _) if !baseline.holds => Self::Nonconformant,
            _ => Self::Conformant,
        };
        if finished.verdict == Verdict::Inconclusive {
            code = code.or(Self::Inconclusive);
        }
        if finished.inconclusive {
            code = code.or(Self::Inconclusive);
        }
        if finished.interrupted {
            code = code.or(Self::Interrupted);
        }
        if !finished.internal_errors.is_empty() {
            code = code.or(Self::Internal);
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode::*;

    #[test]
    fn the_order_of_the_design_holds() {
        let order = [Internal, Usage, NothingSelected, Inconclusive, Nonconformant, Conformant];
        for pair in order.windows(2) {
            assert_eq!(pair[0].or(pair[1]), pair[0]);
            assert_eq!(pair[1].or(pair[0]), pair[0]);
        }
    }
}
