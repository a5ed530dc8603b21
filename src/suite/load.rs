//! Sources to catalogue: parse every file, then compile everything against everything.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Requirement, SpecInfo};
use super::compile;
use super::error::{SourceText, SuiteError};
use super::fixture::Fixtures;
use super::model::profile::Profiles;
use super::model::section::Section;
use super::model::spec::Spec;
use super::parse::parse;
use super::source::Sources;

/// A section file with what its folder and name say about it.
pub(super) struct LoadedSection<'a> {
    pub folder: &'a str,
    pub file: &'a SourceText,
    pub model: Section,
}

/// Reads and compiles all suites. Every fault of every file is reported, at most one a file for faults of syntax.
pub fn load(sources: &Sources) -> Result<Catalogue, Vec<SuiteError>> {
    let mut errors = Vec::new();
    let mut catalogue = Catalogue { fixtures: Fixtures::load(sources, &mut errors), ..Catalogue::default() };
    let mut specs: BTreeMap<&str, Spec> = BTreeMap::new();
    let mut sections: Vec<LoadedSection<'_>> = Vec::new();

    for (path, file) in sources.below("suites/", "yaml") {
        let inner = path.trim_start_matches("suites/");
        match inner.split_once('/') {
            None if inner == "profiles.yaml" => match parse::<Profiles>(file) {
                Ok(profiles) => {
                    for (name, profile) in profiles.profiles.iter() {
                        catalogue.profiles.insert(name.value.clone(), profile.clone());
                    }
                }
                Err(error) => errors.push(error),
            },
            None => errors.push(
                SuiteError::new(file, None, "a suite file stands in the folder of its specification")
                    .help("suites/SPEC/SECTION-title.yaml"),
            ),
            Some((folder, "spec.yaml")) => match parse::<Spec>(file) {
                Ok(spec) => {
                    specs.insert(folder, spec);
                }
                Err(error) => errors.push(error),
            },
            Some((folder, name)) if !name.contains('/') => match parse::<Section>(file) {
                Ok(model) => sections.push(LoadedSection { folder, file, model }),
                Err(error) => errors.push(error),
            },
            Some(_) => errors.push(SuiteError::new(file, None, "suite folders are one level deep")),
        }
    }

    // A file that cannot be read has no requirements, and whatever refers to them would look wrong too.
    if !errors.is_empty() {
        return Err(errors);
    }
    sections.sort_by_key(|section| (section.folder.to_owned(), section_order(&section.model.section)));
    for (folder, spec) in &specs {
        catalogue.specs.push(SpecInfo { id: (*folder).to_owned(), name: spec.name.clone(), title: spec.title.clone() });
    }
    for section in &sections {
        match specs.get(section.folder) {
            Some(spec) => requirements(section, spec, &mut catalogue, &mut errors),
            None => errors.push(SuiteError::new(
                section.file,
                None,
                format!("suites/{}/spec.yaml is missing", section.folder),
            )),
        }
    }
    for section in &sections {
        compile::section(section, &mut catalogue, &mut errors);
    }
    if errors.is_empty() { Ok(catalogue) } else { Err(errors) }
}

/// Enters the requirements of a section, so that every file can refer to them.
fn requirements(section: &LoadedSection<'_>, spec: &Spec, catalogue: &mut Catalogue, errors: &mut Vec<SuiteError>) {
    let number = &section.model.section.value;
    for (slug, model) in section.model.requirements.iter() {
        let fault = |message: String| SuiteError::new(section.file, Some(slug.position), message);
        if slug.is_empty() || !slug.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c)) {
            errors.push(
                fault(format!("`{}` is not a slug", slug.value)).help("lower-case letters, digits, hyphens and dots"),
            );
            continue;
        }
        let Some(party) = model.party.or(section.model.party) else {
            errors.push(
                fault(format!("nobody says whom `{}` binds", slug.value))
                    .help("`party:` here or at the top of the file"),
            );
            continue;
        };
        let id = format!("{}/{number}/{}", section.folder, slug.value);
        let index = catalogue.requirements.len();
        let aliases: Vec<String> =
            model.aliases.iter().map(|alias| format!("{}/{number}/{alias}", section.folder)).collect();
        for name in std::iter::once(&id).chain(&aliases) {
            if catalogue.by_id.insert(name.clone(), index).is_some() {
                errors.push(fault(format!("`{name}` exists already")));
            }
        }
        catalogue.requirements.push(Requirement {
            id,
            spec: spec.name.clone(),
            section: number.clone(),
            section_title: section.model.title.clone(),
            level: model.level,
            party,
            text: model.text.clone(),
            ambiguous: model.ambiguous.clone(),
            unobservable: model.unobservable.clone(),
            planned: model.planned.clone(),
            needs: spec.needs.iter().chain(&model.needs).map(|need| need.value.clone()).collect(),
            aliases,
            link: spec.link.replace("{section}", number),
            file: section.file.name.clone(),
            position: slug.position,
        });
    }
}

/// "2.10" comes after "2.9": sections sort by their numbers.
fn section_order(section: &str) -> Vec<(u32, String)> {
    section.split('.').map(|part| (part.parse().unwrap_or(u32::MAX), part.to_owned())).collect()
}
