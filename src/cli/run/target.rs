//! What is judged: from the command line to an engine that can start.

use clap::{ArgMatches, Subcommand};
use tokio::sync::watch;

use super::common::{CommonArgs, Output};
use super::{op, receiver, rp, transmitter, visiting};
use crate::cli::config::{Config, Fault};
use crate::cli::console::Failure;
use crate::peer::oidc::Op;
use crate::peer::receiver::Receiver;
use crate::run::event::{Emitter, Finished};
use crate::run::op::OpRun;
use crate::run::plan::{Selection, Visits};
use crate::run::receiver::ReceiverRun;
use crate::run::rp::RpRun;
use crate::run::transmitter::TransmitterRun;
use crate::run::visiting::VisitingRun;
use crate::suite::Catalogue;
use crate::suite::model::profile::Role;

/// The command line.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Target {
    /// A receiver of SETs by push, or one that visits us (--visiting). Without a URL, the built-in receiver is started and judged.
    Receiver(Box<receiver::ReceiverArgs>),
    /// A Shared Signals transmitter. Without an issuer, the built-in transmitter is started and judged.
    Transmitter(Box<transmitter::TransmitterArgs>),
    /// A relying party of OpenID Connect, by the back channel. Without URLs, the built-in relying party is started and judged.
    Rp(Box<rp::RpArgs>),
    /// An OpenID provider, by the back channel. Without an issuer, the built-in provider is started and judged.
    Op(Box<op::OpArgs>),
}

/// What the options and the file come to.
pub(in crate::cli) enum Work {
    Receiver(Box<receiver::Work>),
    Visiting(Box<visiting::Work>),
    Transmitter(Box<transmitter::Work>),
    Rp(Box<rp::Work>),
    Op(Box<op::Work>),
}

/// Everything is prepared and nothing has been sent. A built-in peer lives as long as its engine.
pub(in crate::cli) enum Engine {
    Receiver(Box<ReceiverRun>, Option<Receiver>),
    Visiting(Box<VisitingRun>),
    Transmitter(Box<TransmitterRun>, Option<transmitter::BuiltIn>),
    Rp(Box<RpRun>, Option<rp::BuiltIn>),
    Op(Box<OpRun>, Option<Op>),
}

impl Target {
    pub fn common(&self) -> &CommonArgs {
        match self {
            Self::Receiver(args) => &args.common,
            Self::Transmitter(args) => &args.common,
            Self::Rp(args) => &args.common,
            Self::Op(args) => &args.common,
        }
    }

    pub const fn role(&self) -> Role {
        match self {
            Self::Receiver(_) => Role::Receiver,
            Self::Transmitter(_) => Role::Transmitter,
            Self::Rp(_) => Role::Rp,
            Self::Op(_) => Role::Op,
        }
    }

    /// The configuration file, if there is one.
    pub fn config(&self) -> Result<Config, Failure> {
        Config::find(self.common().config.as_deref(), self.role())
    }

    /// Keys of the file that are for the other kind of receivers.
    pub fn faults(&self, config: &Config) -> Vec<Fault> {
        match self {
            Self::Receiver(args) => config.of_the_other_kind(args.visits(config)),
            _ => Vec::new(),
        }
    }

    /// Options win over the file, the file over defaults. What is wrong with them shows before the suites are read; what is
    /// wrong in the file is located.
    pub fn resolve(&self, config: &Config, given: &ArgMatches) -> Result<Work, Failure> {
        let work = match self {
            Self::Receiver(args) => args.resolve(config),
            Self::Transmitter(args) => args.resolve(config).map(|work| Work::Transmitter(Box::new(work))),
            Self::Rp(args) => args.resolve(config).map(|work| Work::Rp(Box::new(work))),
            Self::Op(args) => args.resolve(config).map(|work| Work::Op(Box::new(work))),
        };
        work.map_err(|failure| config.locate(failure, given, self.role()))
    }
}

impl Work {
    pub fn catalogue(&self) -> &Catalogue {
        match self {
            Self::Receiver(work) => &work.settings.catalogue,
            Self::Visiting(work) => &work.settings.catalogue,
            Self::Transmitter(work) => &work.settings.catalogue,
            Self::Rp(work) => &work.settings.catalogue,
            Self::Op(work) => &work.settings.catalogue,
        }
    }

