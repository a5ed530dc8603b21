//! SETs at rest: every fixture is made, tampered with and judged, without a peer.

use std::time::Instant;

use serde_json::json;

use super::scenario::Lab;
use crate::expr::Scope;
use crate::peer::tamper::Tamper;
use crate::run::event::Finished;
use crate::run::judge::{Judge, Origin};
use crate::run::ledger::Ledger;
use crate::set::{self, Alg, ForgeKeys, Jwks, Token};
use crate::suite::catalogue::Deviation;
use crate::suite::model::section::Party;

/// The profile that tokens at rest are judged by.
pub(super) const PROFILE: &str = "set";

/// Judges every fixture by the profile of tokens at rest.
pub(super) fn run(lab: &Lab, alg: Alg, deviations: &[&Deviation]) -> Result<Finished, String> {
    let began = Instant::now();
    let catalogue = &lab.catalogue;
    let profile = catalogue.profiles.get(PROFILE).ok_or_else(|| format!("there is no profile `{PROFILE}`"))?;
    let of_profile = catalogue.of_profile(profile);
    let judge = Judge::new(catalogue.clone(), of_profile.iter().copied(), &[Party::Issuer]);
    let (key, other_key) = lab.keys(alg)?;
    let jwks = Jwks::for_keys(&[&key]).map_err(|error| error.to_string())?;
    let tamper = Tamper::new(deviations.iter().map(|deviation| (*deviation).clone()));
    let mut ledger = Ledger::new(of_profile);
    let mut judged = 0;
    for fixture in catalogue.fixtures.sets() {
        let base = Scope::new()
            .with("issuer", json!("https://issuer.example.com"))
            .with("audience", json!("https://receiver.example.com"))
            .with("nonce", json!(uuid::Uuid::new_v4().to_string()));
        let mut draft = base.enter(|entered| catalogue.fixtures.draft(fixture, entered))?;
        let plain = draft.clone();
        let forgery = tamper.draft(&mut draft, fixture, &base);
        // What stays as it is was judged as the reference.
        if !deviations.is_empty() && forgery.is_none() && draft == plain {
            continue;
        }
        judged += 1;
        let body = match forgery {
            None => set::sign(&draft, &key).map(String::into_bytes),
            Some(forgery) => set::forge(&draft, forgery, &ForgeKeys::new(&key, &other_key)),
        }
        .map_err(|error| format!("{fixture}: {error}"))?;
        let token = Token::from_bytes(&body);
        for seen in judge.token(&token, &set::verify(&token, &jwks), &Origin::default(), None) {
            ledger.enter(catalogue, &seen, None);
        }
    }
    if judged == 0 {
        return Err("it changes no fixture".to_owned());
    }
    let requirements = ledger.results(catalogue);
    Ok(Finished {
        verdict: ledger.verdict(&requirements, false),
        inconclusive: ledger.is_inconclusive(),
        interrupted: false,
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        requirements,
        notes: Vec::new(),
        internal_errors: Vec::new(),
    })
}
