//! The functions that setspec adds to CEL.

use std::ops::RangeInclusive;
use std::sync::Arc;

use cel::extractors::{Arguments, This};
use cel::objects::KeyRef;
use cel::{Context, ExecutionError, Value};

use super::{clock, formats, pattern};

/// One function: how it is called and what a true answer means, for `setspec explain` and for explanations.
pub struct FunctionDoc {
    /// The name that an expression calls: `has_header`.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: RangeInclusive<usize>,
    /// Completes "expected ..." when the function is a predicate that came out false; else what it returns.
    pub meaning: &'static str,
    call: fn(&[Value]) -> Result<Value, String>,
}

const fn predicate(
    name: &'static str,
    meaning: &'static str,
    call: fn(&[Value]) -> Result<Value, String>,
) -> FunctionDoc {
    FunctionDoc { name, arity: 1..=1, meaning, call }
}

/// Every function, sorted by theme: types, formats, messages, values.
pub static FUNCTIONS: &[FunctionDoc] = &[
    predicate("is_string", "a string", |a| Ok(matches!(a[0], Value::String(_)).into())),
    predicate("is_bool", "a boolean", |a| Ok(matches!(a[0], Value::Bool(_)).into())),
    predicate("is_int", "an integer", |a| Ok(matches!(a[0], Value::Int(_) | Value::UInt(_)).into())),
    predicate("is_number", "a number", |a| Ok(is_number(&a[0]).into())),
    predicate("is_object", "a JSON object", |a| Ok(matches!(a[0], Value::Map(_)).into())),
    predicate("is_list", "a JSON array", |a| Ok(matches!(a[0], Value::List(_)).into())),
    predicate("is_numeric_date", "a NumericDate: a JSON number of seconds", |a| Ok(is_number(&a[0]).into())),
    predicate("is_uri", "a URI (RFC 3986)", |a| Ok(text_is(&a[0], formats::is_uri))),
    predicate("is_https_url", "an https URL", |a| Ok(text_is(&a[0], formats::is_https_url))),
    predicate("is_string_or_uri", "a string, and a URI if it contains a colon", |a| {
        Ok(text_is(&a[0], formats::is_string_or_uri))
    }),
    predicate("is_e164", "a telephone number in E.164 form", |a| Ok(text_is(&a[0], formats::is_e164))),
    predicate("is_email", "an email address (addr-spec)", |a| Ok(text_is(&a[0], formats::is_email))),
    predicate("is_acct_uri", "an acct URI (RFC 7565)", |a| Ok(text_is(&a[0], formats::is_acct_uri))),
    predicate("is_did_url", "a DID URL", |a| Ok(text_is(&a[0], formats::is_did_url))),
    predicate("is_ip_address", "an IPv4 or IPv6 address", |a| Ok(text_is(&a[0], formats::is_ip_address))),
    predicate("is_language_tag", "a language tag (BCP 47)", |a| Ok(text_is(&a[0], formats::is_language_tag))),
    predicate("is_language_list", "one or more language tags (BCP 47)", |a| {
        Ok(text_is(&a[0], formats::is_language_list))
    }),
    predicate("is_collision_resistant", "a collision-resistant name (RFC 7519)", |a| {
        Ok(text_is(&a[0], formats::is_collision_resistant))
    }),
    predicate("accepted", "accepted: a 2xx status", |a| Ok(accepted(&a[0]).into())),
    predicate("refused", "refused: no 2xx status", |a| Ok((!accepted(&a[0])).into())),
    FunctionDoc {
        name: "header",
        arity: 2..=2,
        meaning: "the value of a header field, its lines joined by commas; \"\" when absent",
        call: header,
    },
    FunctionDoc {
        name: "has_header",
        arity: 2..=2,
        meaning: "the header field present",
        call: |a| Ok(header_values(&a[0], &a[1])?.is_some().into()),
    },
    FunctionDoc {
        name: "header_count",
        arity: 2..=2,
        meaning: "how many lines of the header field there are",
        call: |a| Ok(Value::Int(header_values(&a[0], &a[1])?.map_or(0, |v| v.len() as i64))),
    },
    FunctionDoc {
        name: "media_type",
        arity: 1..=1,
        meaning: "the media type of a Content-Type value, lower-case and without parameters",
        call: media_type,
    },
    FunctionDoc {
        name: "lower",
        arity: 1..=1,
        meaning: "the text in lower case",
        call: |a| Ok(Value::from(text(&a[0])?.to_lowercase())),
    },
    FunctionDoc {
        name: "trim",
        arity: 1..=1,
        meaning: "the text without white space around it",
        call: |a| Ok(Value::from(text(&a[0])?.trim().to_owned())),
    },
    FunctionDoc {
        name: "without",
        arity: 2..=2,
        meaning: "the text without any of the given characters",
        call: |a| {
            let unwanted = text(&a[1])?;
            Ok(Value::from(text(&a[0])?.chars().filter(|c| !unwanted.contains(*c)).collect::<String>()))
        },
    },
    FunctionDoc {
        name: "words",
        arity: 1..=1,
        meaning: "the elements of a list that spaces separate, such as scopes",
        call: |a| {
            let items = text(&a[0])?.split_ascii_whitespace().map(|item| Value::from(item.to_owned()));
            Ok(Value::from(items.collect::<Vec<Value>>()))
        },
    },
    FunctionDoc {
        name: "list_of",
        arity: 1..=1,
        meaning: "the trimmed, non-empty elements of a comma-separated list",
        call: |a| {
            let items = text(&a[0])?.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::from(items.map(|item| Value::from(item.to_owned())).collect::<Vec<Value>>()))
        },
    },
    FunctionDoc { name: "keys", arity: 1..=1, meaning: "the member names of an object, sorted", call: keys },
    FunctionDoc {
        name: "subset",
        arity: 2..=2,
        meaning: "every element of the first list an element of the second",
        call: |a| Ok(all_in(&a[0], &a[1])?.into()),
    },
    FunctionDoc {
        name: "same_set",
        arity: 2..=2,
        meaning: "two lists with the same elements, in whatever order and number",
        call: |a| Ok((all_in(&a[0], &a[1])? && all_in(&a[1], &a[0])?).into()),
    },
    FunctionDoc {
        name: "well_known",
        arity: 2..=2,
        meaning: "the URL of a well-known document of an issuer, its name put between host and path (SSF section 7.2.1)",
        call: |a| formats::well_known(text(&a[0])?, text(&a[1])?).map(Value::from),
    },
    FunctionDoc {
        name: "with_query",
        arity: 3..=3,
        meaning: "the URL with one more query parameter of this name and value, encoded",
        call: |a| formats::with_query(text(&a[0])?, text(&a[1])?, text(&a[2])?).map(Value::from),
    },
    FunctionDoc {
        name: "resolve",
        arity: 2..=2,
        meaning: "the URL that a reference stands for where it is found at a base URL (RFC 3986 section 5)",
        call: |a| formats::resolve(text(&a[0])?, text(&a[1])?).map(Value::from),
    },
    FunctionDoc { name: "unique", arity: 1..=1, meaning: "a list without two equal elements", call: unique },
    FunctionDoc {
        name: "now",
        arity: 0..=0,
        meaning: "the present time in seconds since 1970; one and the same within a document that is made",
        call: |_| Ok(Value::Int(clock::now())),
    },
    FunctionDoc {
        name: "uuid",
        arity: 0..=0,
        meaning: "a new random UUID",
        call: |_| Ok(Value::from(uuid::Uuid::new_v4().to_string())),
    },
];

