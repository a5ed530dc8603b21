//! The forms of a page, as far as they matter where no script runs (HTML, section 4.10).

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};

/// How many forms of a page are looked at, and how many controls of all of them.
const MOST_FORMS: usize = 32;
const MOST_CONTROLS: usize = 1000;

/// How much of a text that a page wrote is told.
const LONGEST_TOLD: usize = 40;

/// A form of a page.
#[derive(Debug, Default)]
pub(super) struct Form {
    pub id: String,
    pub name: String,
    /// Where it is sent to, as written; empty for the page itself.
    pub action: String,
    /// In lower case.
    pub method: String,
    /// In lower case.
    pub enctype: String,
    pub controls: Vec<Control>,
}

/// A control of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Control {
    pub kind: Kind,
    pub id: String,
    pub name: String,
    pub value: String,
    /// Whether a box is checked.
    pub checked: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, hidden or not; also a selection.
    #[default]
    Text,
    /// A checkbox or a radio button.
    Box,
    /// A button that submits the form.
    Submit,
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    forms: Vec<Form>,
    /// The form that is open.
    current: Option<usize>,
    /// Controls with the identifier of a form that they are outside of.
    strays: Vec<(String, Control)>,
    controls: usize,
    /// The text that is open: a text area and what stands in it.
    area: Option<(Option<String>, Control)>,
    /// The selection that is open, and whether an option was chosen.
    selection: Option<(Option<String>, Control, bool)>,
}

/// The forms of a page, in its order.
pub(super) fn forms(page: &str) -> Vec<Form> {
    let mut emitter = DefaultEmitter::new_with_span();
    emitter.naively_switch_states(true);
    let mut reading = Reading::default();
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(token): Result<Token, _> = token;
        match token {
            Token::StartTag(tag) => {
                let attributes: BTreeMap<String, String> =
                    tag.attributes.iter().map(|(name, value)| (text(name), text(&value.value))).collect();
                reading.start(&text(&tag.name), &attributes);
            }
            Token::EndTag(tag) => reading.end(&text(&tag.name)),
            Token::String(written) => {
                if let Some((_, area)) = &mut reading.area {
                    area.value.push_str(&text(&written.value));
                }
            }
            _ => {}
        }
    }
    reading.finish()
}

