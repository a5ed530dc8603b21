//! Expressions, compiled and checked at once.

use std::fmt;
use std::sync::Arc;

use cel::{ExecutionError, Program, Value};

use super::ast;
use super::explain::{Explanation, explain};
use super::functions::{self, BUILT_IN};
use super::scope::Entered;
use super::value::to_json;
use super::vocabulary::{Vocabulary, nearest};

/// The longest expression, in bytes. What is longer is no expression of a suite, and what is deeper than the parser and
/// the interpreter can go has to be long.
const LONGEST: usize = 4096;

/// The deepest nesting of brackets.
const DEEPEST: usize = 24;

/// The deepest tree that an expression may be: evaluation is recursive too.
const DEEPEST_TREE: usize = 48;

/// What is nested deeper, or is longer, is parsed with a stack of its own: the parser is recursive, and a dozen brackets
/// are too much for the stack of a thread in a debug build.
const ORDINARY: (usize, usize) = (4, 200);

/// The size of that stack.
const STACK: usize = 64 * 1024 * 1024;

/// A CEL expression that has been parsed and whose names are all known.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<Program>,
    variables: Arc<[String]>,
}

/// What a boolean expression came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It holds.
    True,
    /// It was evaluated and does not hold.
    False(Explanation),
    /// It could not be evaluated; for an expectation that counts as false.
    Failed(Explanation),
}

/// Why an expression is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    /// What is wrong, with a hint where there is one: ``unknown variable `clams`; did you mean `claims`?``.
    pub message: String,
    /// Where in the expression, as an offset in characters, where that is known.
    pub offset: Option<usize>,
}

impl CompileError {
    fn new(message: String) -> Self {
        Self { message, offset: None }
    }
}

impl Expression {
    /// Parses `source` and checks its names against `vocabulary` and the known functions.
    pub fn compile(source: &str, vocabulary: &Vocabulary) -> Result<Self, CompileError> {
        if source.len() > LONGEST {
            return Err(CompileError::new(format!("an expression of more than {LONGEST} bytes")));
        }
        let depth = nesting(source);
        if depth > DEEPEST {
            return Err(CompileError::new(format!("an expression nested more than {DEEPEST} deep")));
        }
        let program = if depth > ORDINARY.0 || source.len() > ORDINARY.1 {
            on_a_large_stack(|| parse(source))??
        } else {
            parse(source)?
        };
        let names = ast::names(program.expression());
        for variable in &names.variables {
            if !vocabulary.has(variable) {
                let hint = match vocabulary.nearest(variable) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", vocabulary.list()),
                };
                return Err(CompileError {
                    message: format!("unknown variable `{variable}`; {hint}"),
                    offset: source.find(variable.as_str()).map(|byte| source[..byte].chars().count()),
                });
            }
        }
        for (function, count) in &names.functions {
            check_function(source, function, *count)?;
        }
        Ok(Self { source: source.into(), program: Arc::new(program), variables: names.variables.into_iter().collect() })
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables that the expression reads, sorted.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Whether the expression holds; if not, why.
    pub fn test(&self, scope: &Entered<'_>) -> Outcome {
        match self.program.execute(&scope.context) {
            Ok(Value::Bool(true)) => Outcome::True,
            Ok(Value::Bool(false)) => Outcome::False(explain(self.program.expression(), &scope.context)),
            Ok(other) => Outcome::Failed(Explanation {
                expected: format!("`{}` to be true or false", self.source),
                actual: super::value::show(&to_json(&other), 200),
            }),
            Err(_) => Outcome::Failed(explain(self.program.expression(), &scope.context)),
        }
    }

    /// Whether the expression holds, for conditions: one that cannot be evaluated does not hold.
    pub fn holds(&self, scope: &Entered<'_>) -> bool {
        matches!(self.program.execute(&scope.context), Ok(Value::Bool(true)))
    }

    /// The value of an expression that need not be boolean.
    pub fn value(&self, scope: &Entered<'_>) -> Result<serde_json::Value, String> {
        self.program
            .execute(&scope.context)
            .map(|value| to_json(&value))
            .map_err(|error| format!("`{}`: {}", self.source, failure(&error)))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.source)
    }
}

/// What went wrong while evaluating, in words that need no knowledge of CEL.
pub(super) fn failure(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(key) => format!("`{key}` is absent"),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        other => other.to_string(),
    }
}

fn parse(source: &str) -> Result<Program, CompileError> {
    let program = Program::compile(source).map_err(|errors| syntax_error(source, &errors))?;
    if ast::is_deeper_than(program.expression(), DEEPEST_TREE) {
        return Err(CompileError::new("an expression of too many parts within parts".to_owned()));
    }
    Ok(program)
}