/// Names for the event types of the framework itself (SSF sections 8.1.4.1 and 8.1.5).
pub const CONSTANTS: &[(&str, &str)] = &[
    ("ssf_verification", "https://schemas.openid.net/secevent/ssf/event-type/verification"),
    ("ssf_stream_updated", "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"),
];

/// Functions of CEL itself that suites may use.
pub(super) const BUILT_IN: &[&str] =
    &["size", "contains", "startsWith", "endsWith", "matches", "string", "int", "double", "type", "max", "min"];

pub(super) fn doc(name: &str) -> Option<&'static FunctionDoc> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The context that every evaluation starts from: CEL's own functions and ours.
pub(super) fn root() -> Context<'static, 'static> {
    let mut context = Context::default();
    let added = context.add_function("matches", |This(text): This<Arc<String>>, pattern: Arc<String>| {
        pattern::is_match(&text, &pattern).map_err(|why| ExecutionError::function_error("matches", why))
    });
    debug_assert!(added.is_ok(), "matches is added once");
    for (name, value) in CONSTANTS {
        context.add_variable_from_value(*name, Value::from((*value).to_owned()));
    }
    for function in FUNCTIONS {
        let added = context.add_function(function.name, move |Arguments(args): Arguments| {
            (function.call)(&args).map_err(|why| ExecutionError::function_error(function.name, why))
        });
        debug_assert!(added.is_ok(), "{} is added once", function.name);
    }
    context
}