fn text(bytes: &HtmlString) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Reading {
    fn start(&mut self, tag: &str, attributes: &BTreeMap<String, String>) {
        let get = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let owner = attributes.get("form").cloned();
        let disabled = attributes.contains_key("disabled");
        match tag {
            // A form within a form is passed over.
            "form" if self.current.is_none() && self.forms.len() < MOST_FORMS => {
                self.forms.push(Form {
                    id: get("id"),
                    name: get("name"),
                    action: get("action").trim().to_owned(),
                    method: get("method").to_ascii_lowercase(),
                    enctype: get("enctype").to_ascii_lowercase(),
                    controls: Vec::new(),
                });
                self.current = Some(self.forms.len() - 1);
            }
            "input" if !disabled => {
                let kind = match get("type").to_ascii_lowercase().as_str() {
                    "checkbox" | "radio" => Kind::Box,
                    "submit" | "image" => Kind::Submit,
                    "button" | "reset" | "file" => return,
                    _ => Kind::Text,
                };
                let value = match attributes.get("value") {
                    None if kind == Kind::Box => "on".to_owned(),
                    value => value.cloned().unwrap_or_default(),
                };
                let checked = attributes.contains_key("checked");
                self.add(owner, Control { kind, id: get("id"), name: get("name"), value, checked });
            }
            "button" if !disabled && matches!(get("type").to_ascii_lowercase().as_str(), "" | "submit") => {
                let (id, name, value) = (get("id"), get("name"), get("value"));
                self.add(owner, Control { kind: Kind::Submit, id, name, value, checked: false });
            }
            "textarea" if !disabled => {
                self.area = Some((owner, Control { id: get("id"), name: get("name"), ..Control::default() }));
            }
            "select" if !disabled => {
                self.selection =
                    Some((owner, Control { id: get("id"), name: get("name"), ..Control::default() }, false));
            }
            "option" => {
                if let Some((_, control, chosen)) = &mut self.selection {
                    // Unless one is chosen it is the first.
                    if attributes.contains_key("selected") || (!*chosen && control.value.is_empty()) {
                        control.value = get("value");
                        *chosen |= attributes.contains_key("selected");
                    }
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: &str) {
        match tag {
            "form" => self.current = None,
            "textarea" => {
                if let Some((owner, area)) = self.area.take() {
                    self.add(owner, area);
                }
            }
            "select" => {
                if let Some((owner, control, _)) = self.selection.take() {
                    self.add(owner, control);
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, owner: Option<String>, control: Control) {
        self.controls += 1;
        if self.controls > MOST_CONTROLS {
            return;
        }
        match (owner, self.current) {
            (Some(id), _) => self.strays.push((id, control)),
            (None, Some(current)) => self.forms[current].controls.push(control),
            (None, None) => {}
        }
    }

    fn finish(mut self) -> Vec<Form> {
        for (id, control) in self.strays {
            if let Some(form) = self.forms.iter_mut().find(|form| form.id == id) {
                form.controls.push(control);
            }
        }
        self.forms
    }
}

impl Form {
    /// What people have to fill in or press, in words: the names of its fields and buttons.
    pub fn told(&self) -> String {
        let named = |kind: Kind| {
            let controls = self.controls.iter().filter(|control| control.kind == kind && !control.name.is_empty());
            let names = controls.take(8).map(|control| match kind {
                Kind::Submit => format!("{}={}", told(&control.name), told(&control.value)),
                _ => told(&control.name),
            });
            names.collect::<Vec<_>>().join(", ")
        };
        let parts = [("fields", named(Kind::Text)), ("boxes", named(Kind::Box)), ("buttons", named(Kind::Submit))];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what} {names}"))
            .collect();
        if parts.is_empty() { "a form".to_owned() } else { format!("a form ({})", parts.join("; ")) }
    }
}

/// A text of a page, short and in one line.
fn told(text: &str) -> String {
    let short: String = text.chars().take(LONGEST_TOLD).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > LONGEST_TOLD { format!("{short}\u{2026}") } else { short }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_stand_in_the_form_that_owns_them() {
        let page = r#"<!doctype html><script>"<form id=no>"</script><input name=outside>
            <form id="login" action=" /here?x=1&amp;y=2 " method=POST>
              <input type=hidden name=csrf value="a&quot;b"><input name=user><INPUT TYPE=password name=password>
              <input type=checkbox name=remember><input type=radio name=way value=b checked><input type=file name=f>
              <textarea name=note>  <b>x</b></textarea>
              <select name=lang><option value=de>D<option value=en selected>E</select>
              <button type=button name=help>?</button><input disabled name=gone>
            </form>
            <button form=login name=go value=yes>Go</button>"#;
        let forms = forms(page);
        assert_eq!(forms.len(), 1);
        let form = &forms[0];
        assert_eq!((form.action.as_str(), form.method.as_str()), ("/here?x=1&y=2", "post"));
        let shown: Vec<String> = form.controls.iter().map(|one| format!("{}={}", one.name, one.value)).collect();
        let expected =
            ["csrf=a\"b", "user=", "password=", "remember=on", "way=b", "note=  <b>x</b>", "lang=en", "go=yes"];
        assert_eq!(shown, expected);
        assert_eq!(
            form.told(),
            "a form (fields csrf, user, password, note, lang; boxes remember, way; buttons go=yes)"
        );
    }

    #[test]
    fn a_page_of_forms_alone_is_bounded() {
        let page = "<form><input name=a></form>".repeat(5_000) + &"<form>".repeat(5_000);
        assert_eq!(forms(&page).len(), MOST_FORMS);
        let page = format!("<form>{}", "<input name=a>".repeat(50_000));
        assert_eq!(forms(&page)[0].controls.len(), MOST_CONTROLS);
        assert!(told(&"\u{1b}[31m".repeat(100)).chars().all(|c| !c.is_control()));
    }

    proptest! {
        #[test]
        fn any_page_is_read(page in "(<(form|input|/form|select|option|textarea|button|script)( [a-z]{1,6}=\"?[^\"]{0,6}\"?)*>?|[^<]{0,5}){0,30}") {
            forms(&page).iter().for_each(|form| {
                form.told();
            });
        }
    }
}
