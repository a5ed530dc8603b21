//! How a form is filled in and submitted (HTML, section 4.10.21).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use url::form_urlencoded::Serializer;

use super::html::{Control, Form, Kind};

/// The media type of forms.
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// What is done on a page on the way: the form that it fits is filled in and submitted.
#[derive(Debug, Clone, Default)]
pub struct FormStep {
    /// A part of the URL of the page; any page unless given.
    pub page: Option<String>,
    /// The `id` or `name` of the form; the first one that has the fields and the button unless given.
    pub form: Option<String>,
    /// Names and values of the fields that are filled in.
    pub fields: Vec<(String, FieldValue)>,
    /// The button that is pressed, by its `id`, `name` or `value`; the first one unless given.
    pub button: Option<String>,
}

/// The value of a field.
#[derive(Clone)]
pub enum FieldValue {
    /// One that may be shown.
    Plain(String),
    /// One that must not leave.
    Secret(SecretString),
}

impl FieldValue {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldValue")
    }
}

/// A form that has been filled in.
#[derive(Debug, Clone)]
pub(super) struct Submission {
    pub method: &'static str,
    pub url: Url,
    /// The form data of a POST.
    pub body: String,
}

impl FormStep {
    /// The values that must not leave.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.fields.iter().filter_map(|(_, value)| match value {
            FieldValue::Secret(secret) => Some(secret),
            FieldValue::Plain(_) => None,
        })
    }

    /// What is sent from this page by its first form that the step fits; `None` if it fits none.
    ///
    /// # Errors
    /// In words, if the form cannot be sent by this browser.
    pub(super) fn fill(&self, page: &Url, forms: &[Form]) -> Option<Result<Submission, String>> {
        if self.page.as_ref().is_some_and(|part| !page.as_str().contains(part.as_str())) {
            return None;
        }
        let form = forms.iter().find(|form| self.fits(form))?;
        Some(self.submission(page, form))
    }

    fn fits(&self, form: &Form) -> bool {
        let called = self.form.as_ref().is_none_or(|name| form.id == *name || form.name == *name);
        let has = |name: &String| form.controls.iter().any(|one| one.kind != Kind::Submit && one.name == *name);
        called
            && self.fields.iter().all(|(name, _)| has(name))
            && (self.button.is_none() || self.pressed(form).is_some())
    }

    /// The button that submits the form.
    fn pressed<'a>(&self, form: &'a Form) -> Option<&'a Control> {
        let mut buttons = form.controls.iter().filter(|control| control.kind == Kind::Submit);
        match &self.button {
            Some(wanted) => buttons.find(|button| [&button.id, &button.name, &button.value].contains(&wanted)),
            None => buttons.next(),
        }
    }

    fn submission(&self, page: &Url, form: &Form) -> Result<Submission, String> {
        let mut url = page.join(&form.action).map_err(|error| format!("a form whose action is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("a form whose action is no web address".to_owned());
        }
        if !matches!(form.enctype.as_str(), "" | URLENCODED) && form.method == "post" {
            return Err("a form that is not urlencoded".to_owned());
        }
        let data = self.data(form);
        url.set_fragment(None);
        match form.method.as_str() {
            "post" => Ok(Submission { method: "POST", url, body: data }),
            "" | "get" => {
                url.set_query(Some(&data));
                Ok(Submission { method: "GET", url, body: String::new() })
            }
            _ => Err("a form of another method than get and post".to_owned()),
        }
    }

    /// The form data set: what is in the form, with the values of the step.
    fn data(&self, form: &Form) -> String {
        let pressed = self.pressed(form);
        let given = |name: &str| self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.text());
        let mut data = Serializer::new(String::new());
        for control in form.controls.iter().filter(|control| !control.name.is_empty()) {
            let value = match (control.kind, given(&control.name)) {
                (Kind::Text, Some(value)) => Some(value),
                (Kind::Text, None) => Some(control.value.as_str()),
                (Kind::Box, Some(value)) => (control.value == value).then_some(value),
                (Kind::Box, None) => control.checked.then_some(control.value.as_str()),
                (Kind::Submit, _) => {
                    pressed.is_some_and(|pressed| std::ptr::eq(pressed, control)).then_some(control.value.as_str())
                }
            };
            if let Some(value) = value {
                data.append_pair(&control.name, value);
            }
        }
        data.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::html::forms;
    use super::*;

    const PAGE: &str = r#"<form action=/search><input name=q></form>
        <form id=login method=post action="/login?step=1#x"><input type=hidden name=csrf value=t0k>
        <input name=user><input type=password name=password><input type=checkbox name=keep value=1>
        <button name=do value=cancel>No</button><button name=do value=login>Yes</button></form>"#;

    fn step(fields: &[(&str, &str)], button: Option<&str>) -> FormStep {
        let fields =
            fields.iter().map(|(name, value)| ((*name).to_owned(), FieldValue::Plain((*value).to_owned()))).collect();
        FormStep { fields, button: button.map(str::to_owned), ..FormStep::default() }
    }

    fn fill(step: &FormStep) -> Option<Submission> {
        let page = Url::parse("https://op.example/start").expect("a URL");
        step.fill(&page, &forms(PAGE)).map(|sent| sent.expect("a form that can be sent"))
    }

    #[test]
    fn the_form_that_has_the_fields_is_the_one_that_is_meant() {
        let sent =
            fill(&step(&[("user", "al ice"), ("password", "p&w"), ("keep", "1")], Some("login"))).expect("a form");
        assert_eq!(sent.url.as_str(), "https://op.example/login?step=1");
        assert_eq!(sent.body, "csrf=t0k&user=al+ice&password=p%26w&keep=1&do=login");
        let usual = fill(&step(&[("user", "a")], None)).expect("a form");
        assert_eq!(usual.body, "csrf=t0k&user=a&password=&do=cancel");
        assert_eq!(fill(&step(&[("q", "x y")], None)).expect("a form").url.as_str(), "https://op.example/search?q=x+y");
        assert!(fill(&step(&[("user", "a"), ("otp", "1")], None)).is_none());
        assert!(fill(&step(&[], Some("nowhere"))).is_none());
    }

    #[test]
    fn a_step_for_another_page_is_left_alone() {
        let mut step = step(&[("q", "x")], None);
        step.page = Some("/start".to_owned());
        assert!(fill(&step).is_some());
        step.page = Some("/elsewhere".to_owned());
        assert!(fill(&step).is_none());
    }

    #[test]
    fn forms_that_lead_nowhere_are_refused() {
        let page = Url::parse("https://op.example/").expect("a URL");
        for form in [
            "<form action='javascript:alert(1)'>",
            "<form action='mailto:a@b.example'>",
            "<form action='http://['>",
            "<form method=dialog>",
            "<form method=post enctype='multipart/form-data'>",
        ] {
            let sent = step(&[], None).fill(&page, &forms(form)).expect("a form that fits");
            assert!(sent.is_err(), "{form}: {sent:?}");
        }
    }
}