fn all_in(elements: &Value, list: &Value) -> Result<bool, String> {
    let (Value::List(elements), Value::List(list)) = (elements, list) else {
        return Err(format!("expected two lists, got {} and {}", elements.type_of(), list.type_of()));
    };
    Ok(elements.iter().all(|element| list.contains(element)))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::UInt(_) | Value::Float(_))
}

fn text_is(value: &Value, check: fn(&str) -> bool) -> Value {
    matches!(value, Value::String(s) if check(s)).into()
}

fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::String(s) => Ok(s),
        other => Err(format!("expected a string, got {}", other.type_of())),
    }
}

fn accepted(response: &Value) -> bool {
    match response {
        Value::Map(map) => {
            matches!(map.get(&KeyRef::String("status")), Some(Value::Int(status)) if (200..300).contains(status))
        }
        _ => false,
    }
}

/// A message holds its header fields as `headers`: a map from lower-case names to lists of values.
fn header_values<'a>(message: &'a Value, name: &Value) -> Result<Option<&'a Vec<Value>>, String> {
    let Value::Map(map) = message else {
        return Err("there is no such message: no answer came".to_owned());
    };
    let name = text(name)?.to_ascii_lowercase();
    match map.get(&KeyRef::String("headers")) {
        Some(Value::Map(headers)) => match headers.get(&KeyRef::String(name.as_str())) {
            Some(Value::List(values)) => Ok(Some(values.as_ref())),
            _ => Ok(None),
        },
        _ => Err("expected a request or a response".to_owned()),
    }
}

fn header(args: &[Value]) -> Result<Value, String> {
    let values = header_values(&args[0], &args[1])?;
    let lines: Vec<&str> = values.into_iter().flatten().map(text).collect::<Result<_, _>>()?;
    Ok(Value::from(lines.join(", ")))
}

fn media_type(args: &[Value]) -> Result<Value, String> {
    let value = text(&args[0])?;
    let essence = value.split(';').next().unwrap_or_default();
    Ok(Value::from(essence.trim().to_ascii_lowercase()))
}

fn keys(args: &[Value]) -> Result<Value, String> {
    match &args[0] {
        Value::Map(map) => {
            let mut names: Vec<String> = map
                .map
                .keys()
                .map(|key| match key {
                    cel::objects::Key::String(s) => s.to_string(),
                    other => format!("{other:?}"),
                })
                .collect();
            names.sort();
            Ok(Value::from(names.into_iter().map(Value::from).collect::<Vec<Value>>()))
        }
        other => Err(format!("expected an object, got {}", other.type_of())),
    }
}

fn unique(args: &[Value]) -> Result<Value, String> {
    match &args[0] {
        Value::List(items) => {
            let repeated = items.iter().enumerate().any(|(i, item)| items[..i].contains(item));
            Ok((!repeated).into())
        }
        other => Err(format!("expected a list, got {}", other.type_of())),
    }
}
