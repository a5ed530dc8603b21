//! `setspec list`: requirements, cases, profiles, mutants, variations, functions.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::catalogue::SuiteArgs;
use super::console::{Failure, line};
use crate::expr::FUNCTIONS;
use crate::peer::ssf::events::{EVENT_TYPES, EventType};
use crate::peer::{oidc, scim, ssf, ssf_receiver};
use crate::run::outcome::ExitCode;
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::profile::Role;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    what: What,
    /// Only entries whose id contains this text.
    pattern: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    suites: SuiteArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Every statement, with section, level and party.
    Requirements,
    /// Active scenarios.
    Cases,
    /// Sets of specifications for one claim.
    Profiles,
    /// Deliberately broken peers.
    Mutants,
    /// Legal oddities.
    Variations,
    /// Event types: short name, URI, section.
    Events,
    /// What expressions can call.
    Functions,
    /// What `behave` of a deviation can name.
    Behaviours,
    /// What `given` of a deviation can name.
    Toggles,
    /// Counts per specification.
    Counts,
}

/// An entry: its id, the columns of the plain form, and the JSON form.
struct Entry {
    id: String,
    plain: String,
    json: Value,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let entries = match args.what {
        What::Requirements => requirements(&catalogue),
        What::Cases => cases(&catalogue),
        What::Profiles => profiles(&catalogue),
        What::Mutants => deviations(&catalogue, &catalogue.mutants),
        What::Variations => deviations(&catalogue, &catalogue.variations),
        What::Events => events(&catalogue),
        What::Functions => functions(),
        What::Behaviours => {
            let of_transmitters = ssf::Behaviour::NAMES.iter().map(|name| named(name, Role::Transmitter, ""));
            of_transmitters
                .chain(of_party(ssf_receiver::BEHAVIOURS, Role::Receiver))
                .chain(of_party(scim::BEHAVIOURS, Role::Transmitter))
                .chain(of_party(oidc::behaviour::OF_OP, Role::Op))
                .chain(of_party(oidc::behaviour::OF_RP, Role::Rp))
                .collect()
        }
        What::Toggles => {
            let of_transmitters = of_party(ssf::TOGGLES, Role::Transmitter);
            of_transmitters
                .chain(of_party(scim::TOGGLES, Role::Transmitter))
                .chain(of_party(ssf_receiver::TOGGLES, Role::Receiver))
                .collect()
        }
        What::Counts => counts(&catalogue),
    };
    let wanted: Vec<&Entry> = entries
        .iter()
        .filter(|entry| args.pattern.as_ref().is_none_or(|pattern| entry.id.contains(pattern.as_str())))
        .collect();
    if wanted.is_empty() && args.pattern.is_some() {
        return Err(Failure { code: ExitCode::NothingSelected, message: "nothing matches".to_owned(), advice: None });
    }
    for entry in wanted {
        line(&if args.json { entry.json.to_string() } else { entry.plain.clone() });
    }
    Ok(ExitCode::Conformant)
}

fn of_party(table: &'static [(&str, &str)], party: Role) -> impl Iterator<Item = Entry> {
    table.iter().map(move |(name, meaning)| named(name, party, meaning))
}

fn named(name: &str, party: Role, meaning: &str) -> Entry {
    Entry {
        id: name.to_owned(),
        plain: format!("{name:<36} {:<12} {meaning}", party.name()).trim_end().to_owned(),
        json: json!({ "name": name, "party": party, "meaning": meaning }),
    }
}

fn requirements(catalogue: &Catalogue) -> Vec<Entry> {
    catalogue
        .requirements
        .iter()
        .enumerate()
        .map(|(index, requirement)| {
            let checked = match (&requirement.unobservable, catalogue.is_tested(index)) {
                (Some(_), _) => "unobservable",
                (None, false) if requirement.planned.is_some() => "planned",
                (None, true) => "tested",
                (None, false) => "unchecked",
            };
            let mut json = serde_json::to_value(requirement).unwrap_or(Value::Null);
            json["check"] = json!(checked);
            Entry {
                id: requirement.id.clone(),
                plain: format!(
                    "{:<52} {:<10} {:<12} {:<12} {}",
                    requirement.id,
                    requirement.level.name(),
                    requirement.party.name(),
                    checked,
                    requirement.text
                ),
                json,
            }
        })
        .collect()
}

