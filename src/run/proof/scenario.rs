//! The peers of the proof, and runs against them.

use std::net::Ipv4Addr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use super::{desk, logout, scim, ssf, visiting};
use crate::http::{Authority, Recorder, Roots};
use crate::peer::receiver::{Receiver, ReceiverOptions};
use crate::peer::tamper::Tamper;
use crate::run::event::{Emitter, Finished};
use crate::run::observe::{ObserveSettings, observe};
use crate::run::plan::Selection;
use crate::run::receiver::ReceiverRun;
use crate::run::settings::{ReceiverSettings, Timeouts};
use crate::set::{Alg, Jwks, JwksSource, SigningKey};
use crate::suite::Catalogue;
use crate::suite::catalogue::Deviation;
use crate::suite::model::deviation::Stage;
use crate::suite::model::profile::Role;
use crate::suite::model::section::Party;

/// The audience of the receivers of the proof.
const AUDIENCE: &str = "https://receiver.example.com";

/// The credential of the receivers of the proof.
const CREDENTIAL: &str = "Bearer proof-credential";

/// Which optional features a peer of the proof has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combination {
    /// What the peer is: a receiver or a transmitter.
    pub role: Role,
    /// Whether the receiving side is reached over https.
    pub tls: bool,
    /// Whether a receiver asks for an Authorization header.
    pub authorization: bool,
    /// English alone, or German too.
    pub two_languages: bool,
    /// The algorithm by which SETs are signed.
    pub alg: Alg,
    /// Whether a plain http peer on loopback is judged like a deployed one.
    pub deployed: bool,
    /// Whether ID Tokens for a relying party are encrypted.
    pub encrypted: bool,
    /// A Shared Signals transmitter or receiver, and what it is like otherwise than usual; see `setspec list toggles`.
    pub shared_signals: Option<Vec<String>>,
    /// A SCIM service provider, and what it or its transmitter is like otherwise than usual.
    pub scim: Option<Vec<String>>,
    /// Whether the run against a Shared Signals transmitter gets its tokens by OAuth client credentials.
    pub by_client: bool,
    /// The profile that a Shared Signals peer is judged by, if not the plain one of its role.
    pub profile: Option<&'static str>,
}

/// The profile of a Shared Signals peer by the suite that its deviation stands in, if not the plain one of its role.
const PROFILES: [(&str, Role, &str); 4] = [
    ("caep-interop/", Role::Transmitter, "caep-interop-transmitter"),
    ("caep-interop/", Role::Receiver, "caep-interop-receiver"),
    ("risc/", Role::Transmitter, "risc-transmitter"),
    ("risc/", Role::Receiver, "risc-receiver"),
];

/// What a Shared Signals transmitter may offer or leave out: each alone, and every pair of the larger choices.
const OFFERS: &[&[&str]] = &[
    &[],
    &["push-only"],
    &["poll-only"],
    &["one-stream"],
    &["no-subjects"],
    &["no-status"],
    &["no-verification"],
    &["default-subjects-none"],
    &["default-subjects-absent"],
    &["min-verification-interval"],
    &["inactivity-timeout"],
    &["issuer-path"],
    &["critical-members"],
    &["several-audiences"],
    &["push-only", "one-stream", "default-subjects-none", "no-status"],
    &["push-only", "no-subjects", "no-verification"],
    &["push-only", "default-subjects-absent", "no-status", "no-verification"],
    &["poll-only", "one-stream", "no-subjects", "no-status", "no-verification"],
    &["poll-only", "one-stream", "default-subjects-absent"],
    &["poll-only", "default-subjects-none", "no-verification"],
    &["one-stream", "default-subjects-none", "min-verification-interval", "several-audiences"],
];

/// What a Shared Signals receiver may be like.
const VISITORS: &[&[&str]] = &[
    &[],
    &["push"],
    &["push", "no-authorization"],
    &["push", "no-verification", "client-credentials"],
    &["client-credentials"],
    &["short-polling"],
    &["acknowledges-apart"],
    &["one-at-a-time"],
    &["errors-apart"],
    &["adopts"],
    &["no-verification"],
    &["quiet-visitor"],
    &["short-polling", "one-at-a-time", "errors-apart"],
    &["acknowledges-apart", "adopts", "client-credentials"],
];

/// What a SCIM service provider may be like.
const PROVIDERS: &[&[&str]] = &[
    &[],
    &["push-only", "no-verification"],
    &["poll-only", "one-stream", "default-subjects-none"],
    &["standing-push"],
    &["async-none", "notices"],
    &["async-long"],
    &["async-long", "slow"],
    &["slow", "set-location"],
    &["set-location", "relative-location"],
    &["relative-location"],
    &["no-bulk"],
    &["no-security-events"],
    &["no-security-events", "standing-push"],
];

