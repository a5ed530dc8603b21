//! The users and groups of a case, at the SCIM service provider.

use serde_json::{Value, json};
use url::Url;

use super::Visitor;
use crate::http::{Exchange, RequestSpec};
use crate::run::steps::{Acted, Stop};
use crate::run::transmitter::messages::json_of;
use crate::run::transmitter::scim::Made;
use crate::run::transmitter::world::{World, is_gone};
use crate::suite::model::case::Auth;

/// How many resources of one name are deleted: there should be one.
const MOST_NAMESAKES: usize = 10;

impl Visitor {
    /// Takes note of what a request is going to make.
    pub(super) fn expect_resources(&mut self, spec: &RequestSpec) {
        let Some(scim) = &self.world.scim else { return };
        let Some(path) = scim.path(&spec.url).filter(|_| spec.method == "POST") else { return };
        let made = Made::by(path, &json_of(&spec.body));
        scim.resources.expect(&made);
        self.made.extend(made.into_iter().map(|made| made.name));
    }

    /// Takes note of what was made or deleted.
    pub(super) async fn keep_account(&mut self, exchange: &Exchange, acted: &mut Acted) -> Result<(), Stop> {
        match self.world.note_resources(exchange) {
            Some(subject) => self.subscribe(&subject, acted).await,
            None => Ok(()),
        }
    }

    /// Adds a resource to the streams of the case, where those cover nothing by themselves.
    async fn subscribe(&mut self, subject: &Value, acted: &mut Acted) -> Result<(), Stop> {
        let world = self.world.clone();
        let covers_nothing = world.offer().is_some_and(|offer| offer.features.contains("default-subjects-none"));
        let endpoint = world.endpoints().add_subject().cloned().filter(|_| covers_nothing);
        let Some(endpoint) = endpoint else { return Ok(()) };
        let streams: Vec<(String, Auth)> = self.streams.iter().map(|(id, stream)| (id.clone(), stream.auth)).collect();
        for (stream_id, auth) in streams {
            // Subjects match that are the same (SSF section 8.1.3.1), and externalId may be among their members.
            let plain = json!({ "format": "scim", "uri": subject["uri"] });
            for subject in [subject, &plain] {
                let request = json!({ "stream_id": stream_id, "subject": subject });
                Box::pin(self.send("POST", endpoint.clone(), Some(&request), auth, None, acted)).await?;
            }
        }
        Ok(())
    }

    /// Deletes what the case has made.
    pub(super) async fn clear_resources(&mut self, acted: &mut Acted) {
        let world = self.world.clone();
        let Some(scim) = &world.scim else { return };
        let names = std::mem::take(&mut self.made);
        for made in scim.resources.left().into_iter().filter(|made| names.contains(&made.name)) {
            self.delete_resource(&made, acted).await;
        }
    }

    /// Deletes one resource; whether it is known that none is left. Nothing is deleted that has another name than we gave.
    pub async fn delete_resource(&mut self, made: &Made, acted: &mut Acted) -> bool {
        let world = self.world.clone();
        let Some(scim) = &world.scim else { return false };
        let places = match &made.url {
            Some(url) => Some(vec![url.clone()]),
            None => self.look_for(made, acted).await,
        };
        let Some(places) = places else { return false };
        let mut all_gone = true;
        for url in places {
            let sent = self.send("DELETE", url, None, Auth::Valid, None, acted).await;
            let gone = sent.is_ok_and(|(exchange, _)| is_gone(&exchange));
            all_gone &= gone;
            if gone {
                scim.resources.forget(&made.name);
            }
        }
        all_gone
    }

    /// Where the resources of this name are; nothing if the service provider does not say.
    async fn look_for(&mut self, made: &Made, acted: &mut Acted) -> Option<Vec<Url>> {
        let world = self.world.clone();
        let scim = world.scim.as_ref()?;
        let mut url = scim.url(made.endpoint)?;
        url.query_pairs_mut().append_pair("filter", &made.filter());
        let (exchange, _) = self.send("GET", url, None, Auth::Valid, None, acted).await.ok()?;
        let response = exchange.response.as_ref().filter(|response| response.status == 200)?;
        let found = made.found_in(&json_of(&response.body)).into_iter().take(MOST_NAMESAKES);
        Some(found.filter_map(|id| below(scim.url(made.endpoint)?, &id)).collect())
    }
}

impl World {
    /// Enters what an exchange with the SCIM service provider made, and strikes out what it deleted. Gives a resource that
    /// is there now, as the subject of its events.
    pub fn note_resources(&self, exchange: &Exchange) -> Option<Value> {
        let scim = self.scim.as_ref()?;
        let url = Url::parse(&exchange.request.url).ok()?;
        let path = scim.path(&url)?;
        // What is answered with 202 may not be gone yet.
        if exchange.request.method == "DELETE" && is_gone(exchange) && exchange.status() != Some(202) {
            scim.resources.forget_at(&url);
        }
        if exchange.request.method != "POST" || path == "/Bulk" {
            return None;
        }
        let made = Made::by(path, &json_of(&exchange.request.body));
        let (made, response) = (made.first()?, exchange.response.as_ref()?);
        if (400..500).contains(&response.status) {
            scim.resources.forget(&made.name);
        }
        let created = json_of(&response.body);
        let id = created["id"].as_str().filter(|_| response.status == 201)?;
        scim.resources.found(&made.name, below(scim.url(made.endpoint)?, id)?);
        let mut subject = json!({ "format": "scim", "uri": format!("{}/{id}", made.endpoint) });
        if created["externalId"].is_string() {
            subject["externalId"] = created["externalId"].clone();
        }
        Some(subject)
    }
}

/// The URL of a resource: the identifier is data, whatever it looks like.
fn below(mut endpoint: Url, id: &str) -> Option<Url> {
    // A dot segment would lead elsewhere.
    if id.is_empty() || id == "." || id == ".." {
        return None;
    }
    endpoint.path_segments_mut().ok()?.push(id);
    Some(endpoint)
}
