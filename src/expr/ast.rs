//! Reading a compiled expression: its names, and its parts written out again.

use std::collections::BTreeSet;

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

/// The free variables and the functions that `expr` uses; each function with its number of arguments.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub variables: BTreeSet<String>,
    pub functions: BTreeSet<(String, usize)>,
}

pub(super) fn names(expr: &IdedExpr) -> Names {
    let mut names = Names::default();
    collect(expr, &mut Vec::new(), &mut names);
    names
}

fn collect<'e>(expr: &'e IdedExpr, bound: &mut Vec<&'e str>, names: &mut Names) {
    match &expr.expr {
        Expr::Unspecified | Expr::Literal(_) => {}
        Expr::Ident(name) => {
            if !name.starts_with('@') && !bound.contains(&name.as_str()) {
                names.variables.insert(name.clone());
            }
        }
        Expr::Call(call) => {
            if is_function_name(&call.func_name) {
                let count = call.args.len() + usize::from(call.target.is_some());
                names.functions.insert((call.func_name.clone(), count));
            }
            for part in call.target.iter().map(Box::as_ref).chain(&call.args) {
                collect(part, bound, names);
            }
        }
        Expr::Select(select) => collect(&select.operand, bound, names),
        Expr::List(list) => list.elements.iter().for_each(|part| collect(part, bound, names)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    collect(&entry.key, bound, names);
                    collect(&entry.value, bound, names);
                }
            }
        }
        Expr::Struct(structure) => {
            names.functions.insert((structure.type_name.clone(), structure.entries.len()));
        }
        Expr::Comprehension(comp) => {
            collect(&comp.iter_range, bound, names);
            bound.push(&comp.iter_var);
            for part in [&comp.accu_init, &comp.loop_cond, &comp.loop_step, &comp.result] {
                collect(part, bound, names);
            }
            bound.pop();
        }
    }
}

/// Whether the tree has more than `most` levels. Looks no deeper than that.
pub(super) fn is_deeper_than(expr: &IdedExpr, most: usize) -> bool {
    let Some(left) = most.checked_sub(1) else { return true };
    let deeper = |part: &IdedExpr| is_deeper_than(part, left);
    match &expr.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => false,
        Expr::Call(call) => call.target.iter().map(Box::as_ref).chain(&call.args).any(deeper),
        Expr::Select(select) => deeper(&select.operand),
        Expr::List(list) => list.elements.iter().any(deeper),
        Expr::Map(map) => map.entries.iter().any(|entry| entry_is_deeper(&entry.expr, deeper)),
        Expr::Struct(structure) => structure.entries.iter().any(|entry| entry_is_deeper(&entry.expr, deeper)),
        Expr::Comprehension(comp) => {
            [&comp.iter_range, &comp.accu_init, &comp.loop_cond, &comp.loop_step, &comp.result].into_iter().any(deeper)
        }
    }
}

fn entry_is_deeper(entry: &EntryExpr, deeper: impl Fn(&IdedExpr) -> bool) -> bool {
    match entry {
        EntryExpr::MapEntry(entry) => deeper(&entry.key) || deeper(&entry.value),
        EntryExpr::StructField(field) => deeper(&field.value),
    }
}

/// Operators are calls of functions whose names begin with `_`, `!`, `-` or `@`.
fn is_function_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The sign of a binary operator, `_==_` being `==`.
pub(super) fn operator(func_name: &str) -> Option<&str> {
    match func_name {
        "@in" | "_in_" => Some("in"),
        name => name.strip_prefix('_')?.strip_suffix('_').filter(|sign| {
            matches!(*sign, "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||" | "+" | "-" | "*" | "/" | "%")
        }),
    }
}

/// The predicate inside `all(x, predicate)` or `exists(x, predicate)`.
pub(super) fn quantifier(expr: &Expr) -> Option<(Quantifier, &IdedExpr)> {
    let Expr::Comprehension(comp) = expr else { return None };
    let Expr::Call(step) = &comp.loop_step.expr else { return None };
    let kind = match step.func_name.as_str() {
        "_&&_" => Quantifier::All,
        "_||_" => Quantifier::Exists,
        _ => return None,
    };
    Some((kind, step.args.get(1)?))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    All,
    Exists,
}

/// The expression as text. What cannot be written shortly becomes `...`.
pub(super) fn text(expr: &IdedExpr) -> String {
    match &expr.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Literal(literal) => literal_text(literal),
        Expr::Select(select) if select.test => format!("has({}.{})", text(&select.operand), select.field),
        Expr::Select(select) => format!("{}.{}", text(&select.operand), select.field),
        Expr::List(list) => format!("[{}]", list.elements.iter().map(text).collect::<Vec<_>>().join(", ")),
        Expr::Call(call) => match (operator(&call.func_name), call.args.as_slice()) {
            (Some(sign), [a, b]) => format!("{} {sign} {}", text(a), text(b)),
            _ => match (call.func_name.as_str(), call.args.as_slice()) {
                ("!_", [a]) => format!("!{}", text(a)),
                ("-_", [a]) => format!("-{}", text(a)),
                ("_[_]", [a, b]) => format!("{}[{}]", text(a), text(b)),
                (name, args) => {
                    let args = args.iter().map(text).collect::<Vec<_>>().join(", ");
                    match &call.target {
                        Some(target) => format!("{}.{name}({args})", text(target)),
                        None => format!("{name}({args})"),
                    }
                }
            },
        },
        Expr::Comprehension(comp) => match quantifier(&expr.expr) {
            Some((kind, predicate)) => {
                let name = if kind == Quantifier::All { "all" } else { "exists" };
                format!("{}.{name}({}, {})", text(&comp.iter_range), comp.iter_var, text(predicate))
            }
            None => "...".to_owned(),
        },
        _ => "...".to_owned(),
    }
}

fn literal_text(literal: &LiteralValue) -> String {
    match literal {
        LiteralValue::Boolean(b) => b.inner().to_string(),
        LiteralValue::Double(d) => d.inner().to_string(),
        LiteralValue::Int(i) => i.inner().to_string(),
        LiteralValue::UInt(u) => u.inner().to_string(),
        LiteralValue::String(s) => format!("{:?}", s.inner()),
        LiteralValue::Null => "null".to_owned(),
        LiteralValue::Bytes(_) => "bytes".to_owned(),
    }
}
