//! What a mock peer and its counterpart say to each other, judged as it happens.
//!
//! There is no plan and no case here: every exchange is looked at alone, both sides of it, by the rules. Who was asked for
//! something wrong, or to do something wrong, is not held to the rules on good requests.

mod bench;
mod hooks;

pub(crate) use bench::{Bench, Parties, Seen, SeenSet};
pub(crate) use hooks::Eyes;
