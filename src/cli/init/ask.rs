//! The questions, by role.

use url::Url;

use super::draft::Draft;
use super::prompt::{Fits, Prompt};
use crate::cli::config::described;
use crate::cli::console::Failure;
use crate::cli::run::web_url;
use crate::suite::Catalogue;
use crate::suite::model::profile::Role;

/// The roles in the order in which they are offered.
const ROLES: [Role; 4] = [Role::Transmitter, Role::Receiver, Role::Rp, Role::Op];

/// Asks for everything that a usual run needs.
pub(super) fn ask(prompt: &mut impl Prompt, catalogue: &Catalogue) -> Result<Draft, Failure> {
    let choices = ROLES.map(|role| described(role).to_owned());
    let role = ROLES[prompt.select("What is judged?", &choices)?];
    let mut draft = Draft::new(role);
    match role {
        Role::Transmitter => transmitter(&mut draft, prompt)?,
        Role::Receiver => receiver(&mut draft, prompt)?,
        Role::Rp => relying_party(&mut draft, prompt)?,
        _ => provider(&mut draft, prompt)?,
    }
    profile(&mut draft, prompt, catalogue)?;
    text(&mut draft, prompt, "reports", "Into which folder do reports go?", "", "reports", any)?;
    Ok(draft)
}

fn transmitter(draft: &mut Draft, prompt: &mut impl Prompt) -> Result<(), Failure> {
    let built_in = "empty for the one that is built in";
    if !text(draft, prompt, "issuer", "What is the issuer of the transmitter?", built_in, "", url)? {
        return Ok(());
    }
    credential(draft, prompt)?;
    let pushes = [("yes, at an address of mine", "each"), ("no, deliver by poll alone", "poll")];
    let reachable = pick(prompt, "Do its pushes reach this machine?", &pushes)?;
    draft.set("delivery", reachable);
    if reachable == "each" {
        text(draft, prompt, "listen", "Where do we listen?", "address and port", "0.0.0.0:8935", address)?;
        let help = "a tunnel or proxy; empty for the address itself";
        text(draft, prompt, "public-url", "Under which URL does it reach that address?", help, "", url)?;
    }
    let help = "a command of yours; empty for none, and what needs events is untested";
    command(draft, prompt, "trigger.command", "What makes it send an event?", help)
}

fn credential(draft: &mut Draft, prompt: &mut impl Prompt) -> Result<(), Failure> {
    let kinds = [("a bearer token", "token"), ("an OAuth client and its secret", "client"), ("none", "none")];
    match pick(prompt, "Which credential do we have with it?", &kinds)? {
        "token" => variable(draft, prompt, "token"),
        "client" => {
            text(draft, prompt, "client-id", "What is the client id?", "", "", some)?;
            variable(draft, prompt, "client-secret")?;
            let help = "empty for the one that its metadata name";
            text(draft, prompt, "token-endpoint", "Where are tokens had?", help, "", url)?;
            text(draft, prompt, "scope", "For which scope?", "empty for none", "", any).map(drop)
        }
        _ => Ok(()),
    }
}

fn receiver(draft: &mut Draft, prompt: &mut impl Prompt) -> Result<(), Failure> {
    let kinds = [
        ("SETs are pushed to a URL of it", "pushed"),
        ("it visits its transmitter, and polls or is pushed to", "visits"),
    ];
    if pick(prompt, "How does it come by SETs?", &kinds)? == "visits" {
        draft.set("visiting", true);
        let help = "empty for https://receiver.example.com";
        text(draft, prompt, "audience", "Which audience does it go by?", help, "", any)?;
        let help = "a command of yours; empty if you start it by hand";
        command(draft, prompt, "receiver.start", "What starts it?", help)?;
        return text(draft, prompt, "listen", "Where do we listen?", "address and port", "127.0.0.1:8936", address)
            .map(drop);
    }
    let built_in = "empty for the receiver that is built in";
    if !text(draft, prompt, "url", "Where does it take SETs?", built_in, "", url)? {
        return Ok(());
    }
    let help = "empty if it learns ours";
    text(draft, prompt, "issuer", "Which issuer does it trust?", help, "", any)?;
    let help = "PEM or JWK; empty for a new one, which it finds where we listen";
    text(draft, prompt, "key", "With which key of that issuer do we sign?", help, "", any)?;
    let help = "empty for https://receiver.example.com";
    text(draft, prompt, "audience", "Which audience does it go by?", help, "", any)?;
    let kinds = [("yes", "yes"), ("no", "no")];
    if pick(prompt, "Does it want an Authorization header?", &kinds)? == "yes" {
        variable(draft, prompt, "authorization-header")?;
    }
    Ok(())
}

