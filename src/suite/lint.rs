//! What is missing: requirements without a check, checks without a proof, refusals without a control.

use super::catalogue::Catalogue;
use super::compile::FEATURES;
use super::model::section::Level;

/// One missing half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The suite file that it stands in.
    pub file: String,
    /// The line of the requirement or case, counted from 1.
    pub line: usize,
    /// The requirement or case that is incomplete.
    pub id: String,
    /// What is missing, as the end of a sentence that begins with the id: `is tested and has no mutant that proves it`.
    pub message: String,
}

/// Every missing half in the catalogue, in its order.
pub fn lint(catalogue: &Catalogue) -> Vec<Missing> {
    let mut missing = Vec::new();
    for (index, requirement) in catalogue.requirements.iter().enumerate() {
        let mut say = |message: &str| {
            missing.push(Missing {
                file: requirement.file.clone(),
                line: requirement.position.line,
                id: requirement.id.clone(),
                message: message.to_owned(),
            });
        };
        let tested = catalogue.is_tested(index);
        match (&requirement.unobservable, tested) {
            (None, false) if requirement.planned.is_none() => {
                say("has neither an expectation nor a reason why it is unobservable");
            }
            (None, true) if requirement.planned.is_some() => say("is called planned and yet has an expectation"),
            (Some(_), true) => say("is called unobservable and yet has an expectation"),
            _ => {}
        }
        if tested && requirement.level != Level::May && !catalogue.mutants.iter().any(|m| m.breaks == Some(index)) {
            say("is tested and has no mutant that proves it");
        }
        for need in &requirement.needs {
            if !FEATURES.iter().any(|(name, _)| name == need) {
                say(&format!("needs the unknown feature `{need}`"));
            }
        }
    }
    for case in &catalogue.cases {
        if case.expects_refusal() && !case.has_control() {
            missing.push(Missing {
                file: case.file.clone(),
                line: case.position.line,
                id: case.id.clone(),
                message: "expects a refusal and has no control".to_owned(),
            });
        }
    }
    for (name, profile) in &catalogue.profiles {
        for spec in &profile.specs {
            if !catalogue.specs.iter().any(|info| info.id == *spec) {
                missing.push(Missing {
                    file: "suites/profiles.yaml".to_owned(),
                    line: 1,
                    id: name.clone(),
                    message: format!("names the specification `{spec}`, which has no folder"),
                });
            }
        }
    }
    missing
}