impl Combination {
    pub(super) fn of(role: Role) -> Self {
        Self {
            role,
            tls: false,
            authorization: false,
            two_languages: false,
            alg: Alg::Es256,
            deployed: false,
            encrypted: false,
            shared_signals: None,
            scim: None,
            by_client: false,
            profile: None,
        }
    }

    /// A Shared Signals transmitter with these toggles.
    pub(super) fn offering<'a>(toggles: impl IntoIterator<Item = &'a str>) -> Self {
        Self::sharing(Role::Transmitter, toggles)
    }

    /// A Shared Signals receiver with these toggles.
    pub(super) fn visiting<'a>(toggles: impl IntoIterator<Item = &'a str>) -> Self {
        Self::sharing(Role::Receiver, toggles)
    }

    /// A SCIM service provider with these toggles.
    pub(super) fn scim<'a>(toggles: impl IntoIterator<Item = &'a str>) -> Self {
        let toggles = toggles.into_iter().map(str::to_owned).collect();
        Self { scim: Some(toggles), ..Self::of(Role::Transmitter) }
    }

    fn sharing<'a>(role: Role, toggles: impl IntoIterator<Item = &'a str>) -> Self {
        let toggles = toggles.into_iter().map(str::to_owned).collect();
        Self { shared_signals: Some(toggles), ..Self::of(role) }
    }

    /// The same peer judged by another profile, with the algorithm that the CAEP Interoperability Profile wants.
    fn judged_by(self, profile: &'static str) -> Self {
        let alg = if profile.starts_with("caep-interop") { Alg::Rs256 } else { self.alg };
        Self { profile: Some(profile), alg, ..self }
    }

    /// Every combination that the reference has to pass.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (tls, authorization, two_languages) in [
            (false, false, false),
            (false, true, false),
            (false, false, true),
            (false, true, true),
            (true, false, false),
            (true, true, false),
            (true, false, true),
            (true, true, true),
        ] {
            all.push(Self { tls, authorization, two_languages, ..Self::of(Role::Receiver) });
        }
        for alg in Alg::ALL.into_iter().filter(|alg| *alg != Alg::Es256) {
            all.push(Self { alg, ..Self::of(Role::Receiver) });
        }
        for tls in [false, true] {
            all.push(Self { tls, ..Self::of(Role::Transmitter) });
        }
        all.extend(OFFERS.iter().map(|toggles| Self::offering(toggles.iter().copied())));
        all.push(Self { tls: true, ..Self::offering([]) });
        for alg in Alg::ALL.into_iter().filter(|alg| !matches!(alg, Alg::Es256 | Alg::Hs256)) {
            all.push(Self { alg, ..Self::offering([]) });
        }
        for profile in ["caep-interop-transmitter", "caep-transmitter", "risc-transmitter"] {
            all.push(Self::offering([]).judged_by(profile));
        }
        all.push(Self::offering(["no-resource-metadata"]).judged_by("caep-interop-transmitter"));
        all.push(Self { by_client: true, ..Self::offering([]).judged_by("caep-interop-transmitter") });
        for profile in ["caep-interop-receiver", "risc-receiver"] {
            all.push(Self::visiting([]).judged_by(profile));
            all.push(Self::visiting(["push"]).judged_by(profile));
        }
        all.push(Self::visiting(["client-credentials"]).judged_by("caep-interop-receiver"));
        all.push(Self { tls: true, ..Self::visiting([]).judged_by("caep-interop-receiver") });
        all.push(Self::of(Role::Token));
        all.extend(VISITORS.iter().map(|toggles| Self::visiting(toggles.iter().copied())));
        all.push(Self { tls: true, ..Self::visiting([]) });
        all.push(Self { tls: true, ..Self::visiting(["push"]) });
        all.push(Self { alg: Alg::Rs256, ..Self::visiting([]) });
        for tls in [false, true] {
            all.push(Self { tls, ..Self::of(Role::Rp) });
        }
        all.push(Self { alg: Alg::Rs256, ..Self::of(Role::Rp) });
        all.push(Self { encrypted: true, ..Self::of(Role::Rp) });
        all.extend(PROVIDERS.iter().map(|toggles| Self::scim(toggles.iter().copied())));
        all.push(Self::of(Role::Op));
        all.push(Self { alg: Alg::Rs256, ..Self::of(Role::Op) });
        all
    }

    /// The peer with every feature.
    pub fn fullest(role: Role) -> Self {
        Self { tls: true, authorization: true, two_languages: true, ..Self::of(role) }
    }

    /// A peer that has what the deviation needs to show. TLS is left out where it plays no part: it costs time.
    pub fn for_deviation(catalogue: &Catalogue, deviation: &Deviation) -> Self {
        let needs_tls = |index: usize| {
            let named = |needs: &[String]| {
                needs
                    .iter()
                    .any(|need| matches!(need.as_str(), "tls" | "listener-tls" | "transmitter-tls" | "deployed"))
            };
            named(&catalogue.requirements[index].needs)
                || catalogue.cases.iter().any(|case| named(&case.needs) && case.requirements().any(|r| r == index))
        };
        let anonymous = deviation
            .breaks
            .is_some_and(|index| catalogue.requirements[index].needs.iter().any(|need| need == "anonymous"));
        let plain = deviation.tls.as_ref().is_some_and(|tls| tls.plain);
        // Of what is said of events, some takes a peer that acts it out.
        let party = deviation.breaks.map(|index| catalogue.requirements[index].party);
        let acts = deviation.behave.is_some()
            || !deviation.given.is_empty()
            || matches!(party, Some(Party::Transmitter | Party::Receiver));
        if deviation.is_of_shared_signals() || (deviation.is_of_events() && acts) {
            let tls = deviation.breaks.is_some_and(needs_tls);
            let by_client = deviation
                .breaks
                .is_some_and(|index| catalogue.requirements[index].needs.iter().any(|need| need == "oauth-client"));
            let peer =
                Self { tls, by_client, ..Self::sharing(deviation.role, deviation.given.iter().map(String::as_str)) };
            let profile = PROFILES.iter().find(|(of, role, _)| deviation.id.starts_with(of) && *role == peer.role);
            return match profile {
                Some((.., profile)) => peer.judged_by(profile),
                None => peer,
            };
        }
        if deviation.is_of_scim() {
            return Self::scim([]);
        }
        // What is said of events alone needs no peer.
        if deviation.is_of_events() {
            return Self::of(Role::Token);
        }
        if matches!(deviation.role, Role::Op | Role::Rp) {
            let needs = deviation.breaks.map(|index| &catalogue.requirements[index].needs);
            let encrypted = needs.is_some_and(|needs| needs.iter().any(|need| need == "encrypted"));
            // Who says nothing of algorithms in a legal way goes by the default one.
            let unannounced = deviation.breaks.is_none() && deviation.on == Some(Stage::Metadata);
            let alg = if unannounced { Alg::Rs256 } else { Alg::Es256 };
            return Self { deployed: plain, encrypted, alg, ..Self::of(deviation.role) };
        }
        Self {
            tls: !plain && (deviation.tls.is_some() || deviation.breaks.is_some_and(needs_tls)),
            deployed: plain,
            authorization: !anonymous,
            ..Self::fullest(deviation.role)
        }
    }

    /// The recommendations that it does not follow, by the toggles that leave something out.
    pub fn shortcomings(&self) -> Vec<&'static str> {
        let of = |toggle: &str| match toggle {
            "no-status" => Some("ssf/8/status-endpoint"),
            "no-verification" => Some("ssf/8/verification-endpoint"),
            _ => None,
        };
        self.shared_signals.iter().flatten().filter_map(|toggle| of(toggle)).collect()
    }

    /// The last part of the name of its trial: `receiver-https-authorization-es256`.
    pub fn name(&self) -> String {
        let family = match (&self.shared_signals, &self.scim) {
            (Some(_), _) => "ssf-",
            (_, Some(_)) => "scim-",
            _ => "",
        };
        let mut parts =
            vec![format!("{family}{}", self.role.name()), if self.tls { "https" } else { "http" }.to_owned()];
        if self.encrypted {
            parts.push("encrypted".to_owned());
        }
        if self.authorization {
            parts.push("authorization".to_owned());
        }
        if self.two_languages {
            parts.push("two-languages".to_owned());
        }
        parts.push(self.alg.to_string().to_lowercase());
        if self.by_client {
            parts.push("oauth-client".to_owned());
        }
        parts.extend(self.profile.map(str::to_owned));
        parts.extend(self.shared_signals.iter().chain(&self.scim).flatten().cloned());
        parts.join("-")
    }
}

