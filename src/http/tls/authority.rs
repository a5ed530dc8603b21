//! A certificate authority that lives as long as the process.

use jiff::{Span, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CrlDistributionPoint,
    DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{ServerTls, TlsError};

/// The longest that some clients accept for a leaf is 398 days.
const DAYS_OF_A_LEAF: i64 = 90;

/// Issues certificates for mocks and tests. Its key is never written anywhere.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new authority with a new key.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn new() -> Result<Self, TlsError> {
        let issue = || -> Result<_, rcgen::Error> {
            let mut params = CertificateParams::default();
            // Two authorities of one name would be told apart by a bad signature instead of an unknown issuer.
            let name = format!("setspec mock authority {}", uuid::Uuid::new_v4());
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages =
                vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
            set_validity(&mut params, -1, 3650);
            CertifiedIssuer::self_signed(params, KeyPair::generate()?)
        };
        issue()
            .map(Self)
            .map_err(|got| TlsError::Issue { names: "the authority itself".to_owned(), got: got.to_string() })
    }

    /// The certificate of the authority as PEM text, for a CA bundle.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A leaf for these DNS names and IP addresses, valid for 90 days from yesterday.
    ///
    /// # Errors
    /// If a name cannot stand in a certificate.
    pub fn issue(&self, names: &[&str]) -> Result<ServerTls, TlsError> {
        self.leaf(names, -1, DAYS_OF_A_LEAF)
    }

    /// The same, but its validity ended yesterday.
    ///
    /// # Errors
    /// If a name cannot stand in a certificate.
    pub fn issue_expired(&self, names: &[&str]) -> Result<ServerTls, TlsError> {
        self.leaf(names, -DAYS_OF_A_LEAF, -1)
    }

    /// A leaf for these names that is revoked, and the list (DER) that says so. The leaf names the list by this URL.
    ///
    /// # Errors
    /// If a name or the URL cannot stand in a certificate.
    pub fn issue_revoked(&self, names: &[&str], list: &str) -> Result<(ServerTls, Vec<u8>), TlsError> {
        let number = SerialNumber::from(u64::from(uuid::Uuid::new_v4().as_fields().0) + 1);
        let leaf = self.leaf_with(names, -1, DAYS_OF_A_LEAF, |params| {
            params.serial_number = Some(number.clone());
            params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![list.to_owned()] }];
        })?;
        let midnight = |days| {
            let (year, month, date) = day(days);
            date_time_ymd(year, month, date)
        };
        let revoked = RevokedCertParams {
            serial_number: number,
            revocation_time: midnight(-1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: midnight(-1),
            next_update: midnight(DAYS_OF_A_LEAF),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params
            .signed_by(&self.0)
            .map_err(|got| TlsError::Issue { names: names.join(", "), got: got.to_string() })?;
        Ok((leaf, list.der().to_vec()))
    }

    fn leaf(&self, names: &[&str], from: i64, to: i64) -> Result<ServerTls, TlsError> {
        self.leaf_with(names, from, to, |_| {})
    }

    fn leaf_with(
        &self,
        names: &[&str],
        from: i64,
        to: i64,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Result<ServerTls, TlsError> {
        let issue = || -> Result<_, rcgen::Error> {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let common = names.first().cloned().unwrap_or_default();
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name.push(DnType::CommonName, common);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            // Strict verifiers, such as that of Python 3.13, refuse a leaf without it.
            params.use_authority_key_identifier_extension = true;
            set_validity(&mut params, from, to);
            change(&mut params);
            let key = KeyPair::generate()?;
            Ok((params.signed_by(&key, &self.0)?, key))
        };
        let (leaf, key) = issue().map_err(|got| TlsError::Issue { names: names.join(", "), got: got.to_string() })?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerTls::new(vec![leaf.der().clone()], key)
    }
}

/// Days from today, on which the validity begins and ends at midnight UTC.
fn set_validity(params: &mut CertificateParams, from: i64, to: i64) {
    let (year, month, date) = day(from);
    params.not_before = date_time_ymd(year, month, date);
    let (year, month, date) = day(to);
    params.not_after = date_time_ymd(year, month, date);
}

/// The year, month and date so many days from today, in UTC.
fn day(days: i64) -> (i32, u8, u8) {
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let day = today.saturating_add(Span::new().days(days));
    // Months and days of a calendar are positive and small.
    (i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
}
