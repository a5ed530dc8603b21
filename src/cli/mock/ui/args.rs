//! The option of the live page.

use std::net::SocketAddr;

use clap::Args;

#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli::mock) struct UiArgs {
    /// Serve a live page of what goes on, with buttons [default: 127.0.0.1:8937].
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = "127.0.0.1:8937")]
    pub ui: Option<SocketAddr>,
}
