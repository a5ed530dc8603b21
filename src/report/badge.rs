//! A badge: the claim and the verdict in one line, as SVG.

use super::record::Report;
use super::{text, words};
use crate::run::event::Verdict;

/// The longest claim, in characters.
const LONGEST: usize = 60;

const HEIGHT: u32 = 20;

/// The signs of the verdicts, as paths.
const HOOK: &str = "M7 10.4l3 3 5-6.4";
const CROSS: &str = "M7.6 6.6l6.8 6.8M14.4 6.6l-6.8 6.8";
const DASH: &str = "M7 10h8";

/// The badge of a run.
pub fn render(report: &Report) -> String {
    let claim = text::short(&report.profile, LONGEST);
    let known = report.baseline.as_ref().is_some_and(|baseline| baseline.holds);
    let (verdict, colour, sign) = match report.verdict {
        Verdict::Conformant => ("conformant".to_owned(), "#1a7f37", HOOK),
        Verdict::Nonconformant if known => ("known violations only".to_owned(), "#7a5200", DASH),
        Verdict::Nonconformant if report.summary.violated == 0 => {
            (words::count(report.summary.warned, "warning"), "#b3261e", CROSS)
        }
        Verdict::Nonconformant => (format!("{} violated", report.summary.violated), "#b3261e", CROSS),
        Verdict::Inconclusive => ("inconclusive".to_owned(), "#7a5200", DASH),
    };
    draw(&claim, &verdict, colour, sign)
}

/// Two fields side by side: what is claimed, and what came out.
fn draw(claim: &str, verdict: &str, colour: &str, sign: &str) -> String {
    // Room for the sign of the verdict, which stands before the claim.
    let (left, right) = (width(claim) + 30, width(verdict) + 16);
    let all = left + right;
    let (claim_at, verdict_at, baseline) = (22, left + 8, 14);
    let (claim_wide, verdict_wide) = (width(claim), width(verdict));
    let (claim, verdict) = (escaped(claim), escaped(verdict));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="{HEIGHT}" viewBox="0 0 {all} {HEIGHT}" role="img" aria-labelledby="title">
<title id="title">setspec {claim}: {verdict}</title>
<clipPath id="round"><rect width="{all}" height="{HEIGHT}" rx="4"/></clipPath>
<g clip-path="url(#round)">
<rect width="{left}" height="{HEIGHT}" fill="#30363d"/>
<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{colour}"/>
</g>
<path d="{sign}" fill="none" stroke="#fff" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>
<g fill="#fff" font-family="Verdana,'DejaVu Sans',Geneva,sans-serif" font-size="11">
<text x="{claim_at}" y="{baseline}" textLength="{claim_wide}" lengthAdjust="spacingAndGlyphs">{claim}</text>
<text x="{verdict_at}" y="{baseline}" textLength="{verdict_wide}" lengthAdjust="spacingAndGlyphs">{verdict}</text>
</g>
</svg>
"##
    )
}

/// About how wide a text is at this size; the drawing stretches it to that.
fn width(text: &str) -> u32 {
    let tenths: u32 = text
        .chars()
        .map(|c| match c {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' => 36,
            'f' | 't' | 'r' | 'I' | ' ' | '-' | '(' | ')' | '/' => 48,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 100,
            'A'..='Z' => 78,
            c if c.is_ascii() => 68,
            _ => 110,
        })
        .sum();
    tenths.div_ceil(10)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn a_badge_is_text_whatever_it_says() {
        let report = testing::with_texts(&testing::report(), &|text| format!("{text}</text><script>&\"\u{202e}"));
        let badge = render(&report);
        assert!(!badge.contains("<script") && !badge.contains('\u{202e}'), "{badge}");
        assert!(badge.contains("&lt;/text&gt;&lt;script&gt;&amp;&quot;"), "{badge}");
    }

    #[test]
    fn a_verdict_has_its_colour() {
        let mut report = testing::report();
        assert!(render(&report).contains(">setspec push-receiver: 1 violated</title>"));
        report.baseline = Some(crate::run::baseline::BaselineOutcome { holds: true, ..Default::default() });
        assert!(render(&report).contains("known violations only"));
        report.verdict = Verdict::Conformant;
        assert!(render(&report).contains("#1a7f37"));
    }
}
