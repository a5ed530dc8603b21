//! Settings as vendors have them. The shape is that of the suite; the values are ours.

use super::*;
use crate::cli::config;
use crate::cli::init::render::render;

fn taken(text: &str, role: Option<Role>) -> Draft {
    draft(text, role).expect("settings")
}

fn of(draft: &Draft, key: &str) -> String {
    draft.value(key).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_transmitter_with_a_token() {
    let draft = taken(
        r#"{ "alias": "mine", "description": "d",
             "ssf": { "transmitter": { "issuer": "https://tx.example/t", "metadata_suffix": "/x",
                                       "access_token": "s3cret", "push_endpoint_authorization_header": "s3cret-too" },
                      "stream": { "audience": "https://rx.example" },
                      "subjects": { "valid": { "format": "email", "email": "a@b.example" },
                                    "invalid": { "format": "opaque", "id": "x" } } } }"#,
        None,
    );
    assert_eq!(draft.role, Role::Transmitter);
    assert_eq!(of(&draft, "issuer"), "\"https://tx.example/t\"");
    assert_eq!(of(&draft, "metadata-url"), "\"https://tx.example/.well-known/ssf-configuration/t/x\"");
    assert_eq!(of(&draft, "token"), "{ env = \"SETSPEC_TOKEN\" }");
    let text = render(&draft);
    assert!(text.contains("subjects = [{ email = \"a@b.example\", format = \"email\" }]"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(config::faults(&text, draft.role), None);
    let unused = draft.notes.iter().find(|note| note.starts_with("Not used: ")).expect("a note");
    for path in ["alias", "description", "ssf.stream.audience", "ssf.subjects.invalid"] {
        assert!(unused.contains(path), "{unused}");
    }
    assert!(!draft.notes.iter().any(|note| note.contains("s3cret")));
}

#[test]
fn a_plan_says_how_a_client_authenticates() {
    let draft = taken(
        r#"{ "planName": "openid-ssf-transmitter-caep-test-plan",
             "variant": { "ssf_delivery_mode": "poll", "ssf_auth_mode": "dynamic", "client_auth_type": "client_secret_post" },
             "config": { "server": { "token_endpoint": "https://as.example/token" },
                         "client": { "client_id": "me", "client_secret": "s3cret", "scope": "ssf.read ssf.manage" },
                         "ssf": { "transmitter": { "configuration_metadata_endpoint":
                                    "https://tx.example/.well-known/ssf-configuration/t" } } } }"#,
        None,
    );
    for (key, want) in [
        ("issuer", "\"https://tx.example/t\""),
        ("metadata-url", "\"https://tx.example/.well-known/ssf-configuration/t\""),
        ("delivery", "\"poll\""),
        ("client-id", "\"me\""),
        ("client-secret", "{ env = \"SETSPEC_CLIENT_SECRET\" }"),
        ("client-auth", "\"post\""),
        ("scope", "\"ssf.read ssf.manage\""),
        ("token-endpoint", "\"https://as.example/token\""),
        ("profile", "\"caep-interop-transmitter\""),
        ("token", ""),
    ] {
        assert_eq!(of(&draft, key), want, "{key}");
    }
    assert_eq!(config::faults(&render(&draft), draft.role), None);
}

#[test]
fn receivers_visit_unless_their_endpoint_is_known() {
    let visits = taken(
        r#"{ "client": { "client_id": "rx", "client_secret": "s3cret", "scope": "a" },
             "ssf": { "stream": { "audience": "https://rx.example" } } }"#,
        None,
    );
    assert_eq!(visits.role, Role::Receiver);
    assert_eq!((of(&visits, "visiting"), of(&visits, "client-id")), ("true".to_owned(), "\"rx\"".to_owned()));
    assert!(visits.notes.iter().any(|note| note == "Not used: client.scope"), "{:?}", visits.notes);
    let pushed = taken(
        r#"{ "ssf": { "stream": { "audience": "https://rx.example" },
                      "transmitter": { "push_endpoint": "https://rx.example/events",
                                       "push_endpoint_authorization_header": "Bearer s3cret" } } }"#,
        None,
    );
    assert_eq!(of(&pushed, "url"), "\"https://rx.example/events\"");
    assert_eq!(of(&pushed, "authorization-header"), "{ env = \"SETSPEC_AUTHORIZATION_HEADER\" }");
    for draft in [visits, pushed] {
        let text = render(&draft);
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(config::faults(&text, draft.role), None);
    }
}

#[test]
fn what_is_none_of_these_is_refused() {
    for (text, why) in [
        ("s3cret", "expected JSON, got something else at 1:1"),
        ("[]", "expected a JSON object"),
        ("{}", "name the role"),
        (r#"{ "ssf": { "transmitter": { "issuer": 1 } } }"#, "ssf.transmitter.issuer: expected a text"),
    ] {
        let error = draft(text, None).expect_err(text);
        assert!(error.contains(why), "{error}");
    }
    let other = draft(r#"{ "ssf": {} }"#, Some(Role::Op)).expect_err("another role");
    assert!(other.contains("an OpenID provider"), "{other}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[{}\\[\\]\":,a-z.]{0,80}") {
        let _ = draft(&text, None);
    }
}
