//! JSON values with `${...}` in their strings.

use serde_json::{Map, Value};

use super::clock::at_one_moment;
use super::program::{CompileError, Expression};
use super::scope::Entered;
use super::vocabulary::Vocabulary;

/// A JSON value whose strings may contain `${expression}`. A string that is one expression and nothing else
/// becomes the value of the expression, whatever its type; otherwise values are inserted as text.
#[derive(Debug, Clone)]
pub struct Template(Node);

#[derive(Debug, Clone)]
enum Node {
    Fixed(Value),
    Whole(Expression),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(Vec<Piece>, Node)>),
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Value(Expression),
}

impl Template {
    /// Compiles every `${...}` in `value`, including those in member names.
    pub fn compile(value: &Value, vocabulary: &Vocabulary) -> Result<Self, CompileError> {
        node(value, vocabulary).map(Self)
    }

    /// The value with every expression evaluated.
    pub fn render(&self, scope: &Entered<'_>) -> Result<Value, String> {
        at_one_moment(|| render(&self.0, scope))
    }

    /// The rendered value as text: a string without its quotes, anything else as JSON.
    pub fn render_text(&self, scope: &Entered<'_>) -> Result<String, String> {
        self.render(scope).map(|value| as_text(&value))
    }
}

fn node(value: &Value, vocabulary: &Vocabulary) -> Result<Node, CompileError> {
    Ok(match value {
        Value::String(text) => match pieces(text, vocabulary)? {
            parts if parts.iter().all(|part| matches!(part, Piece::Text(_))) => Node::Fixed(value.clone()),
            mut parts if parts.len() == 1 => match parts.remove(0) {
                Piece::Value(expression) => Node::Whole(expression),
                Piece::Text(text) => Node::Fixed(Value::String(text)),
            },
            parts => Node::Text(parts),
        },
        Value::Array(items) => Node::List(items.iter().map(|item| node(item, vocabulary)).collect::<Result<_, _>>()?),
        Value::Object(members) => Node::Object(
            members
                .iter()
                .map(|(name, value)| Ok((pieces(name, vocabulary)?, node(value, vocabulary)?)))
                .collect::<Result<_, CompileError>>()?,
        ),
        other => Node::Fixed(other.clone()),
    })
}

/// Splits `text` at its expressions. `}` inside a quoted string of an expression does not end it.
fn pieces(text: &str, vocabulary: &Vocabulary) -> Result<Vec<Piece>, CompileError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if start > 0 {
            parts.push(Piece::Text(rest[..start].to_owned()));
        }
        let inner = &rest[start + 2..];
        let end = closing_brace(inner)
            .ok_or_else(|| CompileError { message: format!("`${{` without its `}}` in {text:?}"), offset: None })?;
        parts.push(Piece::Value(Expression::compile(&inner[..end], vocabulary)?));
        rest = &inner[end + 1..];
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Piece::Text(rest.to_owned()));
    }
    Ok(parts)
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn render(node: &Node, scope: &Entered<'_>) -> Result<Value, String> {
    Ok(match node {
        Node::Fixed(value) => value.clone(),
        Node::Whole(expression) => expression.value(scope)?,
        Node::Text(parts) => Value::String(join(parts, scope)?),
        Node::List(items) => Value::Array(items.iter().map(|item| render(item, scope)).collect::<Result<_, _>>()?),
        Node::Object(members) => {
            let mut object = Map::new();
            for (name, value) in members {
                object.insert(join(name, scope)?, render(value, scope)?);
            }
            Value::Object(object)
        }
    })
}

fn join(parts: &[Piece], scope: &Entered<'_>) -> Result<String, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Piece::Text(fixed) => text.push_str(fixed),
            Piece::Value(expression) => text.push_str(&as_text(&expression.value(scope)?)),
        }
    }
    Ok(text)
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Scope;
    use serde_json::json;

    fn rendered(template: Value) -> Result<Value, String> {
        let template = Template::compile(&template, &Vocabulary::of(["n", "name"])).expect("compiles");
        Scope::new().with("n", json!(7)).with("name", json!("x")).enter(|scope| template.render(scope))
    }

    #[test]
    fn a_lone_expression_keeps_its_type() {
        assert_eq!(rendered(json!({"iat": "${n}", "a": ["${name}"]})), Ok(json!({"iat": 7, "a": ["x"]})));
    }

    #[test]
    fn expressions_inside_text_become_text() {
        assert_eq!(rendered(json!({"urn:${name}": "${name}-${n}!"})), Ok(json!({"urn:x": "x-7!"})));
        assert_eq!(rendered(json!("${'}' + name}")), Ok(json!("}x")));
        assert_eq!(rendered(json!("")), Ok(json!("")));
    }

    #[test]
    fn faults_are_found_when_compiling() {
        let vocabulary = Vocabulary::default();
        assert!(Template::compile(&json!("${"), &vocabulary).is_err());
        assert!(Template::compile(&json!("${unknown}"), &vocabulary).is_err());
    }
}
