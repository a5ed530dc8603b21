//! `setspec run receiver`: the harness is the transmitter.

use std::io::IsTerminal;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use super::options::{ReceiverArgs, Resolved};
use crate::cli::console::{Failure, line};
use crate::cli::runtime;
use crate::http::Recorder as WireRecorder;
use crate::peer::receiver::{Receiver, ReceiverOptions};
use crate::peer::tamper::Tamper;
use crate::report::{Recorder, ReportError, Terminal, TerminalOptions, WriteOptions, probe, write_all};
use crate::run::event::Emitter;
use crate::run::outcome::ExitCode;
use crate::run::plan::Plan;
use crate::run::receiver::{ReceiverRun, StartError};
use crate::run::settings::ReceiverSettings;
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};

pub(super) fn main(args: ReceiverArgs) -> Result<ExitCode, Failure> {
    if !args.quiet && !args.list {
        line(&format!("setspec {}", env!("CARGO_PKG_VERSION")));
    }
    let catalogue = args.suites.load()?;
    let resolved = args.resolve(catalogue)?;
    if args.list {
        return list(&resolved.settings);
    }
    runtime()?.block_on(run(args, resolved))
}

fn unwritable(error: ReportError) -> Failure {
    Failure::internal(error.to_string()).with_advice("--reports DIR writes them elsewhere")
}

fn list(settings: &ReceiverSettings) -> Result<ExitCode, Failure> {
    let catalogue = &settings.catalogue;
    let profile = catalogue
        .profiles
        .get(&settings.profile)
        .ok_or_else(|| start_failure(StartError::Profile(settings.profile.clone())))?;
    let plan = Plan::new(catalogue, profile, &settings.selection);
    if plan.is_empty() {
        return Err(start_failure(StartError::NothingSelected));
    }
    for index in &plan.requirements {
        line(&format!("requirement {}", catalogue.requirements[*index].id));
    }
    for index in &plan.cases {
        line(&format!("case        {}", catalogue.cases[*index].id));
    }
    Ok(ExitCode::Conformant)
}

async fn run(args: ReceiverArgs, resolved: Resolved) -> Result<ExitCode, Failure> {
    let Resolved { mut settings, built_in, reports, junit } = resolved;
    if built_in {
        settings.authorization.get_or_insert_with(|| SecretString::from(format!("Bearer {}", uuid::Uuid::new_v4())));
        if settings.languages.is_empty() {
            settings.languages = vec!["en".to_owned(), "de".to_owned()];
        }
    }
    let strict = settings.strict;
    let copy = settings.clone();
    let mut run = ReceiverRun::prepare(settings).await.map_err(start_failure)?;
    probe(&reports).map_err(unwritable)?;
    let receiver = if built_in { Some(start_built_in(&mut run, &copy).await?) } else { None };

    let recorder = Arc::new(Mutex::new(Recorder::new(env!("CARGO_PKG_VERSION"))));
    let is_terminal = std::io::stdout().is_terminal();
    let terminal = Arc::new(Mutex::new(Terminal::new(
        anstream::stdout(),
        TerminalOptions {
            colour: is_terminal,
            live: is_terminal && !args.quiet,
            verbose: args.verbose,
            quiet: args.quiet,
            strict,
        },
    )));
    let (record, show) = (recorder.clone(), terminal.clone());
    let emitter = Emitter::new(move |event| {
        record.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
        // A reader that has gone away does not end a run: its report is still wanted.
        let _ = show.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
    });
    let (stop, stopped) = watch::channel(false);
    let asked = crate::cli::signals::stopped();
    let watcher = tokio::spawn(async move {
        asked.await;
        let _ = stop.send(true);
    });
    let finished = run.run(&emitter, stopped).await;
    watcher.abort();
    if let Some(receiver) = receiver {
        receiver.shutdown().await;
    }
    let report = recorder.lock().unwrap_or_else(PoisonError::into_inner).report();
    let report = report.ok_or_else(|| Failure::internal("the run left no record"))?;
    let written = write_all(&report, &WriteOptions { dir: reports, junit, strict }).map_err(unwritable)?;
    if !args.quiet {
        line(&format!("report: {}", written.folder.join("report.html").display()));
    }
    Ok(ExitCode::of_run(&finished))
}

fn start_failure(error: StartError) -> Failure {
    let code = match &error {
        StartError::NothingSelected => ExitCode::NothingSelected,
        StartError::Key(_) => ExitCode::Internal,
        StartError::Profile(_) | StartError::Role { .. } | StartError::Listen { .. } | StartError::Client(_) => {
            ExitCode::Usage
        }
    };
    let advice = match &error {
        StartError::NothingSelected => Some("`--list` prints what there is".to_owned()),
        StartError::Profile(_) => Some("`setspec list profiles` prints what there is".to_owned()),
        _ => None,
    };
    Failure { code, message: error.to_string(), advice }
}

/// Starts the built-in receiver, which trusts our identity, and aims the run at it.
async fn start_built_in(run: &mut ReceiverRun, settings: &ReceiverSettings) -> Result<Receiver, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in receiver: {error}"));
    let keys = if settings.key.public_jwk().is_some() {
        let jwks_uri = Url::parse(&run.jwks_uri()).map_err(|error| ours(&error))?;
        JwksSource::remote(RemoteJwks::with_default_client(jwks_uri).map_err(|error| ours(&error))?)
    } else {
        JwksSource::Fixed(Jwks::for_keys(&[&settings.key]).map_err(|error| ours(&error))?)
    };
    let receiver = Receiver::start(ReceiverOptions {
        addr: (Ipv4Addr::LOCALHOST, 0).into(),
        tls: None,
        issuer: Some(run.issuer().to_owned()),
        audience: Some(settings.audience.clone()),
        keys,
        authorization: settings.authorization.clone(),
        languages: settings.languages.clone(),
        tamper: Tamper::default(),
        recorder: WireRecorder::new(1),
    })
    .await
    .map_err(|error| ours(&error))?;
    run.aim(Url::parse(&receiver.url()).map_err(|error| ours(&error))?);
    Ok(receiver)
}
