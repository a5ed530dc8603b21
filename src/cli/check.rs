//! `setspec check`: the rules applied to tokens at rest.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::time::Instant;

use url::Url;

use super::catalogue::SuiteArgs;
use super::console::{Failure, line, print, visible};
use super::keys;
use super::runtime;
use crate::run::check::{Checked, Checker};
use crate::run::event::Status;
use crate::run::outcome::ExitCode;
use crate::set::source::RemoteJwks;
use crate::set::{Jwks, JwksSource};
use crate::suite::model::profile::Role;

/// The longest token that is read.
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files with a SET, a claims object, or one of them a line; `-` or nothing is standard input.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Verify signatures with the keys of this file (a JWK Set).
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Verify signatures with the keys at this URL.
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<Url>,
    /// One JSON object a token, one a line.
    #[arg(long)]
    json: bool,
    /// Print tokens without findings too.
    #[arg(short, long)]
    verbose: bool,
    /// Warnings count as violations.
    #[arg(long)]
    strict: bool,
    /// The profile whose rules are applied.
    #[arg(long, default_value = "set")]
    profile: String,
    #[command(flatten)]
    suites: SuiteArgs,
}

#[derive(Default)]
struct Totals {
    tokens: usize,
    violated: usize,
    warned: usize,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let profile = catalogue
        .profiles
        .get(&args.profile)
        .ok_or_else(|| Failure::usage(format!("there is no profile `{}`", args.profile)))?;
    if profile.role != Role::Token {
        return Err(Failure::usage(format!(
            "the profile `{}` is for a {}, not for tokens",
            args.profile,
            profile.role.name()
        )));
    }
    let checker = Checker::new(catalogue.clone(), profile, verification_keys(&args)?);
    let began = Instant::now();
    let mut totals = Totals::default();
    let stdin = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &stdin[..] } else { &args.files };
    for path in files {
        let name = if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() };
        let reader: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            Box::new(File::open(path).map_err(|error| Failure::usage(format!("{name}: cannot be read: {error}")))?)
        };
        each(reader, &name, |place, text| {
            let checked = checker.check(place, text);
            totals.tokens += 1;
            totals.violated += usize::from(checked.is_violated());
            totals.warned += usize::from(!checked.is_violated() && checked.is_warned());
            show(&args, &checked);
        })?;
    }
    if totals.tokens == 0 {
        return Err(Failure {
            code: ExitCode::NothingSelected,
            message: "there is no token in the input".to_owned(),
            advice: Some("a token or a claims object, one a line".to_owned()),
        });
    }
    if !args.json {
        line(&format!(
            "{} checked, {} with violations, {} with warnings only ({:.0} ms)",
            count(totals.tokens, "token"),
            totals.violated,
            totals.warned,
            began.elapsed().as_secs_f64() * 1000.0
        ));
    }
    let broken = totals.violated > 0 || (args.strict && totals.warned > 0);
    Ok(if broken { ExitCode::Nonconformant } else { ExitCode::Conformant })
}

fn verification_keys(args: &Args) -> Result<Option<Jwks>, Failure> {
    if let Some(path) = &args.jwks {
        return keys::jwks(path).map(Some);
    }
    let Some(url) = &args.jwks_uri else { return Ok(None) };
    let unreachable = |error: crate::set::KeyError| Failure {
        code: ExitCode::Inconclusive,
        message: error.to_string(),
        advice: Some("without --jwks-uri the signatures are left out".to_owned()),
    };
    let remote = RemoteJwks::with_default_client(url.clone()).map_err(unreachable)?;
    runtime()?.block_on(JwksSource::remote(remote).keys_for(None)).map(Some).map_err(unreachable)
}

/// Calls `f` with every token of the input and its place. An input that is one JSON object is one claims set, however
/// many lines it has.
fn each(input: impl Read, name: &str, mut f: impl FnMut(&str, &str)) -> Result<(), Failure> {
    let mut reader = BufReader::new(input);
    let unreadable = |error: std::io::Error| Failure::usage(format!("{name}: cannot be read: {error}"));
    let is_object =
        reader.fill_buf().map_err(unreadable)?.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object {
        let mut text = Vec::new();
        (&mut reader).take(LONGEST).read_to_end(&mut text).map_err(unreadable)?;
        let whole = String::from_utf8_lossy(&text);
        let lines = whole.lines().filter(|text| !text.trim().is_empty()).count();
        let is_one = lines == 1
            || whole
                .lines()
                .find(|text| !text.trim().is_empty())
                .is_some_and(|first| crate::set::json::parse(first.as_bytes()).is_err());
        if is_one {
            f(name, &whole);
            return Ok(());
        }
        return each_line(text.as_slice().chain(reader), name, f);
    }
    each_line(reader, name, f)
}

fn each_line(input: impl Read, name: &str, mut f: impl FnMut(&str, &str)) -> Result<(), Failure> {
    let mut reader = BufReader::new(input);
    let mut buffer = Vec::new();
    for number in 1usize.. {
        buffer.clear();
        let read = (&mut reader)
            .take(LONGEST)
            .read_until(b'\n', &mut buffer)
            .map_err(|error| Failure::usage(format!("{name}:{number}: cannot be read: {error}")))?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST && buffer.last() != Some(&b'\n') {
            return Err(Failure::usage(format!("{name}:{number}: longer than {LONGEST} bytes")));
        }
        let text = String::from_utf8_lossy(&buffer);
        if !text.trim().is_empty() {
            f(&format!("{name}:{number}"), &text);
        }
    }
    Ok(())
}

fn show(args: &Args, checked: &Checked) {
    if args.json {
        match serde_json::to_string(checked) {
            Ok(text) => line(&text),
            Err(error) => line(&format!("{{\"error\":{:?}}}", error.to_string())),
        }
        return;
    }
    if checked.findings.is_empty() && !args.verbose {
        return;
    }
    let mut text = String::new();
    let outcome = if checked.is_violated() {
        "violated"
    } else if checked.is_warned() {
        "warned"
    } else {
        "good"
    };
    let _ = writeln!(text, "{}: {outcome}", visible(&checked.place));
    let issuer = checked.issuer.as_deref().unwrap_or("-");
    let jti = checked.jti.as_deref().unwrap_or("-");
    let _ = writeln!(text, "  iss {}, jti {}", visible(issuer), visible(jti));
    for event in &checked.events {
        let _ = writeln!(text, "  event {}", visible(event));
    }
    match &checked.signature_reason {
        Some(reason) => {
            let _ = writeln!(text, "  signature {}: {}", checked.signature, visible(reason));
        }
        None => {
            let _ = writeln!(text, "  signature {}", checked.signature);
        }
    }
    let _ = writeln!(text, "  {} hold", count(checked.satisfied, "expectation"));
    for finding in &checked.findings {
        let word = if finding.status == Status::Violated { "VIOLATED" } else { "warned" };
        let _ = writeln!(text, "  {word} {} ({}): {}", finding.requirement, finding.level, finding.text);
        let _ = writeln!(text, "    expected: {}", visible(&finding.expected));
        let _ = writeln!(text, "    got:      {}", visible(&finding.actual));
        if let Some(reason) = &finding.reason {
            let _ = writeln!(text, "    a warning only: {reason}");
        }
        let _ = writeln!(text, "    {}", finding.link);
    }
    print(&text);
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
