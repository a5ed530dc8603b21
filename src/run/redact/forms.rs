//! The forms in which a target could echo a secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Characters that escape functions leave as they are, beside letters and digits: those of RFC 3986, of HTML forms, and
/// of the two functions of JavaScript.
const LEFT: [&str; 4] = ["-_.~", "-_.*", "-_.!~*'()", "-_.!~*'();/?:@&=+$,#"];

/// Base64 shorter than this hits ordinary words.
const SHORTEST_BASE64: usize = 8;

/// `text` and its encodings.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), text.replace('/', "\\/"), in_html(text)];
    forms.extend([false, true].map(|lower| in_careful_json(text, lower)));
    for left in LEFT {
        for lower in [false, true] {
            let percent = percent(text, left, lower);
            forms.push(percent.replace("%20", "+"));
            forms.push(percent);
        }
    }
    // As they stand inside a JSON text.
    let inside: Vec<String> = forms.iter().map(|form| json_string(form)).collect();
    forms.extend(inside);
    forms.extend(base64(text).into_iter().filter(|form| form.len() >= SHORTEST_BASE64));
    forms
}

fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn in_html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped.replace('"', "&quot;").replace('\'', "&#39;")
}

/// JSON as encoders write it that think of HTML.
fn in_careful_json(text: &str, lower: bool) -> String {
    let escape = |c: char| match c {
        '"' | '&' | '\'' | '+' | '<' | '>' | '`' if lower => format!("\\u{:04x}", u32::from(c)),
        '"' | '&' | '\'' | '+' | '<' | '>' | '`' => format!("\\u{:04X}", u32::from(c)),
        '\\' => "\\\\".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

fn percent(text: &str, left: &str, lower: bool) -> String {
    let escape = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || left.contains(c) && byte.is_ascii() => c.to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// What base64 makes of the text wherever it stands in what is encoded: only the characters that no neighbour shapes.
fn base64(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for (before, shaped) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let whole = bytes.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.push(encoded[shaped.min(whole)..whole].to_owned());
        }
    }
    forms
}
