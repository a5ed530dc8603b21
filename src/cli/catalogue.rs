//! The options that say which suites are used.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::console::Failure;
use crate::suite::{Catalogue, Sources, load};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct SuiteArgs {
    /// Use the suites of this folder in place of the built-in ones.
    #[arg(long, value_name = "DIR", global = true)]
    pub suites: Option<PathBuf>,
    /// Use the suites of this folder beside the built-in ones. A file of the same name replaces ours.
    #[arg(long, value_name = "DIR", global = true)]
    pub extra_suites: Vec<PathBuf>,
}

impl SuiteArgs {
    pub fn load(&self) -> Result<Arc<Catalogue>, Failure> {
        let mut sources = match &self.suites {
            Some(dir) => Sources::replaced_by(dir),
            None => Ok(Sources::embedded()),
        }
        .map_err(|error| Failure::suites(&[error]))?;
        for dir in &self.extra_suites {
            sources.overlay(dir).map_err(|error| Failure::suites(&[error]))?;
        }
        load(&sources).map(Arc::new).map_err(|errors| Failure::suites(&errors))
    }
}