fn relying_party(draft: &mut Draft, prompt: &mut impl Prompt) -> Result<(), Failure> {
    let built_in = "empty for the relying party that is built in";
    if !text(draft, prompt, "login", "Which page of it begins a login?", built_in, "", url)? {
        return Ok(());
    }
    text(draft, prompt, "logout", "What is its logout URI?", "backchannel_logout_uri", "", url_needed)?;
    let help = "the client id that it uses with our provider";
    text(draft, prompt, "client-id", "Under which client id?", help, "setspec-client", some)?;
    text(draft, prompt, "listen", "Where does our provider listen?", "address and port", "127.0.0.1:8937", address)
        .map(drop)
}

fn provider(draft: &mut Draft, prompt: &mut impl Prompt) -> Result<(), Failure> {
    let built_in = "empty for the provider that is built in";
    if !text(draft, prompt, "issuer", "What is the issuer of the provider?", built_in, "", url)? {
        return Ok(());
    }
    let help = "empty if we register ourselves";
    if text(draft, prompt, "client-id", "What is the client id of our relying party?", help, "", any)? {
        variable(draft, prompt, "client-secret")?;
    }
    let help = "a command of yours that opens SETSPEC_URL with a browser; empty for none";
    command(draft, prompt, "hook", "What logs in and out?", help)
}

fn profile(draft: &mut Draft, prompt: &mut impl Prompt, catalogue: &Catalogue) -> Result<(), Failure> {
    let fits = catalogue.profiles.iter().filter(|(_, profile)| profile.role == draft.role);
    let mut named: Vec<(String, String)> =
        fits.map(|(name, profile)| (name.to_string(), format!("{name}: {}", profile.title))).collect();
    let visits = draft.value("visiting").is_some();
    if draft.role == Role::Receiver {
        named.retain(|(name, _)| visits != (name == "push-receiver"));
    }
    // The one that a run goes by unless it is told otherwise comes first.
    named.sort_by_key(|(name, _)| !name.starts_with("ssf-"));
    let choices: Vec<String> = named.iter().map(|(_, title)| title.clone()).collect();
    let chosen = match choices.len() {
        0 => return Ok(()),
        1 => 0,
        _ => prompt.select("Which profile is claimed?", &choices)?,
    };
    draft.set("profile", named[chosen].0.as_str());
    Ok(())
}

/// Asks for a text, and keeps it unless it is empty; gives whether it was.
fn text(
    draft: &mut Draft,
    prompt: &mut impl Prompt,
    key: &str,
    question: &str,
    help: &str,
    default: &str,
    fits: Fits,
) -> Result<bool, Failure> {
    let answer = prompt.text(question, help, default, fits)?;
    if !answer.is_empty() {
        draft.set(key, answer.as_str());
    }
    Ok(!answer.is_empty())
}

fn command(draft: &mut Draft, prompt: &mut impl Prompt, key: &str, question: &str, help: &str) -> Result<(), Failure> {
    let answer = prompt.text(question, help, "", words)?;
    if let Some(words) = shlex::split(&answer).filter(|words| !words.is_empty()) {
        draft.set(key, words);
    }
    Ok(())
}

/// Asks which environment variable holds a secret: the secret itself is none of our business here.
fn variable(draft: &mut Draft, prompt: &mut impl Prompt, key: &str) -> Result<(), Failure> {
    let usual = draft.variable(key);
    let question = format!("Which environment variable will hold the {}?", key.replace('-', " "));
    let name = prompt.text(&question, "its name, not the secret", &usual, name)?;
    draft.refer(key, &name);
    draft.notes.push(format!("Export {name} before a run: the {}.", key.replace('-', " ")));
    Ok(())
}

fn pick(prompt: &mut impl Prompt, question: &str, choices: &[(&str, &'static str)]) -> Result<&'static str, Failure> {
    let titles: Vec<String> = choices.iter().map(|(title, _)| (*title).to_owned()).collect();
    Ok(choices[prompt.select(question, &titles)?].1)
}

fn any(_: &str) -> Result<(), String> {
    Ok(())
}

fn some(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("expected something".to_owned()) } else { Ok(()) }
}

fn url(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { url_needed(text) }
}

fn url_needed(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("expected an http or https URL: {error}"))?;
    web_url("the answer", &url).map_err(|failure| failure.message)
}

fn address(text: &str) -> Result<(), String> {
    text.parse::<std::net::SocketAddr>()
        .map(drop)
        .map_err(|_| "expected an address and a port: 0.0.0.0:8935".to_owned())
}

fn words(text: &str) -> Result<(), String> {
    shlex::split(text).map(drop).ok_or_else(|| "expected words, got a quote that is not closed".to_owned())
}

fn name(text: &str) -> Result<(), String> {
    let fits = !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits { Ok(()) } else { Err("expected the name of a variable: letters, digits and _".to_owned()) }
}

#[cfg(test)]
mod tests;
