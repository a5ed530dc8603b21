//! Syntax of the formats that the specifications refer to. Each function says whether a string is one.

use std::sync::LazyLock;

use regex::Regex;

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a pattern written in this file compiles")
}

/// An absolute URI with a scheme (RFC 3986 section 3).
pub fn is_uri(text: &str) -> bool {
    fluent_uri::Uri::parse(text).is_ok()
}

/// A URL with the scheme `https` and a host.
pub fn is_https_url(text: &str) -> bool {
    is_uri(text) && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// StringOrURI: any string, but a URI when it contains a colon (RFC 7519 section 2).
pub fn is_string_or_uri(text: &str) -> bool {
    !text.contains(':') || is_uri(text)
}

/// A telephone number in the international form of E.164: `+`, then at most 15 digits that do not begin with 0.
pub fn is_e164(text: &str) -> bool {
    static E164: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\+[1-9][0-9]{1,14}$"));
    E164.is_match(text)
}

/// An `addr-spec` (RFC 5322 section 3.4.1) as it occurs in practice: dot-atom or quoted local part, then a
/// domain or a domain literal. Letters beyond ASCII are taken (RFC 6532). Comments and folding are not.
pub fn is_email(text: &str) -> bool {
    static ADDR: LazyLock<Regex> = LazyLock::new(|| {
        let atom = r"[^\x00-\x20\x7f()<>\[\]:;@\\,.\x22]+";
        let quoted = r#""(?:[^\x00-\x08\x0a-\x1f\x7f"\\]|\\[\x20-\x7e])*""#;
        let literal = r"\[[^\[\]\\\x00-\x1f]*\]";
        pattern(&format!(r"^(?:{atom}(?:\.{atom})*|{quoted})@(?:{atom}(?:\.{atom})*|{literal})$"))
    });
    ADDR.is_match(text)
}

/// An `acct` URI: a user part without raw `@`, then a host (RFC 7565 section 7).
pub fn is_acct_uri(text: &str) -> bool {
    static ACCT: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(?i:acct):(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+@[^@/?#\s]+$"));
    ACCT.is_match(text) && is_uri(text)
}

/// A DID URL: method name of lower-case letters and digits, a method-specific identifier, then optionally a
/// path, a query and a fragment (DID Core section 3.2). A bare DID is one.
pub fn is_did_url(text: &str) -> bool {
    static DID: LazyLock<Regex> = LazyLock::new(|| {
        let idchar = r"(?:[A-Za-z0-9.\-_]|%[0-9A-Fa-f]{2})";
        pattern(&format!(r"^did:[a-z0-9]+:(?:{idchar}*:)*{idchar}+(?:[/?#].*)?$"))
    });
    DID.is_match(text) && is_uri(text)
}

/// A well-formed language tag (BCP 47, RFC 5646 section 2.1); whether its subtags are registered is not looked up.
pub fn is_language_tag(text: &str) -> bool {
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"^(?i:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?",
            r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
            r"|x(?:-[a-z0-9]{1,8})+|i-[a-z0-9]{2,8}|art-lojban|en-gb-oed|zh-min(?:-nan)?|sgn-[a-z]{2}-[a-z]{2})$"
        ))
    });
    TAG.is_match(text)
}

/// A list of language tags as in a `Content-Language` field (RFC 9110 section 8.5).
pub fn is_language_list(text: &str) -> bool {
    let mut tags = text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).peekable();
    tags.peek().is_some() && tags.all(is_language_tag)
}

/// A name that cannot collide by accident: under a domain name, a URI, an object identifier or a UUID
/// (Collision-Resistant Name, RFC 7519 section 2).
pub fn is_collision_resistant(text: &str) -> bool {
    static DOMAIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-_]+)+(?:[/:].*)?$"));
    is_uri(text) || uuid::Uuid::try_parse(text).is_ok() || DOMAIN.is_match(text)
}

