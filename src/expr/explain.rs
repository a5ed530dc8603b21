//! Why an expression is false: what was expected and what was there.

use cel::common::ast::{Expr, IdedExpr};
use cel::{Context, ExecutionError, Value};

use super::ast::{self, Quantifier};
use super::functions;
use super::program::failure;
use super::value::{show, to_json};

/// The longest value that an explanation shows, in characters.
const SHOWN: usize = 240;

/// The two halves of a finding. `expected` completes "expected ...", `actual` completes "got ...".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What should have been there: ``the header field `Content-Language` ``, `` `response.status` to be 202``.
    pub expected: String,
    /// What was there, at most 240 characters of each value: `status 200`, `absent`.
    pub actual: String,
}

/// Explains an expression that is false or cannot be evaluated in `context`.
pub(super) fn explain(expr: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    match &expr.expr {
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            ("_&&_", [left, right]) => {
                let failing = if is_true(left, context) { right } else { left };
                explain(failing, context)
            }
            ("_||_", [left, right]) => {
                let (a, b) = (explain(left, context), explain(right, context));
                Explanation {
                    expected: format!("{}, or {}", a.expected, b.expected),
                    actual: if a.actual == b.actual { a.actual } else { format!("{}; {}", a.actual, b.actual) },
                }
            }
            ("!_", [inner]) => negated(inner, context),
            (name, [left, right]) if ast::operator(name).is_some() => {
                compared(ast::operator(name).unwrap_or_default(), left, right, context)
            }
            (name, [argument]) if call.target.is_some() => match &call.target {
                Some(target) => asked(target, name, argument, context),
                None => plain(expr, context),
            },
            (name, args) => called(name, args, expr, context),
        },
        Expr::Select(select) if select.test => Explanation {
            expected: format!("`{}.{}` to be present", ast::text(&select.operand), select.field),
            actual: match value(&select.operand, context) {
                Ok(_) => "absent".to_owned(),
                Err(error) => failure(&error),
            },
        },
        Expr::Comprehension(comp) => match ast::quantifier(&expr.expr) {
            Some((kind, predicate)) => quantified(kind, &comp.iter_range, &comp.iter_var, predicate, context),
            None => plain(expr, context),
        },
        _ => plain(expr, context),
    }
}

fn value(expr: &IdedExpr, context: &Context<'_, '_>) -> Result<Value, ExecutionError> {
    Value::resolve(expr, context)
}

fn is_true(expr: &IdedExpr, context: &Context<'_, '_>) -> bool {
    matches!(value(expr, context), Ok(Value::Bool(true)))
}

fn shown(expr: &IdedExpr, context: &Context<'_, '_>) -> String {
    match value(expr, context) {
        Ok(value) => show(&to_json(&value), SHOWN),
        Err(error) => failure(&error),
    }
}

fn plain(expr: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    Explanation { expected: format!("`{}` to be true", ast::text(expr)), actual: shown(expr, context) }
}

fn negated(inner: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    match &inner.expr {
        Expr::Select(select) if select.test => Explanation {
            expected: format!("no `{}.{}`", ast::text(&select.operand), select.field),
            actual: match value(&select.operand, context) {
                Ok(Value::Map(map)) => map
                    .get(&cel::objects::KeyRef::String(&select.field))
                    .map_or_else(|| "present".to_owned(), |value| show(&to_json(value), SHOWN)),
                _ => "present".to_owned(),
            },
        },
        _ => {
            let inner = explain(inner, context);
            Explanation { expected: format!("not: {}", inner.expected), actual: inner.actual }
        }
    }
}

fn compared(sign: &str, left: &IdedExpr, right: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    let what = ast::text(left);
    let bound = shown(right, context);
    let expected = match sign {
        "==" => format!("`{what}` to be {bound}"),
        "!=" => format!("`{what}` not to be {bound}"),
        "in" => format!("`{what}` to be one of {bound}"),
        _ => format!("`{what}` {sign} {bound}"),
    };
    Explanation { expected, actual: shown(left, context) }
}

fn called(name: &str, args: &[IdedExpr], expr: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    let (Some(function), Some(argument)) = (functions::doc(name), args.first()) else {
        return plain(expr, context);
    };
    let expected = match name {
        "has_header" => format!("the header field {}", args.get(1).map(ast::text).unwrap_or_default()),
        "accepted" | "refused" => format!("`{}` {}", ast::text(argument), function.meaning),
        _ => format!("`{}` to be {}", ast::text(argument), function.meaning),
    };
    let actual = match (name, value(argument, context)) {
        ("has_header", Ok(message)) => format!("{}, without it", message_shown(&message)),
        ("accepted" | "refused", Ok(message)) => message_shown(&message),
        (_, Ok(value)) => show(&to_json(&value), SHOWN),
        (_, Err(error)) => failure(&error),
    };
    Explanation { expected, actual }
}

/// A question to a text, such as `text.startsWith('x')`.
fn asked(target: &IdedExpr, name: &str, argument: &IdedExpr, context: &Context<'_, '_>) -> Explanation {
    let question = match name {
        "startsWith" => "to start with",
        "endsWith" => "to end with",
        "contains" => "to contain",
        "matches" => "to match",
        other => other,
    };
    Explanation {
        expected: format!("`{}` {question} {}", ast::text(target), shown(argument, context)),
        actual: shown(target, context),
    }
}

/// A whole message is too much to show: its status says enough.
fn message_shown(message: &Value) -> String {
    match message {
        Value::Map(map) => match map.get(&cel::objects::KeyRef::String("status")) {
            Some(Value::Int(status)) => format!("status {status}"),
            _ => "a request".to_owned(),
        },
        _ => "no answer".to_owned(),
    }
}

fn quantified(
    kind: Quantifier,
    range: &IdedExpr,
    variable: &str,
    predicate: &IdedExpr,
    context: &Context<'_, '_>,
) -> Explanation {
    let items: Vec<Value> = match value(range, context) {
        Ok(Value::List(items)) => items.to_vec(),
        Ok(Value::Map(map)) => {
            let mut names: Vec<Value> = map.map.keys().map(|key| Value::from(key.clone())).collect();
            names.sort_by_key(|name| to_json(name).to_string());
            names
        }
        Ok(other) => {
            return Explanation {
                expected: format!("`{}` to be a list or an object", ast::text(range)),
                actual: show(&to_json(&other), SHOWN),
            };
        }
        Err(error) => {
            return Explanation { expected: format!("`{}`", ast::text(range)), actual: failure(&error) };
        }
    };
    let mut failing = Vec::new();
    let mut inner_expected = format!("`{}`", ast::text(predicate));
    for item in items {
        let mut inner = context.new_inner_scope();
        inner.add_variable_from_value(variable, item.clone());
        if !is_true(predicate, &inner) {
            inner_expected = explain(predicate, &inner).expected;
            failing.push(show(&to_json(&item), SHOWN));
        }
    }
    let (word, actual) = match kind {
        Quantifier::All => ("every", format!("not so for: {}", failing.join(", "))),
        Quantifier::Exists if failing.is_empty() => ("some", "it is empty".to_owned()),
        Quantifier::Exists => ("some", failing.join(", ")),
    };
    Explanation {
        expected: format!("{word} `{variable}` in `{}` to satisfy: {inner_expected}", ast::text(range)),
        actual,
    }
}
