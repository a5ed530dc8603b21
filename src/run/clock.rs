//! The clock of a peer, as the `Date` of its answers shows it.

use super::event::PreflightLine;
use crate::http::Exchange;

/// A clock that differs by more, in seconds, makes tokens look expired or not yet valid.
const TOLERATED: i64 = 60;

/// How many seconds the peer is ahead of us; negative if it is behind. Nothing, if it does not tell.
pub(crate) fn skew(exchange: &Exchange) -> Option<i64> {
    let date = exchange.response.as_ref()?.headers.get("date")?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    // It was written at some moment of the exchange, in whole seconds.
    let (from, to) = (exchange.at.as_second(), exchange.at.as_second() + (exchange.elapsed_ms / 1000.0).ceil() as i64);
    Some(theirs - theirs.clamp(from, to))
}

/// The line of the preflight. A wrong clock is worth a word and keeps nothing from being tested.
pub(crate) fn line(exchange: &Exchange, whose: &str) -> Option<PreflightLine> {
    let skew = skew(exchange)?;
    let (message, advice) = match describe(skew) {
        None => ("it agrees with ours".to_owned(), None),
        Some(way) => (
            format!("that of {whose} is {way} ours"),
            Some("Set both by NTP: times in tokens are compared with the clock.".to_owned()),
        ),
    };
    Some(PreflightLine { name: "clock".to_owned(), ok: true, message, advice })
}

/// `75 s behind`, where that is too much.
pub(crate) fn describe(skew: i64) -> Option<String> {
    let way = if skew > 0 { "ahead of" } else { "behind" };
    (skew.abs() > TOLERATED).then(|| format!("{} s {way}", skew.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn exchange(date: Option<&str>) -> Exchange {
        let headers: Vec<[&str; 2]> = date.map(|date| ["Date", date]).into_iter().collect();
        serde_json::from_value(json!({
            "id": "x1", "at": "2026-01-01T00:00:00.9Z", "elapsed_ms": 2500.0, "tls": null, "failure": null,
            "request": {"method": "POST", "url": "http://h/", "target": "/", "version": "HTTP/1.1", "headers": [],
                "body": "", "truncated": false},
            "response": {"status": 202, "reason": "", "version": "HTTP/1.1", "headers": headers, "body": "",
                "truncated": false, "extra": ""}
        }))
        .expect("an exchange")
    }

    #[test]
    fn what_the_date_says() {
        for (date, skew, says) in [
            ("Thu, 01 Jan 2026 00:00:00 GMT", 0, "it agrees with ours"),
            ("Thu, 01 Jan 2026 00:00:03 GMT", 0, "it agrees with ours"),
            ("Thu, 01 Jan 2026 00:01:00 GMT", 57, "it agrees with ours"),
            ("Thu, 01 Jan 2026 00:02:00 GMT", 117, "that of the receiver is 117 s ahead of ours"),
            ("Wed, 31 Dec 2025 23:58:45 GMT", -75, "that of the receiver is 75 s behind ours"),
        ] {
            let exchange = exchange(Some(date));
            assert_eq!(super::skew(&exchange), Some(skew), "{date}");
            let line = line(&exchange, "the receiver").expect("a line");
            assert_eq!((line.message.as_str(), line.ok), (says, true));
        }
        for date in [None, Some("yesterday")] {
            assert_eq!(line(&exchange(date), "the receiver"), None);
        }
    }
}
