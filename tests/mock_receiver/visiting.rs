//! The receiver as the target of a run in which it visits us.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use setspec::http::{Client, ClientOptions, Roots};
use setspec::peer::ssf::ClientCredentials;
use setspec::peer::ssf_receiver::SsfReceiverOptions;
use setspec::peer::tamper::Tamper;
use setspec::run::event::{Emitter, Event, Status};
use setspec::run::plan::Selection;
use setspec::run::settings::{InteropRevision, Timeouts};
use setspec::run::visiting::VisitingRun;
use setspec::run::visiting::control::{BuiltIn, Control};
use setspec::run::visiting::settings::VisitingSettings;
use setspec::suite::model::case::Method;
use setspec::suite::{Sources, load};
use tokio::sync::watch;

use crate::pair::{AUDIENCE, KEY, SECRET, TOKEN, key};

/// Goes through the whole profile, which must not find anything; gives the lines of the preflight.
async fn judged(delivery: Method, client: bool) -> Vec<(String, bool, String)> {
    setspec::install_crypto();
    let client_of_receiver = Client::new(ClientOptions::default()).unwrap();
    let mut options = SsfReceiverOptions::new("", client_of_receiver);
    options.push.authorization = Some("Basic of-the-push-endpoint".into());
    options.prefers_client = client;
    let receiver = BuiltIn::new(options, Tamper::default()).unwrap();
    let run = VisitingRun::prepare(VisitingSettings {
        catalogue: Arc::new(load(&Sources::embedded()).unwrap()),
        profile: "ssf-receiver".to_owned(),
        interop: InteropRevision::default(),
        languages: Vec::new(),
        oddities: Vec::new(),
        tls: None,
        delivery,
        token: TOKEN.into(),
        client: client.then(|| ClientCredentials { id: "client".to_owned(), secret: SECRET.into(), keys: None }),
        audience: AUDIENCE.to_owned(),
        key: KEY.clone(),
        other_key: Arc::new(key("other")),
        listen: ([127, 0, 0, 1], 0).into(),
        public_url: None,
        roots: Roots::System,
        insecure: false,
        deployed: false,
        control: Control::Local(Arc::new(receiver)),
        wait: Duration::from_secs(20),
        timeouts: Timeouts::default(),
        long_poll: Duration::from_secs(2),
        strict: false,
        selection: Selection::default(),
        command: "setspec run receiver".to_owned(),
    })
    .await
    .unwrap();
    let lines: Arc<Mutex<Vec<_>>> = Arc::default();
    let seen = lines.clone();
    let emitter = Emitter::new(move |event| {
        if let Event::Preflight(line) = event {
            seen.lock().unwrap().push((line.name, line.ok, line.message));
        }
    });
    let (_stop, stopped) = watch::channel(false);
    let finished = run.run(&emitter, stopped).await;
    let broken = finished.requirements.iter().filter(|one| matches!(one.status, Status::Violated | Status::Warned));
    let broken: Vec<&str> = broken.map(|one| one.id.as_str()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    assert!(finished.internal_errors.is_empty(), "{:?}", finished.internal_errors);
    lines.lock().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_by_either_method_and_with_either_credential() {
    for (delivery, client) in [(Method::Poll, false), (Method::Push, true)] {
        let lines = judged(delivery, client).await;
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|(_, ok, _)| *ok), "{lines:?}");
        assert_eq!(lines[1].2, format!("accepted by {}", delivery.name()));
    }
}
