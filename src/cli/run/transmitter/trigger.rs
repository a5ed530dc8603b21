//! The options that say how a transmitter is asked for events.

use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::cli::config::{Config, Doing, TriggerConfig};
use crate::cli::console::Failure;
use crate::cli::run::common::{Common, web_url};
use crate::cli::run::repeat::Repeat;
use crate::http::{Client, ClientOptions};
use crate::peer::ssf::events;
use crate::run::transmitter::hook::{CommandHook, Hook, HttpHook};

#[derive(Debug, clap::Args)]
pub(super) struct TriggerArgs {
    /// A command that makes the transmitter send an event; what is asked is in SETSPEC_EVENT, SETSPEC_SUBJECT, ... and,
    /// as JSON, on standard input.
    #[arg(long, value_name = "COMMAND", conflicts_with = "trigger_url")]
    trigger: Option<String>,
    /// A URL to which the same JSON is posted, in place of a command.
    #[arg(long, value_name = "URL")]
    trigger_url: Option<Url>,
    /// What can be asked so [default: event].
    #[arg(long, value_enum, value_name = "WHAT")]
    trigger_does: Vec<Doing>,
    /// An event type that can be asked for: a URI, or caep/... and risc/... for short [default: all that are supported].
    #[arg(long = "event", value_name = "URI")]
    events: Vec<String>,
}

/// How events are asked for, and which.
pub(super) struct Trigger {
    pub hook: Hook,
    pub events: Vec<String>,
    pub subjects: Vec<Value>,
}

impl TriggerArgs {
    /// Options win over the file: a command of the one leaves a URL of the other aside.
    pub fn resolve(&self, config: &Config, common: &Common) -> Result<Trigger, Failure> {
        let none = TriggerConfig::default();
        let file = config.trigger.as_ref().unwrap_or(&none);
        let does = if self.trigger_does.is_empty() { &file.does } else { &self.trigger_does };
        let does = if does.is_empty() { &vec![Doing::Event] } else { does };
        let does = does.iter().map(|doing| doing.name().to_owned()).collect();
        let events = if self.events.is_empty() { &file.events } else { &self.events };
        for subject in &file.subjects {
            if !subject.get("format").is_some_and(Value::is_string) {
                return Err(Failure::usage(format!(
                    "trigger.subjects: expected subject identifiers with a `format` (RFC 9493), got {subject}"
                )));
            }
        }
        let hook = match (&self.trigger, &self.trigger_url, &file.command, &file.url) {
            (Some(text), ..) => command(words(text)?, does)?,
            (None, Some(url), ..) => http(url, file, does, common)?,
            (None, None, Some(_), Some(_)) => {
                return Err(Failure::usage("[trigger]: expected `command` or `url`, got both"));
            }
            (None, None, Some(words), None) => command(words.clone(), does)?,
            (None, None, None, Some(url)) => http(url, file, does, common)?,
            (None, None, None, None) => Hook::None,
        };
        Ok(Trigger {
            hook,
            events: events.iter().map(|name| events::uri(name)).collect(),
            subjects: file.subjects.clone(),
        })
    }

    /// The same for a repeated run. Arguments and queries may be credentials and are left to the environment.
    pub fn repeat(&self, repeat: &mut Repeat) {
        let plain = self.trigger.as_ref().filter(|text| words(text).is_ok_and(|words| words.len() == 1));
        match plain {
            Some(text) => repeat.option("trigger", Some(text)),
            None => repeat.variable("trigger", self.trigger.is_some(), "TRIGGER"),
        }
        match self.trigger_url.as_ref().filter(|url| url.query().is_none()) {
            Some(url) => repeat.option("trigger-url", Some(url)),
            None => repeat.variable("trigger-url", self.trigger_url.is_some(), "TRIGGER_URL"),
        }
        for doing in &self.trigger_does {
            repeat.value("trigger-does", Some(*doing));
        }
        for event in &self.events {
            repeat.option("event", Some(event));
        }
    }
}

/// Words as a shell would see them; no shell is started.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    shlex::split(text).ok_or_else(|| Failure::usage("--trigger: expected words, got a quote that is not closed"))
}

fn command(words: Vec<String>, does: Vec<String>) -> Result<Hook, Failure> {
    match words.first() {
        Some(program) if !program.is_empty() => Ok(Hook::Command(CommandHook { words, does })),
        _ => Err(Failure::usage("--trigger: expected a program, got nothing")),
    }
}

fn http(url: &Url, file: &TriggerConfig, does: Vec<String>, common: &Common) -> Result<Hook, Failure> {
    web_url("--trigger-url", url)?;
    let method = file.method.clone().unwrap_or_else(|| "POST".to_owned());
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Failure::usage(format!("trigger.method: expected a method such as POST, got {method:?}")));
    }
    let fields = file.headers.iter().map(|(name, value)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            return Err(Failure::usage(format!("trigger.headers: expected the name of a header field, got {name:?}")));
        }
        value.resolve(&format!("trigger.headers.{name}")).map(|value: SecretString| (name.clone(), value))
    });
    let headers = fields.collect::<Result<_, _>>()?;
    let wrong = |why: String| Failure::usage(format!("trigger.body: {why}"));
    let body = file.body.as_ref().map(HttpHook::body).transpose().map_err(wrong)?;
    let client = Client::new(ClientOptions {
        roots: common.roots.clone(),
        insecure: common.insecure,
        response_timeout: common.timeouts.delivery.max(common.timeouts.response),
        max_body: 64 * 1024,
        ..ClientOptions::default()
    })
    .map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Hook::Http(HttpHook { url: url.clone(), method, headers, body, does, client }))
}