fn cases(catalogue: &Catalogue) -> Vec<Entry> {
    catalogue
        .cases
        .iter()
        .map(|case| Entry {
            id: case.id.clone(),
            plain: format!("{:<52} {:<12} {}", case.id, case.role.name(), case.title),
            json: json!({ "id": case.id, "role": case.role, "title": case.title, "needs": case.needs, "file": case.file }),
        })
        .collect()
}

fn profiles(catalogue: &Catalogue) -> Vec<Entry> {
    catalogue
        .profiles
        .iter()
        .map(|(name, profile)| Entry {
            id: name.clone(),
            plain: format!("{name:<24} {:<12} {} ({})", profile.role.name(), profile.title, profile.specs.join(", ")),
            json: json!({ "id": name, "role": profile.role, "title": profile.title, "specs": profile.specs }),
        })
        .collect()
}

fn deviations(catalogue: &Catalogue, list: &[Deviation]) -> Vec<Entry> {
    list.iter()
        .map(|deviation| {
            let breaks = deviation.breaks.map(|index| catalogue.requirements[index].id.as_str());
            let shown = breaks.map(|id| format!("breaks {id}")).or_else(|| deviation.about.clone()).unwrap_or_default();
            Entry {
                id: deviation.id.clone(),
                plain: format!("{:<52} {:<12} {shown}", deviation.id, deviation.role.name()),
                json: json!({
                    "id": deviation.id,
                    "role": deviation.role,
                    "breaks": breaks,
                    "also": deviation.also.iter().map(|index| &catalogue.requirements[*index].id).collect::<Vec<_>>(),
                    "about": deviation.about,
                }),
            }
        })
        .collect()
}

fn events(catalogue: &Catalogue) -> Vec<Entry> {
    let section = |event: &EventType| {
        let prefix = format!("{}/", event.section);
        let first = catalogue.requirements.iter().find(|requirement| requirement.id.starts_with(&prefix));
        first.map(|requirement| format!("{} {}", requirement.spec, requirement.section)).unwrap_or_default()
    };
    EVENT_TYPES
        .iter()
        .map(|event| {
            let section = section(event);
            Entry {
                id: event.name.to_owned(),
                plain: format!("{:<40} {:<88} {section}", event.name, event.uri).trim_end().to_owned(),
                json: json!({ "name": event.name, "uri": event.uri, "section": section }),
            }
        })
        .collect()
}

fn functions() -> Vec<Entry> {
    FUNCTIONS
        .iter()
        .map(|function| Entry {
            id: function.name.to_owned(),
            plain: format!("{}/{:<24} {}", function.arity.end(), function.name, function.meaning),
            json: json!({ "name": function.name, "arguments": function.arity.end(), "meaning": function.meaning }),
        })
        .collect()
}

fn counts(catalogue: &Catalogue) -> Vec<Entry> {
    catalogue
        .specs
        .iter()
        .map(|spec| {
            let prefix = format!("{}/", spec.id);
            let of_spec: Vec<usize> = (0..catalogue.requirements.len())
                .filter(|index| catalogue.requirements[*index].id.starts_with(&prefix))
                .collect();
            let tested = of_spec.iter().filter(|index| catalogue.is_tested(**index)).count();
            let unobservable =
                of_spec.iter().filter(|index| catalogue.requirements[**index].unobservable.is_some()).count();
            let planned =
                of_spec.iter().filter(|index| catalogue.requirements[**index].planned.is_some()).count();
            let count = |list: &[Deviation]| list.iter().filter(|deviation| deviation.id.starts_with(&prefix)).count();
            let cases = catalogue.cases.iter().filter(|case| case.id.starts_with(&prefix)).count();
            let rules = catalogue.rules.iter().filter(|rule| rule.id.starts_with(&prefix)).count();
            let (mutants, variations) = (count(&catalogue.mutants), count(&catalogue.variations));
            Entry {
                id: spec.id.clone(),
                plain: format!(
                    "{:<10} {:>4} requirements, {tested:>3} tested, {planned:>3} planned, {unobservable:>3} unobservable, {rules:>3} rules, {cases:>3} cases, {mutants:>3} mutants, {variations:>3} variations",
                    spec.name,
                    of_spec.len(),
                ),
                json: json!({
                    "spec": spec.id, "name": spec.name, "requirements": of_spec.len(), "tested": tested,
                    "planned": planned, "unobservable": unobservable, "rules": rules, "cases": cases, "mutants": mutants, "variations": variations,
                }),
            }
        })
        .collect()
}
