//! JUnit as its readers take it: the elements and attributes of the schema by which the xUnit plugin of Jenkins validates
//! (junit-10.xsd), the characters of XML 1.0, and what GitLab and the reporters of GitHub rely on.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// One testcase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Testcase {
    pub name: String,
    pub classname: String,
    /// The child element that says how it ended, and its message; a testcase without one has passed.
    pub outcome: Option<(String, String)>,
    /// All of its text.
    pub text: String,
}

/// Elements: name, the elements it stands in, attributes that are required and those that may be there.
const SCHEMA: [(&str, &str, &str, &str); 10] = [
    ("testsuites", "", "", "name time tests failures errors"),
    (
        "testsuite",
        "testsuites",
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url",
    ),
    ("properties", "testsuite", "", ""),
    ("property", "properties", "name value", ""),
    // The schema does with less; Jenkins makes packages of the class names, and some reporters compute with the time.
    ("testcase", "testsuite", "name classname time", "group"),
    ("failure", "testcase", "message type", ""),
    ("error", "testcase", "message type", ""),
    ("skipped", "testcase", "message", "type"),
    ("system-out", "testcase testsuite", "", ""),
    ("system-err", "testcase testsuite", "", ""),
];

/// The longest attribute and the longest text of a testcase, in bytes.
const ATTRIBUTE: usize = 4 * 1024;
const TEXT: usize = 128 * 1024;

/// Everything that was run, in order.
///
/// # Panics
/// With the fault, if some reader could not take the file.
#[track_caller]
pub fn testcases(xml: &str) -> Vec<Testcase> {
    let allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert_eq!(xml.chars().find(|c| !allowed(*c)), None, "XML 1.0 forbids it");
    let mut cases: Vec<Testcase> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    // What each open suite says that it holds, and what it does hold.
    let mut said: Vec<[usize; 4]> = Vec::new();
    let mut held = [0; 4];
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("expected XML, got {error}: {xml}")) {
            Event::Decl(_) => {}
            Event::Start(tag) => {
                let name = enter(&tag, &open, &mut cases, &mut said, &mut held);
                open.push(name);
            }
            Event::Empty(tag) => {
                let name = enter(&tag, &open, &mut cases, &mut said, &mut held);
                leave(&name, &mut said, &mut held);
            }
            Event::End(_) => leave(&open.pop().expect("an open element"), &mut said, &mut held),
            Event::Text(text) => {
                let text = text.decode().expect("UTF-8");
                let within = open.iter().any(|name| name == "testcase");
                assert!(within || text.trim().is_empty(), "text outside of testcases: {text:?}");
                add(&mut cases, within, &text);
            }
            Event::GeneralRef(reference) => {
                let known = ["lt", "gt", "amp", "quot", "apos"].contains(&&*reference.decode().expect("UTF-8"));
                let character = reference.resolve_char_ref().expect("a character");
                assert!(known || character.is_some_and(allowed), "{reference:?}");
                add(&mut cases, true, "&");
            }
            Event::Eof => break,
            other => panic!("nothing of this kind is written: {other:?}"),
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "names are unique");
    cases
}

fn add(cases: &mut [Testcase], within: bool, text: &str) {
    if let Some(case) = cases.last_mut().filter(|_| within) {
        case.text.push_str(text);
        assert!(case.text.len() <= TEXT, "{} has a text without end", case.name);
    }
}

fn enter(
    tag: &BytesStart<'_>,
    open: &[String],
    cases: &mut Vec<Testcase>,
    said: &mut Vec<[usize; 4]>,
    held: &mut [usize; 4],
) -> String {
    let name = String::from_utf8(tag.name().as_ref().to_vec()).expect("UTF-8");
    let (_, parents, required, optional) =
        SCHEMA.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("there is no element {name}"));
    let parent = open.last().map_or("", String::as_str);
    assert!(parents.split(' ').any(|known| known == parent), "{name} in {parent:?}");
    let attributes: Vec<(String, String)> = tag
        .attributes()
        .map(|attribute| {
            let attribute = attribute.expect("an attribute");
            let value = attribute.normalized_value(quick_xml::XmlVersion::Explicit1_0).expect("a value").into_owned();
            assert!(value.len() <= ATTRIBUTE, "{name}: an attribute of {} bytes", value.len());
            (String::from_utf8(attribute.key.as_ref().to_vec()).expect("UTF-8"), value)
        })
        .collect();
    let get = |wanted: &str| attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone());
    for wanted in required.split(' ').filter(|wanted| !wanted.is_empty()) {
        assert!(get(wanted).is_some(), "{name} without {wanted}");
    }
    for (key, value) in &attributes {
        assert!(required.split(' ').chain(optional.split(' ')).any(|known| known == key), "{name} with {key}");
        if key == "time" {
            let plain = value.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
            assert!(plain && value.split('.').count() <= 2, "time {value}");
        }
    }
    let number = |key: &str| get(key).map_or(0, |value| value.parse().expect("a number"));
    match name.as_str() {
        "testsuite" => {
            said.push([number("tests"), number("failures"), number("errors"), number("skipped")]);
            *held = [0; 4];
        }
        "testcase" => {
            held[0] += 1;
            let classname = get("classname").expect("a class name");
            let package = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            assert!(classname.split('.').count() > 1 && classname.split('.').all(package), "{classname}");
            cases.push(Testcase { name: get("name").expect("a name"), classname, ..Testcase::default() });
        }
        "failure" | "error" | "skipped" => {
            held[["failure", "error", "skipped"].iter().position(|kind| *kind == name).expect("one of them") + 1] += 1;
            let case = cases.last_mut().expect("a testcase");
            assert_eq!(case.outcome, None, "{} ends once", case.name);
            case.outcome = Some((name.clone(), get("message").expect("a message")));
        }
        _ => {}
    }
    name
}

fn leave(name: &str, said: &mut Vec<[usize; 4]>, held: &mut [usize; 4]) {
    if name == "testsuite" {
        assert_eq!(said.pop(), Some(*held), "tests, failures, errors and skipped of a suite");
    }
}