    pub fn profile(&self) -> &str {
        match self {
            Self::Receiver(work) => &work.settings.profile,
            Self::Visiting(work) => &work.settings.profile,
            Self::Transmitter(work) => &work.settings.profile,
            Self::Rp(work) => &work.settings.profile,
            Self::Op(work) => &work.settings.profile,
        }
    }

    pub fn selection(&self) -> &Selection {
        match self {
            Self::Receiver(work) => &work.settings.selection,
            Self::Visiting(work) => &work.settings.selection,
            Self::Transmitter(work) => &work.settings.selection,
            Self::Rp(work) => &work.settings.selection,
            Self::Op(work) => &work.settings.selection,
        }
    }

    /// Whether cases for receivers that visit are part of it.
    pub fn visits(&self) -> Visits {
        if matches!(self, Self::Visiting(_)) { Visits::Taken } else { Visits::LeftOut }
    }

    pub fn strict(&self) -> bool {
        match self {
            Self::Receiver(work) => work.settings.strict,
            Self::Visiting(work) => work.settings.strict,
            Self::Transmitter(work) => work.settings.strict,
            Self::Rp(work) => work.settings.strict,
            Self::Op(work) => work.settings.strict,
        }
    }

    pub(super) fn output(&self) -> &Output {
        match self {
            Self::Receiver(work) => &work.output,
            Self::Visiting(work) => &work.output,
            Self::Transmitter(work) => &work.output,
            Self::Rp(work) => &work.output,
            Self::Op(work) => &work.output,
        }
    }

    pub async fn prepare(self) -> Result<Engine, Failure> {
        Ok(match self {
            Self::Receiver(work) => {
                let (run, built_in) = work.prepare().await?;
                Engine::Receiver(Box::new(run), built_in)
            }
            Self::Visiting(work) => Engine::Visiting(Box::new(work.prepare().await?)),
            Self::Transmitter(work) => {
                let (run, built_in) = work.prepare().await?;
                Engine::Transmitter(Box::new(run), built_in)
            }
            Self::Rp(work) => {
                let (run, built_in) = work.prepare().await?;
                Engine::Rp(Box::new(run), built_in)
            }
            Self::Op(work) => {
                let (run, built_in) = work.prepare().await?;
                Engine::Op(Box::new(run), built_in)
            }
        })
    }
}

impl Engine {
    /// Everything.
    pub async fn run(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        match self {
            Self::Receiver(run, built_in) => {
                let finished = run.run(emitter, stop).await;
                receiver::shutdown(built_in).await;
                finished
            }
            Self::Visiting(run) => run.run(emitter, stop).await,
            Self::Transmitter(run, built_in) => {
                let finished = run.run(emitter, stop).await;
                transmitter::shutdown(built_in).await;
                finished
            }
            Self::Rp(run, built_in) => {
                let finished = run.run(emitter, stop).await;
                rp::shutdown(built_in).await;
                finished
            }
            Self::Op(run, built_in) => {
                let finished = run.run(emitter, stop).await;
                op::shutdown(built_in).await;
                finished
            }
        }
    }

    /// The preflight alone.
    pub async fn examine(self, emitter: &Emitter, stop: watch::Receiver<bool>) -> Finished {
        match self {
            Self::Receiver(run, built_in) => {
                let finished = run.examine(emitter, stop).await;
                receiver::shutdown(built_in).await;
                finished
            }
            Self::Visiting(run) => run.examine(emitter, stop).await,
            Self::Transmitter(run, built_in) => {
                let finished = run.examine(emitter, stop).await;
                transmitter::shutdown(built_in).await;
                finished
            }
            Self::Rp(run, built_in) => {
                let finished = run.examine(emitter, stop).await;
                rp::shutdown(built_in).await;
                finished
            }
            Self::Op(run, built_in) => {
                let finished = run.examine(emitter, stop).await;
                op::shutdown(built_in).await;
                finished
            }
        }
    }
}