/// What all trials share: the catalogue, and keys that are costly to make.
pub struct Lab {
    /// The suites that are proved.
    pub catalogue: Arc<Catalogue>,
    keys: [OnceLock<(Arc<SigningKey>, Arc<SigningKey>)>; Alg::ALL.len()],
}

impl Lab {
    /// A lab without keys: each pair is made when an algorithm is first used.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, keys: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// The trusted key of an algorithm, and an attacker's.
    pub(super) fn keys(&self, alg: Alg) -> Result<(Arc<SigningKey>, Arc<SigningKey>), String> {
        let place = Alg::ALL.iter().position(|known| *known == alg).ok_or("an unknown algorithm")?;
        if let Some(keys) = self.keys[place].get() {
            return Ok(keys.clone());
        }
        let make = |kid: &str| SigningKey::generate(alg, kid).map(Arc::new).map_err(|error| error.to_string());
        let keys = (make("good")?, make("other")?);
        Ok(self.keys[place].get_or_init(|| keys).clone())
    }

    /// Short waits: on loopback nothing takes long.
    pub(super) fn timeouts() -> Timeouts {
        Timeouts {
            response: Duration::from_secs(10),
            prompt: Duration::from_secs(4),
            delivery: Duration::from_secs(5),
            quiet: Duration::from_millis(600),
        }
    }

