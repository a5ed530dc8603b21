//! Whatever is read, nothing panics: suites, expressions, tokens, claims.
//!
//! `PROPTEST_CASES=100000 cargo test --test fuzz` looks longer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};
use setspec::expr::{Expression, FUNCTIONS, Scope, Template, Vocabulary};
use setspec::run::check::Checker;
use setspec::run::proof::built_in_catalogue;
use setspec::set::Jwks;
use setspec::suite::{Catalogue, Sources, load};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| built_in_catalogue().expect("the built-in suites"));

/// The section files of our own suites.
static SECTIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in fs::read_dir(suites).expect("the suites").flatten().filter(|entry| entry.path().is_dir()) {
        files.extend(fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path()));
    }
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).expect("a section")).collect()
});

/// Loads a house of one section; a fault has a place in a file and can be shown.
fn load_section(text: &str) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().expect("a folder");
    let house = dir.path().join("house");
    fs::create_dir(&house).expect("a folder");
    fs::write(house.join("spec.yaml"), "name: House\ntitle: House\nlink: \"https://rules.example/{section}\"\n")
        .expect("a file");
    fs::write(house.join("1-fuzz.yaml"), text).expect("a file");
    let sources = Sources::replaced_by(dir.path()).expect("the files can be read");
    match load(&sources) {
        Ok(catalogue) => {
            setspec::suite::lint::lint(&catalogue);
        }
        Err(faults) => {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(!fault.message.is_empty());
                prop_assert!(fault.file.ends_with(".yaml"), "{}", fault.file);
                prop_assert!(fault.render(true).contains("1-fuzz.yaml"), "{fault}");
            }
        }
    }
    Ok(())
}

/// A text with some of its lines or pieces dropped, doubled, swapped or replaced.
fn mutated(text: &str, changes: &[(u8, Index, Index, String)]) -> String {
    let mut text = text.to_owned();
    for (kind, from, to, noise) in changes {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let (a, b) = (*from.get(&places), *to.get(&places));
        let (a, b) = (a.min(b), a.max(b));
        // Small pieces, so that something is left.
        let b = places.iter().copied().find(|at| *at >= b.min(a + 24)).unwrap_or(text.len()).max(a);
        match kind % 4 {
            0 => text.replace_range(a..b, ""),
            1 => text.insert_str(a, noise),
            2 => text.replace_range(a..b, noise),
            _ => {
                let piece = text[a..b].to_owned();
                text.insert_str(b, &piece);
            }
        }
    }
    text
}

/// Pieces that mean something in YAML, JSON or CEL.
fn noise() -> impl Strategy<Value = String> {
    let words = vec![
        "\n",
        "\n  ",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "|",
        ">-",
        "#",
        "\t",
        "~",
        "null",
        "${",
        "}",
        "&&",
        "||",
        "(",
        ")",
        ".all(x, ",
        "has(",
        "in",
        "==",
        "?",
        "\u{0}",
        "\u{feff}",
        "\u{1f600}",
        "0x",
        "1e999",
        "-",
        "expect",
        "when",
        "push",
        "requirements:",
        "response",
        "%",
    ];
    prop_oneof![select(words).prop_map(str::to_owned), ".{0,8}"]
}

fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        select(vec![
            "",
            "x",
            "https://a.example/",
            "urn:x:y",
            "+12065550100",
            "email",
            "iss_sub",
            "aliases",
            "complex",
            "1"
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(member(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// Names that rules look at, and others.
fn member() -> impl Strategy<Value = String> {
    let known = vec![
        "iss",
        "iat",
        "jti",
        "aud",
        "sub",
        "sub_id",
        "events",
        "exp",
        "nbf",
        "toe",
        "txn",
        "format",
        "email",
        "uri",
        "id",
        "identifiers",
        "phone_number",
        "nonce",
        "subject",
        "url",
        "typ",
        "alg",
        "crit",
        "kid",
        "jwk",
    ];
    prop_oneof![4 => select(known).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(member(), json(), 0..10).prop_map(|members| members.into_iter().collect())
}

fn checker() -> Checker {
    let keys = Jwks::parse("{\"keys\":[]}").expect("a key set");
    Checker::new(CATALOGUE.clone(), &CATALOGUE.profiles["set"], Some(keys))
}

fn base64url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// Sources that look like expressions.
fn expression() -> impl Strategy<Value = String> {
    let functions: Vec<&'static str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let words = vec![
        "claims",
        "response",
        ".iss",
        ".status",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        ",",
        " && ",
        " || ",
        "!",
        "==",
        " in ",
        "'a'",
        "\"b\"",
        "1",
        "2u",
        "1.5e9",
        "0xff",
        "-",
        "+",
        "?",
        ":",
        "has(",
        ".all(x, ",
        ".exists(x, ",
        ".map(x, ",
        "size(",
        "null",
        "true",
        "matches(",
        ".startsWith(",
        "'\\u",
        "b'",
        "r\"",
        "9223372036854775808",
        " ",
        "\n",
        "//",
        "\\",
        "%",
        ".?x",
        "x",
        "'(a+)+$'",
    ];
    let word = prop_oneof![8 => select(words), 1 => select(functions)].prop_map(str::to_owned);
    prop_oneof![4 => vec(word, 0..24).prop_map(|words| words.concat()), 1 => ".{0,60}", 1 => any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_sections(text in prop_oneof![any::<String>(), vec(noise(), 0..40).prop_map(|words| words.concat())]) {
        load_section(&text)?;
    }

    #[test]
    fn mutated_sections(
        section in any::<Index>(),
        changes in vec((any::<u8>(), any::<Index>(), any::<Index>(), noise()), 1..5),
    ) {
        load_section(&mutated(section.get::<String>(&SECTIONS), &changes))?;
    }

    #[test]
    fn arbitrary_expressions(source in expression(), claims in claims()) {
        let vocabulary = Vocabulary::of(["claims", "response", "x"]);
        match Expression::compile(&source, &vocabulary) {
            Ok(compiled) => {
                let scope = Scope::new().with("claims", claims.into()).with("response", Value::Null);
                scope.enter(|entered| {
                    compiled.test(entered);
                    let _ = compiled.value(entered);
                });
            }
            Err(fault) => prop_assert!(!fault.message.is_empty()),
        }
    }

    #[test]
    fn arbitrary_templates(text in vec(prop_oneof![noise(), expression().prop_map(|inner| format!("${{{inner}}}"))], 0..6)) {
        let vocabulary = Vocabulary::of(["claims"]);
        if let Ok(template) = Template::compile(&Value::from(text.concat()), &vocabulary) {
            let _ = Scope::new().with("claims", Value::Null).enter(|entered| template.render(entered));
        }
    }

    #[test]
    fn arbitrary_texts_as_tokens(text in prop_oneof![any::<String>(), "[A-Za-z0-9_.=-]{0,200}", "\\{.{0,60}"]) {
        checker().check("fuzz", &text);
    }

    #[test]
    fn arbitrary_claims(claims in claims(), header in claims()) {
        let (claims, header) = (Value::Object(claims).to_string(), Value::Object(header).to_string());
        let checker = checker();
        for text in [claims.clone(), format!("{}.{}.AAAA", base64url(&header), base64url(&claims))] {
            let checked = checker.check("fuzz", &text);
            prop_assert!(checked.satisfied + checked.findings.len() > 0);
        }
    }
}

#[test]
fn expressions_that_are_deep_or_long() {
    let vocabulary = Vocabulary::of(["claims"]);
    for depth in [10, 12, 32, 100, 300, 600, 1_000, 2_000, 4_000, 100_000] {
        for (open, inner, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("!", "true", ""),
            ("-", "1", ""),
            ("{1:", "1", "}"),
            ("size(", "1", ")"),
            ("", "claims", ".a"),
            ("", "claims", "[0]"),
            ("", "1", "+1"),
            ("", "true", " && true"),
            ("", "true", " ? true : true"),
            ("claims.all(x, ", "true", ")"),
        ] {
            let source = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            if let Ok(compiled) = Expression::compile(&source, &vocabulary) {
                Scope::new().with("claims", Value::Null).enter(|entered| compiled.test(entered));
            }
        }
    }
}

#[test]
fn sections_that_are_deep() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        format!(
            "a: &a [x]\nb: &b [{0}]\nc: &c [{1}]\nd: [{2}]\n",
            "*a,".repeat(50),
            "*b,".repeat(50),
            "*c,".repeat(50)
        ),
        format!("section: \"{}\"\ntitle: x\n", "x".repeat(1_000_000)),
    ] {
        load_section(&text).expect("a located fault");
    }
}

#[test]
fn tokens_that_are_deep_or_long() {
    let checker = checker();
    for text in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        format!("{{\"events\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000)),
        format!("{}.{}.", base64url("{\"alg\":\"none\"}"), base64url(&"[".repeat(100_000))),
        ".".repeat(100_000),
        format!("{{\"sub_id\":{}{{}}{}}}", "{\"format\":\"aliases\",\"identifiers\":[".repeat(100), "]}".repeat(100)),
        format!("{{\"jti\":\"{}\"}}", "x".repeat(2_000_000)),
    ] {
        checker.check("deep", &text);
    }
}
