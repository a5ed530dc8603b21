//! Keys of the RFCs, round trips, and errors that keep secrets.

use super::*;
use crate::set::jwks::Jwks;
use crate::set::testing::{key, verifies};

// RFC 7515 appendix A.3 and RFC 8037 appendix A.1.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"ed"}"#;
// RFC 7515 appendix A.1.
const OCT: &str =
    r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
// RFC 7515 appendix A.2.
const RSA: &str = r#"{"kty":"RSA",
    "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e":"AQAB",
    "d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    "p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    "q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    "dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    "dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    "qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

#[test]
fn every_algorithm_signs_what_its_public_key_verifies() {
    for alg in Alg::ALL {
        assert!(verifies(key(alg), key(alg)), "{alg}");
        assert_eq!(key(alg).public_jwk().is_none(), alg == Alg::Hs256);
    }
}

#[test]
fn jwks_of_the_rfcs_are_read() {
    for (text, alg) in [(EC, Alg::Es256), (ED, Alg::EdDsa), (OCT, Alg::Hs256), (RSA, Alg::Rs256)] {
        let key = SigningKey::from_jwk(text, None, None).unwrap();
        assert_eq!(key.alg(), alg);
        assert!(verifies(&key, &key), "{alg}");
        if let Some(public) = key.public_jwk() {
            let private: Value = serde_json::from_str(text).unwrap();
            for member in ["n", "e", "x", "y"] {
                assert_eq!(public.get(member), private.get(member), "{alg} {member}");
            }
            assert!(public.get("d").is_none());
        }
    }
    assert_eq!(SigningKey::from_jwk(ED, None, None).unwrap().kid(), Some("ed"));
    assert_eq!(SigningKey::from_jwk(ED, None, Some("x")).unwrap().kid(), Some("x"));
    assert_eq!(SigningKey::from_jwk(RSA, Some(Alg::Ps512), None).unwrap().alg(), Alg::Ps512);
}

#[test]
fn signatures_of_the_rfcs_are_reproduced() {
    let input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signed = SigningKey::from_jwk(OCT, None, None).unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(base64url(signed), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let input = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signed = SigningKey::from_jwk(RSA, None, None).unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(
        base64url(signed),
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    // RFC 8037 appendix A.4.
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signed = SigningKey::from_jwk(ED, None, None).unwrap().sign(input.as_bytes()).unwrap();
    assert_eq!(
        base64url(signed),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn pem_is_written_and_read_again() {
    for alg in [Alg::Rs256, Alg::Ps384, Alg::Es256, Alg::Es384, Alg::EdDsa] {
        let pem = key(alg).private_pem().unwrap();
        let again = SigningKey::from_pem(pem.expose_secret(), alg, Some("again")).unwrap();
        assert_eq!(again.kid(), Some("again"));
        assert!(verifies(&again, key(alg)), "{alg}");
        assert!(key(alg).public_pem().unwrap().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    }
    assert!(key(Alg::Hs256).private_pem().is_err());
    let es256 = key(Alg::Es256).private_pem().unwrap();
    for alg in [Alg::Es384, Alg::Rs256, Alg::EdDsa, Alg::Hs256] {
        assert!(SigningKey::from_pem(es256.expose_secret(), alg, None).is_err(), "{alg}");
    }
}

#[test]
fn errors_name_the_member_and_never_its_content() {
    let error = |text: &str, alg| {
        let error = SigningKey::from_jwk(text, alg, None).unwrap_err();
        assert!(!error.to_string().contains("jpsQnn"), "{error}");
        error.to_string()
    };
    assert!(error(&EC.replace("\"d\"", "\"dd\""), None).contains("member \"d\""));
    assert!(error(&EC.replace("jpsQnn", "jpsQnn="), None).contains("member \"d\""));
    assert!(error(&EC.replace("\"jpsQnn", "\"AAAQnn"), None).contains("refused"));
    assert!(error(&EC.replace("P-256", "P-521"), None).contains("P-521"));
    assert!(error(EC, Some(Alg::Hs256)).contains("needs a shared secret"));
    assert!(error("[]", None).contains("an array"));
    assert!(error("{", None).starts_with("JWK: not JSON"));
    assert!(error(&RSA.replace("\"qi\"", "\"xx\""), None).contains("member \"qi\""));
}

#[test]
fn a_key_is_never_shown() {
    let secret = SigningKey::from_secret(b"correct horse battery staple", Some("s")).unwrap();
    assert_eq!(format!("{secret:?}"), "SigningKey { alg: Hs256, kid: Some(\"s\"), .. }");
    assert_eq!(secret.to_string(), "HS256 key \"s\"");
    let set = Jwks::for_keys(&[&secret]).unwrap();
    assert!(!format!("{set:?}").contains("horse"));
    assert!(SigningKey::from_secret(b"", None).is_err());
}
