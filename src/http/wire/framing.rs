//! How long a body is (RFC 9112, 6).

use super::head::Quirk;
use crate::http::Headers;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// Exactly this many bytes.
    Length(u64),
    /// Chunks (RFC 9112, 7.1).
    Chunked,
    /// All until the connection closes. Responses only.
    UntilClose,
}

impl Framing {
    /// The framing of a response to a request with this method (RFC 9112, 6.3).
    ///
    /// # Errors
    /// A message with expected and got, if the end of the body cannot be told.
    pub fn of_response(status: u16, method: &str, headers: &Headers, quirks: &mut Vec<Quirk>) -> Result<Self, String> {
        let length = content_length(headers, quirks);
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Ok(Self::Empty);
        }
        match transfer_encoding(headers, quirks) {
            Some(true) => Ok(Self::Chunked),
            Some(false) => Ok(Self::UntilClose),
            None => Ok(length?.map_or(Self::UntilClose, Self::Length)),
        }
    }

    /// The framing of a request (RFC 9112, 6.3).
    ///
    /// # Errors
    /// A message with expected and got, if the end of the body cannot be told.
    pub fn of_request(headers: &Headers, quirks: &mut Vec<Quirk>) -> Result<Self, String> {
        let length = content_length(headers, quirks);
        match transfer_encoding(headers, quirks) {
            Some(true) => Ok(Self::Chunked),
            Some(false) => Err(format!(
                "Transfer-Encoding: expected chunked as the last coding of a request, got {:?}",
                headers.get("transfer-encoding").unwrap_or_default()
            )),
            None => Ok(length?.map_or(Self::Empty, Self::Length)),
        }
    }
}

/// Whether the last transfer coding is `chunked`; `None` if there is none.
fn transfer_encoding(headers: &Headers, quirks: &mut Vec<Quirk>) -> Option<bool> {
    let last = headers.get_all("transfer-encoding").last()?;
    if headers.contains("content-length") {
        quirks.push(Quirk::LengthAndTransferEncoding);
    }
    let coding = last.rsplit(',').next().unwrap_or_default().trim();
    Some(coding.eq_ignore_ascii_case("chunked"))
}

fn content_length(headers: &Headers, quirks: &mut Vec<Quirk>) -> Result<Option<u64>, String> {
    let mut found = None;
    let values = headers.get_all("content-length");
    for value in values.flat_map(|value| value.split(',')) {
        let value = value.trim();
        let length = value
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| value.parse::<u64>().ok())
            .flatten()
            .ok_or_else(|| format!("Content-Length: expected a decimal number, got {value:?}"))?;
        match found {
            None => found = Some(length),
            Some(known) if known == length => {
                if !quirks.contains(&Quirk::RepeatedContentLength) {
                    quirks.push(Quirk::RepeatedContentLength);
                }
            }
            Some(known) => {
                return Err(format!("Content-Length: expected one length, got {known} and {length}"));
            }
        }
    }
    Ok(found)
}
