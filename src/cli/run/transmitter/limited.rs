//! The options for tokens that are good for less than everything.

use super::credentials::proof;
use crate::cli::config::Config;
use crate::cli::console::Failure;
use crate::cli::run::repeat::Repeat;
use crate::run::transmitter::settings::LimitedTokens;

#[derive(Debug, clap::Args)]
pub(super) struct LimitedArgs {
    /// A token of the same receiver that may read and nothing else (scope ssf.read); `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_READ_ONLY_TOKEN", hide_env_values = true)]
    read_only_token: Option<String>,
    /// A token of the same receiver with the scope ssf.manage alone; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_MANAGE_ONLY_TOKEN", hide_env_values = true)]
    manage_only_token: Option<String>,
    /// A token of the same receiver that has expired or was revoked; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_EXPIRED_TOKEN", hide_env_values = true)]
    expired_token: Option<String>,
}

impl LimitedArgs {
    /// Options win over the file.
    pub fn resolve(&self, config: &Config) -> Result<LimitedTokens, Failure> {
        let (read_only, manage_only) = (self.read_only_token.as_deref(), self.manage_only_token.as_deref());
        Ok(LimitedTokens {
            read_only: proof("read-only-token", read_only, config.read_only_token.as_ref())?,
            manage_only: proof("manage-only-token", manage_only, config.manage_only_token.as_ref())?,
            expired: proof("expired-token", self.expired_token.as_deref(), config.expired_token.as_ref())?,
        })
    }

    /// The same for a repeated run, where they come from the environment.
    pub fn repeat(&self, repeat: &mut Repeat) {
        repeat.secret("read-only-token", self.read_only_token.as_deref(), "SETSPEC_READ_ONLY_TOKEN");
        repeat.secret("manage-only-token", self.manage_only_token.as_deref(), "SETSPEC_MANAGE_ONLY_TOKEN");
        repeat.secret("expired-token", self.expired_token.as_deref(), "SETSPEC_EXPIRED_TOKEN");
    }
}
