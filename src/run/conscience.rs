//! What we send as the conformant party has to pass our own rules.

use super::judge::{Judge, Observation, Observed};
use super::steps::Stop;
use crate::suite::model::section::Level;

/// Nothing of what was seen of our own message may be broken.
///
/// # Errors
/// The harness is to blame: the first requirement that it breaks.
pub(crate) fn clear(conscience: &Judge, seen: &[Observation]) -> Result<(), Stop> {
    for Observation { requirement, result, .. } in seen {
        let requirement = &conscience.catalogue().requirements[*requirement];
        if let Observed::Broken(why) = result
            && requirement.level != Level::May
        {
            let id = &requirement.id;
            let (expected, actual) = (&why.expected, &why.actual);
            return Err(Stop::Internal(format!("the harness itself breaks {id}: expected {expected}, got {actual}")));
        }
    }
    Ok(())
}
