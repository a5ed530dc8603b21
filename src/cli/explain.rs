//! `setspec explain`: one requirement with its rules, cases, mutants and variations.

use std::fmt::Write as _;

use super::catalogue::SuiteArgs;
use super::console::{Failure, print};
use crate::run::outcome::ExitCode;
use crate::suite::catalogue::{Case, Deviation, Expectation, Requirement};
use crate::suite::model::section::Level;
use crate::suite::{Catalogue, FEATURES};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The id of a requirement, case, mutant or variation, or `features`.
    id: String,
    #[command(flatten)]
    suites: SuiteArgs,
}

pub(super) fn main(args: Args) -> Result<ExitCode, Failure> {
    let catalogue = args.suites.load()?;
    let text = if args.id == "features" {
        FEATURES.iter().map(|(name, meaning)| format!("{name:<26} {meaning}\n")).collect()
    } else if let Some(index) = catalogue.index_of(&args.id) {
        requirement(&catalogue, index)
    } else if let Some(found) = catalogue.cases.iter().find(|case| case.id == args.id) {
        case(&catalogue, found)
    } else if let Some(found) = catalogue.deviations().find(|deviation| deviation.id == args.id) {
        deviation(&catalogue, found)
    } else {
        let known = catalogue
            .requirements
            .iter()
            .map(|requirement| requirement.id.as_str())
            .chain(catalogue.cases.iter().map(|case| case.id.as_str()))
            .chain(catalogue.deviations().map(|deviation| deviation.id.as_str()));
        let failure = Failure::usage(format!("there is no `{}`", args.id));
        return Err(match crate::expr::nearest(&args.id, known) {
            Some(near) => failure.with_advice(format!("did you mean `{near}`?")),
            None => failure.with_advice("`setspec list requirements` prints the ids"),
        });
    };
    print(&text);
    Ok(ExitCode::Conformant)
}

fn requirement(catalogue: &Catalogue, index: usize) -> String {
    let requirement: &Requirement = &catalogue.requirements[index];
    let mut text = String::new();
    let mut say = |line: String| text.push_str(&(line + "\n"));
    say(requirement.id.clone());
    say(format!("  {}", requirement.text));
    say(format!(
        "  {} section {}, {}; {} of the {}",
        requirement.spec,
        requirement.section,
        requirement.section_title,
        requirement.level.name(),
        requirement.party.name()
    ));
    say(format!("  {}", requirement.link));
    let breach = match (requirement.level, requirement.breach_is_violation()) {
        (Level::May, _) => "optional: never a failure",
        (_, true) => "a breach is a violation",
        (_, false) => "a breach is a warning",
    };
    say(format!("  {breach}"));
    if let Some(why) = &requirement.ambiguous {
        say(format!("  because: {why}"));
    }
    if let Some(why) = &requirement.unobservable {
        say(format!("  unobservable: {why}"));
    }
    if let Some(what) = &requirement.planned {
        say(format!("  planned: {what}"));
    }
    let mut sections: Vec<(&str, Vec<String>)> = Vec::new();
    let rules = catalogue.rules.iter().flat_map(|rule| {
        let condition = rule.when.as_ref().map(|when| format!(", when {}", when.source())).unwrap_or_default();
        let head = format!("on {}{condition}", rule.on.name());
        rule.expect
            .iter()
            .filter(|expectation| expectation.requirement == index)
            .map(move |e| format!("{head}: {}", shown(e)))
    });
    sections.push(("rules", rules.collect()));
    let cases = catalogue.cases.iter().flat_map(|case| {
        case.steps
            .iter()
            .flat_map(|step| &step.expect)
            .filter(|expectation| expectation.requirement == index)
            .map(|expectation| format!("{}: {}", case.id, shown(expectation)))
    });
    sections.push(("cases", cases.collect()));
    let mutants =
        catalogue.mutants.iter().filter(|mutant| mutant.breaks == Some(index)).map(|mutant| mutant.id.clone());
    sections.push(("mutants", mutants.collect()));
    let prefix = requirement.id.rsplit_once('/').map_or("", |(section, _)| section);
    let variations = catalogue
        .variations
        .iter()
        .filter(|variation| variation.id.rsplit_once('/').is_some_and(|(section, _)| section == prefix))
        .map(|variation| variation.id.clone());
    sections.push(("variations of the section", variations.collect()));
    for (title, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        say(format!("{title}:"));
        lines.into_iter().for_each(|line| say(format!("  {line}")));
    }
    say(format!("file: {}:{}", requirement.file, requirement.position.line));
    text
}

fn shown(expectation: &Expectation) -> String {
    let mut text = expectation.that.source().trim().to_owned();
    if let Some(when) = &expectation.when {
        let _ = write!(text, " (when {})", when.source().trim());
    }
    if let Some((also, because)) = &expectation.also {
        let _ = write!(text, "; accepted too: {} ({because})", also.source().trim());
    }
    text
}

fn case(catalogue: &Catalogue, case: &Case) -> String {
    let mut text = format!("{}\n  {}\n  for a {}; {} steps\n", case.id, case.title, case.role.name(), case.steps.len());
    if !case.needs.is_empty() {
        let _ = writeln!(text, "  needs {}", case.needs.join(", "));
    }
    text.push_str("verifies:\n");
    for expectation in case.steps.iter().flat_map(|step| &step.expect) {
        let _ = writeln!(text, "  {}: {}", catalogue.requirements[expectation.requirement].id, shown(expectation));
    }
    let _ = writeln!(text, "file: {}:{}", case.file, case.position.line);
    text
}

fn deviation(catalogue: &Catalogue, deviation: &Deviation) -> String {
    let mut text = format!("{}\n", deviation.id);
    if let Some(about) = &deviation.about {
        let _ = writeln!(text, "  {about}");
    }
    let _ = match deviation.breaks {
        Some(index) => {
            writeln!(text, "  a mutant of the {}: breaks {}", deviation.role.name(), catalogue.requirements[index].id)
        }
        None => writeln!(text, "  a variation of the {}: legal, must not be flagged", deviation.role.name()),
    };
    for index in &deviation.also {
        let _ = writeln!(text, "  and cannot but break {}", catalogue.requirements[*index].id);
    }
    if let Some(when) = &deviation.when {
        let _ = writeln!(text, "  when {}", when.source());
    }
    let _ = writeln!(text, "file: {}", deviation.file);
    text
}
