//! The options that say where the SCIM service provider is whose changes the SETs tell of.

use url::Url;

use crate::cli::config::{Config, secret};
use crate::cli::console::Failure;
use crate::cli::run::common::web_url;
use crate::cli::run::repeat::Repeat;
use crate::run::transmitter::settings::{CredentialSettings, ScimSettings};

#[derive(Debug, clap::Args)]
pub(super) struct ScimArgs {
    /// The base URL of a SCIM service provider, which is judged by its events. Without an issuer, it pushes them to our
    /// listener, at /push/events.
    #[arg(long, value_name = "URL")]
    scim: Option<Url>,
    /// The bearer token for the SCIM service provider, if it is another one; `@FILE` reads it from a file.
    #[arg(long, value_name = "TOKEN", env = "SETSPEC_SCIM_TOKEN", hide_env_values = true)]
    scim_token: Option<String>,
}

impl ScimArgs {
    /// Options win over the file. `pushes` where there is no transmitter to make streams at.
    pub fn resolve(&self, config: &Config, pushes: bool) -> Result<Option<ScimSettings>, Failure> {
        let token = match (&self.scim_token, &config.scim_token) {
            (Some(text), _) => Some(secret("--scim-token", text)?),
            (None, Some(reference)) => Some(reference.resolve("scim-token")?),
            (None, None) => None,
        };
        let Some(url) = self.scim.clone().or(config.scim.clone()) else {
            return match token {
                Some(_) => Err(Failure::usage("--scim-token needs the --scim that it is for")),
                None => Ok(None),
            };
        };
        web_url("--scim", &url)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Failure::usage(format!("--scim {url}: expected a URL without query and fragment")));
        }
        Ok(Some(ScimSettings { url, credential: token.map(CredentialSettings::Token), pushes }))
    }

    /// The same for a repeated run.
    pub fn repeat(&self, repeat: &mut Repeat) {
        repeat.option("scim", self.scim.as_ref());
        repeat.secret("scim-token", self.scim_token.as_deref(), "SETSPEC_SCIM_TOKEN");
    }
}
