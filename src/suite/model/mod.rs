//! The typed model of suite files, as they are written. Unknown keys are refused everywhere.
//!
//! | module | what it holds |
//! |---|---|
//! | [`section`] | one file, one section of a specification |
//! | [`expect`] | expectations |
//! | [`case`] | cases and their steps |
//! | [`deviation`] | mutants and variations |
//! | [`spec`] | `spec.yaml`, which names a specification |
//! | [`profile`] | `profiles.yaml` |

pub mod case;
pub mod deviation;
pub mod expect;
pub mod profile;
pub mod section;
pub mod spec;
