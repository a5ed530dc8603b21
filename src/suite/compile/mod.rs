//! Model to catalogue: ids resolved, expressions compiled, steps checked.

mod case;
mod deviation;
mod features;
mod step;

use serde_json::{Map, Value};

use super::at::{At, Position};
use super::catalogue::{Catalogue, Expectation, Rule};
use super::error::SuiteError;
use super::load::LoadedSection;
use super::model;
use super::model::expect::{Expect, Expectations};
use super::words;
use crate::expr::{CompileError, Expression, Template, Vocabulary, nearest};

pub(crate) use features::FEATURES;

/// Compiles rules, cases, mutants and variations of a section into the catalogue.
pub(super) fn section(section: &LoadedSection<'_>, catalogue: &mut Catalogue, errors: &mut Vec<SuiteError>) {
    let mut compiler = Compiler { section, catalogue, errors };
    for (index, rule) in section.model.rules.iter().enumerate() {
        compiler.rule(index, rule);
    }
    for case in &section.model.cases {
        compiler.case(case);
    }
    for (list, is_mutant) in [(&section.model.mutants, true), (&section.model.variations, false)] {
        for deviation in list {
            compiler.deviation(deviation, is_mutant);
        }
    }
}

struct Compiler<'a, 'b> {
    section: &'a LoadedSection<'b>,
    catalogue: &'a mut Catalogue,
    errors: &'a mut Vec<SuiteError>,
}

impl Compiler<'_, '_> {
    pub(super) fn error(&mut self, position: Position, message: impl Into<String>) {
        self.errors.push(SuiteError::new(self.section.file, Some(position), message));
    }

    pub(super) fn error_with_help(&mut self, position: Position, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(SuiteError::new(self.section.file, Some(position), message).help(help));
    }

    pub(super) fn prefix(&self) -> String {
        format!("{}/{}", self.section.folder, self.section.model.section.value)
    }

    /// The index of a requirement, by a full id or a slug of this section.
    pub(super) fn requirement(&mut self, name: &At<String>) -> Option<usize> {
        let id = if name.contains('/') { name.value.clone() } else { format!("{}/{}", self.prefix(), name.value) };
        if let Some(index) = self.catalogue.by_id.get(&id) {
            return Some(*index);
        }
        let message = format!("unknown requirement `{}`", name.value);
        match nearest(&id, self.catalogue.by_id.keys().map(String::as_str)).map(str::to_owned) {
            Some(near) => self.error_with_help(name.position, message, format!("did you mean `{near}`?")),
            None => self.error_with_help(
                name.position,
                message,
                "requirements are named by slug, or by folder/section/slug",
            ),
        }
        None
    }

    pub(super) fn expression(
        &mut self,
        source: &str,
        position: Position,
        vocabulary: &Vocabulary,
    ) -> Option<Expression> {
        Expression::compile(source, vocabulary).map_err(|error| self.expression_error(position, error, source)).ok()
    }

    /// An expression written on one line is underlined where the fault is, else where it begins.
    pub(super) fn expression_error(&mut self, position: Position, error: CompileError, source: &str) {
        let line = self.section.file.text.lines().nth(position.line.saturating_sub(1)).unwrap_or_default();
        let is_plain = line.contains(source);
        let shift = if is_plain { error.offset.unwrap_or(0) } else { 0 };
        let position = Position { column: position.column + shift, ..position };
        self.error(position, error.message);
    }

    pub(super) fn optional(&mut self, source: Option<&At<String>>, vocabulary: &Vocabulary) -> Option<Expression> {
        source.and_then(|source| self.expression(source, source.position, vocabulary))
    }

    pub(super) fn template(&mut self, value: &Value, position: Position, vocabulary: &Vocabulary) -> Option<Template> {
        Template::compile(value, vocabulary).map_err(|error| self.error(position, error.message)).ok()
    }

    pub(super) fn object(
        &mut self,
        members: &Map<String, Value>,
        position: Position,
        vocabulary: &Vocabulary,
    ) -> Option<Template> {
        self.template(&Value::Object(members.clone()), position, vocabulary)
    }

    pub(super) fn members(
        &mut self,
        members: Option<&At<Map<String, Value>>>,
        vocabulary: &Vocabulary,
    ) -> Option<Template> {
        members.and_then(|members| self.object(members, members.position, vocabulary))
    }

    pub(super) fn text(&mut self, text: &At<String>, vocabulary: &Vocabulary) -> Option<Template> {
        self.template(&Value::from(text.value.as_str()), text.position, vocabulary)
    }

    pub(super) fn expectations(&mut self, model: &Expectations, vocabulary: &Vocabulary) -> Vec<Expectation> {
        let mut expectations = Vec::new();
        for (name, expect) in model.iter() {
            let Some(requirement) = self.requirement(name) else { continue };
            let expectation =
                match &expect.value {
                    Expect::Plain(source) => self
                        .expression(source, expect.position, vocabulary)
                        .map(|that| Expectation { requirement, when: None, that, also: None }),
                    Expect::Full(full) => {
                        let that = self.expression(&full.that, full.that.position, vocabulary);
                        let when = self.optional(full.when.as_ref(), vocabulary);
                        let also = self.optional(full.also.as_ref(), vocabulary);
                        if full.also.is_some() != full.because.is_some() {
                            self.error_with_help(
                                expect.position,
                                "a leniency and its reason go together",
                                "give both `also` and `because`",
                            );
                        }
                        that.map(|that| Expectation { requirement, when, that, also: also.zip(full.because.clone()) })
                    }
                };
            expectations.extend(expectation);
        }
        expectations
    }

    pub(super) fn rule(&mut self, index: usize, model: &At<model::section::Rule>) {
        let vocabulary = words::of_rule(model.on);
        let when = self.optional(model.when.as_ref(), &vocabulary);
        let expect = self.expectations(&model.expect, &vocabulary);
        if model.expect.is_empty() {
            self.error(model.position, "a rule without expectations checks nothing");
        }
        self.catalogue.rules.push(Rule { id: format!("{}#{}", self.prefix(), index + 1), on: model.on, when, expect });
    }

    pub(super) fn needs(&mut self, needs: &[At<String>]) {
        for need in needs {
            if !FEATURES.iter().any(|(name, _)| *name == need.value) {
                let known: Vec<&str> = FEATURES.iter().map(|(name, _)| *name).collect();
                self.error_with_help(
                    need.position,
                    format!("unknown feature `{}`", need.value),
                    format!("one of {}", known.join(", ")),
                );
            }
        }
    }

    pub(super) fn fixture(&mut self, name: &At<String>) -> bool {
        let known = self.catalogue.fixtures.has_set(name);
        if !known {
            let near = nearest(name, self.catalogue.fixtures.sets()).map(|near| format!("did you mean `{near}`?"));
            self.error_with_help(
                name.position,
                format!("there is no SET fixture `{}`", name.value),
                near.unwrap_or_else(|| "fixtures/sets/NAME.json".to_owned()),
            );
        }
        known
    }
}
