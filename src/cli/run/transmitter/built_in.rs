//! The built-in transmitter as the target.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::cli::console::Failure;
use crate::http::{Client, ClientOptions};
use crate::peer::scim::{ScimOptions, ScimProvider};
use crate::peer::ssf::{ClientCredentials, ReceiverAccount, SsfOptions, SsfTransmitter, events};
use crate::run::transmitter::hook::{BuiltIn as LocalHook, Hook};
use crate::run::transmitter::settings::{
    ClientAuthentication, ClientSettings, CredentialSettings, LimitedTokens, ScimSettings, TransmitterSettings,
};
use crate::set::{Alg, Jwks, SigningKey};

/// The key id of its first key.
const KID: &str = "setspec-1";

/// How long it holds a poll.
const LONG_POLL: Duration = Duration::from_millis(1200);

/// How long it waits before it pushes again: RFC 8935 section 2 wants a fitting time.
const RETRY_DELAY: Duration = Duration::from_millis(300);

/// The built-in transmitter, and the SCIM service provider whose changes it tells of.
pub(in crate::cli) struct BuiltIn {
    transmitter: Arc<SsfTransmitter>,
    provider: Option<ScimProvider>,
}

impl BuiltIn {
    /// Lets answers get out, and stops.
    pub async fn shutdown(self) {
        if let Some(provider) = self.provider {
            provider.shutdown().await;
        }
        // The hook of the run held it too, and the run is over.
        if let Some(transmitter) = Arc::into_inner(self.transmitter) {
            transmitter.shutdown().await;
        }
    }
}

/// Starts it, and completes the settings with what the operator need not say of a transmitter that is ours.
pub(super) async fn start(alg: Alg, settings: &mut TransmitterSettings) -> Result<BuiltIn, Failure> {
    let ours = |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in transmitter: {error}"));
    let key = SigningKey::generate(alg, KID).map_err(|error| ours(&error))?;
    if key.public_jwk().is_none() {
        return Err(Failure::usage(format!(
            "--alg {alg}: the built-in transmitter publishes its key, so it needs a pair"
        )));
    }
    let options = ClientOptions { response_timeout: settings.timeouts.response, ..ClientOptions::default() };
    let client = Client::new(options).map_err(|error| ours(&error))?;
    let first = settings.credential.get_or_insert_with(new_client);
    let second = settings.second.get_or_insert_with(new_token);
    let mut receivers = vec![account("receiver", first)?, account("other-receiver", second)?];
    let LimitedTokens { read_only, manage_only, expired } = settings.limited.clone();
    receivers[0].tokens.extend(manage_only);
    receivers[0].reading.extend(read_only);
    receivers[0].expired.extend(expired);
    let mut options = SsfOptions::new(receivers, Arc::new(key), client);
    options.catalogue = Some(settings.catalogue.clone());
    if is_of_scim(settings) {
        options.features.events_supported = events::all().map(str::to_owned).collect();
    }
    options.timing.retry_delay = RETRY_DELAY;
    options.timing.redeliver_after = Duration::ZERO;
    options.timing.long_poll = settings.long_poll.unwrap_or(LONG_POLL);
    settings.long_poll = Some(options.timing.long_poll);
    let transmitter = Arc::new(SsfTransmitter::start(options).await.map_err(|error| ours(&error))?);
    settings.issuer = transmitter.issuer().to_owned();
    settings.hook = Hook::Local(Arc::new(LocalHook(transmitter.clone())));
    let provider = match is_of_scim(settings) {
        true => Some(provider(&transmitter, settings).await?),
        false => None,
    };
    Ok(BuiltIn { transmitter, provider })
}

/// Whether the events of SCIM are part of the profile.
fn is_of_scim(settings: &TransmitterSettings) -> bool {
    let profile = settings.catalogue.profiles.get(&settings.profile);
    profile.is_some_and(|profile| profile.specs.iter().any(|spec| spec == "scim-events"))
}

/// Starts the SCIM service provider, and aims the settings at it.
async fn provider(
    transmitter: &Arc<SsfTransmitter>,
    settings: &mut TransmitterSettings,
) -> Result<ScimProvider, Failure> {
    let ours =
        |error: &dyn std::fmt::Display| Failure::internal(format!("the built-in SCIM service provider: {error}"));
    let token = SecretString::from(uuid::Uuid::new_v4().simple().to_string());
    let options = ScimOptions::new(transmitter.clone(), vec![token.clone()]);
    let provider = ScimProvider::start(options).await.map_err(|error| ours(&error))?;
    settings.scim = Some(ScimSettings {
        url: url::Url::parse(provider.base_url()).map_err(|error| ours(&error))?,
        credential: Some(CredentialSettings::Token(token)),
        pushes: false,
    });
    Ok(provider)
}

/// A client, which can have a token of every kind.
fn new_client() -> CredentialSettings {
    let secret = || SecretString::from(uuid::Uuid::new_v4().simple().to_string());
    CredentialSettings::Client(ClientSettings {
        id: "setspec".to_owned(),
        authentication: ClientAuthentication::Basic(secret()),
        token_endpoint: None,
        scope: None,
    })
}

fn new_token() -> CredentialSettings {
    CredentialSettings::Token(SecretString::from(uuid::Uuid::new_v4().simple().to_string()))
}

/// A receiver that is known by this credential.
fn account(name: &str, credential: &CredentialSettings) -> Result<ReceiverAccount, Failure> {
    let (tokens, client) = match credential {
        CredentialSettings::Token(token) => (vec![token.clone()], None),
        CredentialSettings::Client(client) => (Vec::new(), Some(known(client)?)),
    };
    let audience = vec![format!("https://{name}.example.com")];
    Ok(ReceiverAccount { name: name.to_owned(), tokens, client, audience, ..ReceiverAccount::default() })
}

fn known(client: &ClientSettings) -> Result<ClientCredentials, Failure> {
    let (secret, keys) = match &client.authentication {
        ClientAuthentication::Basic(secret) | ClientAuthentication::Post(secret) => (secret.clone(), None),
        ClientAuthentication::PrivateKey(key) => {
            let keys = Jwks::for_keys(&[key]).map_err(|error| Failure::usage(format!("--client-key: {error}")))?;
            (SecretString::from(uuid::Uuid::new_v4().to_string()), Some(keys))
        }
    };
    Ok(ClientCredentials { id: client.id.clone(), secret, keys })
}
