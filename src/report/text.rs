//! Text from elsewhere made harmless: what controls a terminal, breaks XML or hides from the reader becomes visible.

use std::borrow::Cow;

/// One line: every control or invisible character, also a line break, becomes an escape such as `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_hidden)
}

/// Several lines: like [`line()`], but line breaks and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let joined = text.replace("\r\n", "\n");
    let shown = escape(&joined, |c| is_hidden(c) && c != '\n' && c != '\t');
    Cow::Owned(shown.into_owned())
}

/// The text, or its first `max` characters and how many are left out.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            Cow::Owned(format!("{}... ({more} more characters)", &text[..end]))
        }
    }
}

/// One line of at most about `max` characters.
pub fn short(text: &str, max: usize) -> String {
    line(&cut(text, max)).into_owned()
}

/// At most `max` bytes of the text, ending between characters.
pub(super) fn prefix(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn escape(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, and those that turn, hide or split what stands around them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_terminal_becomes_visible() {
        assert_eq!(line("a\x1b[2Jb\r\n"), r"a\u{1b}[2Jb\r\n");
        assert_eq!(line("\u{9b}31m \u{202e}gpj"), r"\u{9b}31m \u{202e}gpj");
        assert_eq!(line("grün, 日本"), "grün, 日本");
        assert_eq!(block("a\r\nb\tc\x07\r"), "a\nb\tc\\u{7}\\r");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß!", 3), "äöü... (2 more characters)");
        assert_eq!((prefix("äöü", 3), prefix("äöü", 9)), ("ä", "äöü"));
    }
}
