//! The metadata (OpenID Connect Discovery section 3, Back-Channel Logout section 2.1) and the keys.

use serde_json::{Value, json};

use super::{AUTHORIZE, Shared};
use crate::set::Jwks;
use crate::set::jwe::{Enc, KeyAlg};

impl Shared {
    pub(super) fn metadata(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}{AUTHORIZE}"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/register"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "end_session_endpoint": format!("{issuer}/end-session"),
            "jwks_uri": format!("{issuer}/jwks.json"),
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.options.key.alg()],
            "id_token_encryption_alg_values_supported": KeyAlg::ALL.map(KeyAlg::name),
            "id_token_encryption_enc_values_supported": Enc::ALL.map(Enc::name),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256", "plain"],
            "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "name", "email"],
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        })
    }

    pub(super) fn keys(&self) -> Value {
        Jwks::from_keys(&[&self.options.key])
    }
}