/// An IPv4 address in dotted form, or an IPv6 address (RFC 4001).
pub fn is_ip_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// The URL of a well-known document: its name stands between the host and the path of the issuer (SSF section 7.2.1). A
/// path that is nothing but a slash counts as none.
pub fn well_known(issuer: &str, name: &str) -> Result<String, String> {
    let mut url = url::Url::parse(issuer).map_err(|error| format!("{issuer:?} is no URL: {error}"))?;
    if url.cannot_be_a_base() || !url.has_host() {
        return Err(format!("{issuer:?} has no host"));
    }
    let path = format!("/.well-known/{name}{}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url.into())
}

/// A URL with one more query parameter.
pub fn with_query(url: &str, name: &str, value: &str) -> Result<String, String> {
    let mut url = url::Url::parse(url).map_err(|error| format!("{url:?} is no URL: {error}"))?;
    url.query_pairs_mut().append_pair(name, value);
    Ok(url.into())
}

/// The URL that a reference stands for at a base (RFC 3986 section 5).
pub fn resolve(base: &str, reference: &str) -> Result<String, String> {
    let base = url::Url::parse(base).map_err(|error| format!("{base:?} is no URL: {error}"))?;
    base.join(reference).map(String::from).map_err(|error| format!("{reference:?} is no URI reference: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, f: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(f(text), "{name} refuses {text:?}");
        }
        for text in bad {
            assert!(!f(text), "{name} takes {text:?}");
        }
    }

    #[test]
    fn uris() {
        let good =
            ["https://example.com/", "urn:uuid:4e851e98-83c4-4743-a5da-150ecb53042f", "tag:example.com,2026:x", "x:"];
        check(
            "is_uri",
            is_uri,
            &good,
            &["", "session-revoked", "/events", "https://exa mple.com", "1x:y", "https://ex%zz"],
        );
        check("is_https_url", is_https_url, &["https://a.example/x?y"], &["http://a.example", "https:", "a.example"]);
        check("is_string_or_uri", is_string_or_uri, &["joe", "https://x/"], &["a b:c"]);
    }

    #[test]
    fn telephone_numbers() {
        check(
            "is_e164",
            is_e164,
            &["+12065550100", "+4930123456"],
            &["12065550100", "+1 206 555 0100", "+0123", "+", "+1234567890123456"],
        );
    }

    #[test]
    fn email_addresses() {
        let good = [
            "user@example.com",
            "user+qualifier@example.com",
            "\"a b\"@example.com",
            "u@[192.0.2.1]",
            "ü@bücher.example",
            "a@localhost",
            "o'brien@x.example",
        ];
        let bad = [
            "",
            "user",
            "@example.com",
            "user@",
            "a b@example.com",
            "mailto:user@example.com",
            "U <u@example.com>",
            "a@b@c",
            ".a@b.c",
            "a..b@c.d",
            "a@b..c",
        ];
        check("is_email", is_email, &good, &bad);
    }

    #[test]
    fn accounts_and_dids() {
        let bad = ["user@example.com", "acct:user", "acct:@example.com", "acct:a@b@c", "acct:a b@c"];
        check("is_acct_uri", is_acct_uri, &["acct:example.user@service.example.com", "acct:a%40b@c.example"], &bad);
        let good =
            ["did:example:123456", "did:example:123456/did/url/path?versionId=1", "did:web:a.example:user#key-1"];
        check(
            "is_did_url",
            is_did_url,
            &good,
            &["did:", "did:example", "did:example:", "did:EXAMPLE:1", "example:1", "did:example:a b"],
        );
    }

    #[test]
    fn language_tags() {
        let good = ["en", "en-US", "zh-Hant-TW", "de-CH-1996", "x-private", "es-419", "i-klingon", "en-a-bbb-x-a"];
        check("is_language_tag", is_language_tag, &good, &["", "e", "english language", "en_US", "en-", "123"]);
        check("is_language_list", is_language_list, &["en", "en, de"], &["", ",", "en_US"]);
    }

    #[test]
    fn collision_resistant_names() {
        let good = [
            "https://example.com/f",
            "com.example.badge",
            "example.com/badge",
            "urn:x:y",
            "4e851e98-83c4-4743-a5da-150ecb53042f",
        ];
        check("is_collision_resistant", is_collision_resistant, &good, &["badge", "catalog_item", "employee number"]);
    }
}