    /// Runs the profile of the role against a built-in peer with these features and deviations.
    pub async fn run(&self, combination: &Combination, deviations: &[&Deviation]) -> Result<Finished, String> {
        if let Some(toggles) = &combination.shared_signals {
            let toggles: Vec<&str> = toggles.iter().map(String::as_str).collect();
            return match combination.role {
                Role::Transmitter => ssf::run(self, combination, &toggles, deviations).await,
                _ => visiting::run(self, combination, &toggles, deviations).await.map(|(finished, _)| finished),
            };
        }
        if let Some(toggles) = &combination.scim {
            let toggles: Vec<&str> = toggles.iter().map(String::as_str).collect();
            return scim::run(self, combination, &toggles, deviations).await;
        }
        if combination.role == Role::Op {
            return logout::run_op(self, combination, deviations).await;
        }
        if combination.role == Role::Rp {
            return logout::run(self, combination, deviations).await;
        }
        if combination.role == Role::Token {
            return desk::run(self, combination.alg, deviations);
        }
        let tamper = Tamper::new(deviations.iter().map(|deviation| (*deviation).clone()));
        let (key, other_key) = self.keys(combination.alg)?;
        if combination.role == Role::Transmitter {
            let settings = ObserveSettings {
                catalogue: self.catalogue.clone(),
                profile: "push-transmitter".to_owned(),
                key,
                other_key,
                tamper,
                timeouts: Self::timeouts(),
                tls: combination.tls,
                retry_delay: Duration::from_millis(800),
            };
            return observe(settings).await.map_err(|error| error.to_string());
        }
        let authority = Authority::new().map_err(|error| error.to_string())?;
        let tls = if combination.tls {
            Some(authority.issue(&["127.0.0.1", "localhost"]).map_err(|error| error.to_string())?)
        } else {
            None
        };
        let authorization = combination.authorization.then(|| SecretString::from(CREDENTIAL));
        let languages: Vec<String> =
            if combination.two_languages { vec!["en".to_owned(), "de".to_owned()] } else { vec!["en".to_owned()] };
        let issuer = "https://issuer.example.com";
        let receiver = Receiver::start(ReceiverOptions {
            addr: (Ipv4Addr::LOCALHOST, 0).into(),
            tls,
            issuer: Some(issuer.to_owned()),
            audience: Some(AUDIENCE.to_owned()),
            keys: JwksSource::Fixed(Jwks::for_keys(&[&key]).map_err(|error| error.to_string())?),
            authorization: authorization.clone(),
            languages: languages.clone(),
            tamper: tamper.into(),
            recorder: Recorder::new(1),
        })
        .await
        .map_err(|error| error.to_string())?;
        let mut settings = self.settings(&receiver.url(), combination.alg)?;
        settings.issuer = Some(issuer.to_owned());
        settings.authorization = authorization;
        settings.languages = languages;
        settings.roots = Roots::Only(authority.pem().into_bytes());
        settings.deployed = combination.deployed;
        let finished = self.judge(settings).await;
        receiver.shutdown().await;
        finished
    }

    /// Settings for a receiver at `url`.
    pub(super) fn settings(&self, url: &str, alg: Alg) -> Result<ReceiverSettings, String> {
        let (key, other_key) = self.keys(alg)?;
        Ok(ReceiverSettings {
            catalogue: self.catalogue.clone(),
            profile: "push-receiver".to_owned(),
            url: Url::parse(url).map_err(|error| error.to_string())?,
            issuer: None,
            audience: AUDIENCE.to_owned(),
            authorization: None,
            languages: Vec::new(),
            key,
            other_key,
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            public_url: None,
            roots: Roots::System,
            insecure: false,
            deployed: false,
            timeouts: Self::timeouts(),
            jobs: 4,
            strict: false,
            selection: Selection::default(),
            command: "setspec run receiver".to_owned(),
        })
    }

    pub(super) async fn judge(&self, settings: ReceiverSettings) -> Result<Finished, String> {
        let run = ReceiverRun::prepare(settings).await.map_err(|error| error.to_string())?;
        let (_stop, stopped) = watch::channel(false);
        Ok(run.run(&Emitter::silent(), stopped).await)
    }
}
