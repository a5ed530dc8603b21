//! The few facts of a certificate that a report shows.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The object identifier of subjectAltName, 2.5.29.17 (RFC 5280, 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The object identifier of cRLDistributionPoints, 2.5.29.31 (RFC 5280, 4.2.1.13).
const DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 0x1f];

/// The URLs of the revocation lists that a certificate (DER) names; none where it cannot be read.
pub(crate) fn revocation_lists(der: &[u8]) -> Vec<String> {
    points(der).unwrap_or_default()
}

fn points(der: &[u8]) -> Option<Vec<String>> {
    let (_, certificate, _) = element(der)?;
    let (_, fields, _) = element(certificate)?;
    let extensions = elements(fields).find(|(tag, _)| *tag == 0xa3)?.1;
    let mut urls = Vec::new();
    for (_, extension) in elements(element(extensions)?.1) {
        let (_, id, _) = element(extension)?;
        if id != DISTRIBUTION_POINTS {
            continue;
        }
        // An optional BOOLEAN says whether the extension is critical.
        let value = elements(extension).find(|(tag, _)| *tag == 0x04)?.1;
        for (_, point) in elements(element(value)?.1) {
            // distributionPoint [0], in it fullName [0], in it uniformResourceIdentifier [6].
            let name = elements(point).find(|(tag, _)| *tag == 0xa0).and_then(|(_, point)| element(point));
            let names = name.filter(|(tag, ..)| *tag == 0xa0).map_or(&[][..], |(_, names, _)| names);
            let texts = elements(names).filter(|(tag, _)| *tag == 0x86);
            urls.extend(texts.map(|(_, text)| String::from_utf8_lossy(text).into_owned()));
        }
    }
    Some(urls)
}

/// Facts of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertFacts {
    /// DNS names and IP addresses of subjectAltName; empty where there are none or they cannot be read.
    pub names: Vec<String>,
    /// The beginning of the validity as in the certificate: `20260101000000Z`.
    pub not_before: Option<String>,
    /// The end of the validity, in the same form.
    pub not_after: Option<String>,
    /// SHA-256 of the DER encoding, in lower-case hexadecimal.
    pub sha256: String,
}

impl CertFacts {
    /// Reads the facts from DER. What cannot be read is left out.
    pub fn of(der: impl AsRef<[u8]>) -> Self {
        let der = der.as_ref();
        let sha256 = digest(&SHA256, der);
        let mut facts = Self {
            names: Vec::new(),
            not_before: None,
            not_after: None,
            sha256: sha256.as_ref().iter().map(|b| format!("{b:02x}")).collect(),
        };
        // Whatever cannot be walked simply stays unknown.
        let _ = facts.walk(der);
        facts
    }

    /// Walks TBSCertificate (RFC 5280, 4.1).
    fn walk(&mut self, der: &[u8]) -> Option<()> {
        let (_, certificate, _) = element(der)?;
        let (_, mut fields, _) = element(certificate)?;
        let mut sequences = 0;
        while let Some((tag, content, rest)) = element(fields) {
            fields = rest;
            match tag {
                // Signature, issuer, validity, subject, key: the third sequence is the validity.
                0x30 => {
                    sequences += 1;
                    if sequences == 3 {
                        let (tag, before, rest) = element(content)?;
                        self.not_before = time(tag, before);
                        let (tag, after, _) = element(rest)?;
                        self.not_after = time(tag, after);
                    }
                }
                0xa3 => self.extensions(content)?,
                _ => {}
            }
        }
        Some(())
    }

    fn extensions(&mut self, content: &[u8]) -> Option<()> {
        let (_, mut extensions, _) = element(content)?;
        while let Some((_, extension, rest)) = element(extensions) {
            extensions = rest;
            let (_, id, mut value) = element(extension)?;
            if id != SUBJECT_ALT_NAME {
                continue;
            }
            let (mut tag, mut content, rest) = element(value)?;
            // An optional BOOLEAN says whether the extension is critical.
            if tag == 0x01 {
                value = rest;
                (tag, content, _) = element(value)?;
            }
            if tag == 0x04 {
                self.names(element(content)?.1);
            }
        }
        Some(())
    }

    fn names(&mut self, mut names: &[u8]) {
        while let Some((tag, name, rest)) = element(names) {
            names = rest;
            let name = match (tag, name.len()) {
                (0x82, _) => String::from_utf8_lossy(name).into_owned(),
                (0x87, 4) => {
                    <[u8; 4]>::try_from(name).map(|ip| std::net::Ipv4Addr::from(ip).to_string()).unwrap_or_default()
                }
                (0x87, 16) => {
                    <[u8; 16]>::try_from(name).map(|ip| std::net::Ipv6Addr::from(ip).to_string()).unwrap_or_default()
                }
                _ => continue,
            };
            self.names.push(name);
        }
    }
}

/// Tag and content of each DER element, as far as they can be read.
fn elements(der: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = der;
    std::iter::from_fn(move || {
        let (tag, content, after) = element(rest)?;
        rest = after;
        Some((tag, content))
    })
}

/// Tag, content and rest of the first DER element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length =
                length.iter().try_fold(0usize, |sum, &byte| sum.checked_mul(256)?.checked_add(usize::from(byte)));
            (length?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// UTCTime has two digits for the year: 50 to 99 are of the last century (RFC 5280, 4.1.2.5.1).
fn time(tag: u8, content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    match tag {
        0x17 if text < "5" => Some(format!("20{text}")),
        0x17 => Some(format!("19{text}")),
        0x18 => Some(text.to_owned()),
        _ => None,
    }
}
