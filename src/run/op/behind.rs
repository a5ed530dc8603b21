//! Our relying party at a provider that is not the target of the run, but a part of one: a relying party that is a provider itself.

use std::sync::{Arc, OnceLock};

use tokio::sync::OnceCell;

use super::listener::{Listener, is_logout};
use super::login::Wanted;
use super::provider::discover;
use super::register::{Identity, deregister, register};
use super::settings::OpSettings;
use super::world::{Failed, World};
use crate::http::{Client, Exchange, Subscription};
use crate::run::browser::Browser;
use crate::run::judge::Judge;
use crate::run::plan::Selection;
use crate::run::rp::settings::{DownstreamSettings, RpSettings};

/// Our relying party there.
pub(crate) struct RelyingPartyAt {
    world: World,
    known: OnceCell<()>,
}

impl RelyingPartyAt {
    /// Listens; the provider is asked when somebody logs in.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start(settings: &RpSettings, at: &DownstreamSettings, client: Client) -> std::io::Result<Self> {
        let listener = Listener::start(at.listen, at.public_url.as_ref()).await?;
        let settings = OpSettings {
            catalogue: settings.catalogue.clone(),
            profile: settings.profile.clone(),
            issuer: at.issuer.clone(),
            client_id: at.client_id.clone(),
            client_secret: at.client_secret.clone(),
            hook: None,
            login_forms: settings.login_forms.clone(),
            logout_forms: Vec::new(),
            encryption_key: None,
            revision: settings.revision,
            listen: at.listen,
            public_url: at.public_url.clone(),
            roots: settings.roots.clone(),
            insecure: settings.insecure,
            timeouts: settings.timeouts,
            strict: false,
            selection: Selection::default(),
            command: String::new(),
        };
        let world = World {
            judge: Judge::new(settings.catalogue.clone(), [], &[]),
            settings,
            listener,
            client,
            provider: OnceLock::new(),
            identity: OnceLock::new(),
            encrypted: OnceCell::new(),
            turn: Arc::default(),
            owners: Default::default(),
        };
        Ok(Self { world, known: OnceCell::new() })
    }

    /// Where the provider sends browsers back to; it has to be registered there.
    pub fn redirect_uri(&self) -> String {
        self.world.listener.redirect_uri()
    }

    /// The `backchannel_logout_uri` that has to be registered there.
    pub fn logout_uri(&self) -> String {
        self.world.listener.logout_uri()
    }

    /// What comes from now on.
    pub fn requests(&self) -> Subscription {
        self.world.listener.requests()
    }

    /// Whether an exchange is a logout request.
    pub fn is_logout(exchange: &Exchange) -> bool {
        is_logout(exchange)
    }

    /// Logs in with a browser, which is given back.
    ///
    /// # Errors
    /// If it does not come to an ID Token: where it ended.
    pub async fn login(&self, browser: Browser) -> Result<(Browser, Vec<Exchange>), Failed> {
        let known = self.known.get_or_try_init(|| self.introduce()).await;
        known.map_err(|why| Failed {
            reason: format!("{}: {why}", self.world.settings.issuer),
            exchanges: Vec::new(),
        })?;
        let (session, exchanges) = self.world.login_by(browser, Wanted::default()).await?;
        Ok((session.browser, exchanges))
    }

    /// Asks the provider who it is, and tells it who we are.
    async fn introduce(&self) -> Result<(), String> {
        let world = &self.world;
        let (_, provider) = discover(&world.client, &world.settings.issuer).await;
        let provider = provider?;
        let identity = match &world.settings.client_id {
            Some(id) => Identity::given(id.clone(), world.settings.client_secret.clone(), None),
            None => register(&world.client, &provider, &world.listener, None).await?,
        };
        world.provider.get_or_init(|| provider);
        world.identity.get_or_init(|| identity);
        Ok(())
    }

    /// Ends its registration.
    pub async fn leave(&self) {
        if let Some(identity) = self.world.identity.get() {
            deregister(&self.world.client, identity).await;
        }
    }
}