fn on_a_large_stack<T: Send>(parse: impl FnOnce() -> T + Send) -> Result<T, CompileError> {
    let failed = || CompileError::new("the expression cannot be parsed".to_owned());
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse);
        thread.map_err(|_| failed())?.join().map_err(|_| failed())
    })
}

/// How deep brackets are nested, those in quoted texts included.
fn nesting(source: &str) -> usize {
    let mut depth = 0usize;
    source.bytes().fold(0, |deepest, byte| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest.max(depth)
    })
}

fn check_function(source: &str, name: &str, count: usize) -> Result<(), CompileError> {
    if BUILT_IN.contains(&name) {
        return Ok(());
    }
    let known = functions::FUNCTIONS.iter().map(|function| function.name).chain(BUILT_IN.iter().copied());
    let Some(function) = functions::doc(name) else {
        let hint = match nearest(name, known) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        return Err(CompileError {
            message: format!("unknown function `{name}`{hint}"),
            offset: source.find(name).map(|byte| source[..byte].chars().count()),
        });
    };
    if !function.arity.contains(&count) {
        return Err(CompileError::new(format!("`{name}` takes {} argument(s), got {count}", function.arity.end())));
    }
    Ok(())
}

fn syntax_error(source: &str, errors: &cel::ParseErrors) -> CompileError {
    let Some(first) = errors.errors.first() else {
        return CompileError::new("not a CEL expression".to_owned());
    };
    let (line, column) = (first.pos.0.max(1) as usize, first.pos.1.max(1) as usize);
    let before: usize = source.lines().take(line - 1).map(|text| text.chars().count() + 1).sum();
    CompileError { message: format!("not a CEL expression: {}", first.msg), offset: Some(before + column - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Scope;
    use serde_json::json;

    fn outcome(source: &str) -> Outcome {
        let vocabulary = Vocabulary::of(["claims", "response"]);
        let expression = Expression::compile(source, &vocabulary).expect("compiles");
        Scope::new()
            .with(
                "claims",
                json!({"iat": 1458496404u64, "toe": 1.5, "aud": ["a", "b"], "events": {"urn:x": {}, "y": 1}}),
            )
            .with("response", json!({"status": 200, "headers": {"content-type": ["Text/HTML; charset=x"]}}))
            .enter(|scope| expression.test(scope))
    }

    fn explained(source: &str) -> (String, String) {
        match outcome(source) {
            Outcome::False(e) | Outcome::Failed(e) => (e.expected, e.actual),
            Outcome::True => panic!("{source} holds"),
        }
    }

    #[test]
    fn true_ones() {
        for source in [
            "claims.iat > 1000",
            "claims.toe < 1000.0",
            "claims.iat <= now() + 5",
            "is_numeric_date(claims.toe) && !has(claims.exp)",
            "'a' in claims.aud",
            "media_type(header(response, 'Content-Type')) == 'text/html'",
            "accepted(response) && header(response, 'x-none') == ''",
            "claims.events.all(name, name.startsWith('u') || name == 'y')",
            "keys(claims.events) == ['urn:x', 'y'] && unique(claims.aud)",
        ] {
            assert_eq!(outcome(source), Outcome::True, "{source}");
        }
    }

    #[test]
    fn false_ones_are_explained() {
        let cases = [
            ("response.status == 202", "`response.status` to be 202", "200"),
            (
                "claims.events.all(name, is_uri(name))",
                "every `name` in `claims.events` to satisfy: `name` to be a URI (RFC 3986)",
                "not so for: \"y\"",
            ),
            ("has(claims.iss) && is_string(claims.iss)", "`claims.iss` to be present", "absent"),
            ("is_string(claims.iat)", "`claims.iat` to be a string", "1458496404"),
            ("response.status in [400, 401]", "`response.status` to be one of [400,401]", "200"),
            ("claims.jti == 'x'", "`claims.jti` to be \"x\"", "`jti` is absent"),
            ("!accepted(response)", "not: `response` accepted: a 2xx status", "status 200"),
        ];
        for (source, expected, actual) in cases {
            assert_eq!(explained(source), (expected.to_owned(), actual.to_owned()), "{source}");
        }
    }

    #[test]
    fn faults_are_found_when_compiling() {
        let vocabulary = Vocabulary::of(["claims"]);
        let compile = |source| Expression::compile(source, &vocabulary).expect_err("is refused");
        assert_eq!(compile("clams.iss == 'x'").message, "unknown variable `clams`; did you mean `claims`?");
        assert_eq!(compile("claims.iss ==").offset, Some(13));
        assert_eq!(compile("is_strin(claims)").message, "unknown function `is_strin`; did you mean `is_string`?");
        assert_eq!(compile("is_string(claims, 1)").message, "`is_string` takes 1 argument(s), got 2");
    }
}
