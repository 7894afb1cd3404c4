//! Text on a page: what comes from logs and from guests can neither act nor hide.

use std::fmt;

use super::words::counted;

/// Text, escaped for the content of elements and for quoted attributes.
///
/// Characters that cannot be seen, or that turn the direction of others, become
/// `‹U+202E›`; of a long text the beginning is shown, and how long it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    text: &'a str,
    chars_max: usize,
}

/// The text, of which so many characters are shown.
pub(super) fn text(text: &str, chars_max: usize) -> Shown<'_> {
    Shown { text, chars_max }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.text.chars();
        chars.by_ref().take(self.chars_max).try_for_each(|c| write_char(f, c))?;
        let hidden = chars.count();
        if hidden > 0 {
            write!(f, "\u{2026} [cut here, {} more characters]", counted(hidden as u64))?;
        }
        Ok(())
    }
}

fn write_char(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    use fmt::Write as _;
    match c {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\'' => f.write_str("&#39;"),
        '\n' | '\t' => f.write_char(c),
        c if is_unseen(c) => write!(f, "\u{2039}U+{:04X}\u{203a}", u32::from(c)),
        c => f.write_char(c),
    }
}

/// Controls, format characters of Unicode (general category Cf), line separators,
/// fillers without a glyph, and what is no character.
fn is_unseen(c: char) -> bool {
    let is_format = matches!(
        c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    );
    let is_filler = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let is_none = u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    c.is_control() || is_format || is_filler || is_none
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> String {
        text(raw, 1_000).to_string()
    }

    /// Scenario: texts that would end their element or attribute, and begin others.
    /// Guarantees: no character is left that HTML gives a meaning.
    #[test]
    fn markup_is_text() {
        assert_eq!(shown("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(shown("\" onload='x' &lt;"), "&quot; onload=&#39;x&#39; &amp;lt;");
        assert_eq!(shown("</pre><!--"), "&lt;/pre&gt;&lt;!--");
    }

    /// Scenario: text that turns its direction, hides, or is no text; and scripts of
    /// the world.
    /// Guarantees: the former can be seen, the latter stay as they are.
    #[test]
    fn unseen_characters_are_seen() {
        assert_eq!(shown("exe\u{202e}gpj"), "exe\u{2039}U+202E\u{203a}gpj");
        assert_eq!(shown("a\u{0}\u{1b}[2J\r\u{85}"), {
            "a\u{2039}U+0000\u{203a}\u{2039}U+001B\u{203a}[2J\u{2039}U+000D\u{203a}\u{2039}U+0085\u{203a}"
        });
        for hidden in ["\u{200b}", "\u{2066}", "\u{feff}", "\u{e0041}", "\u{ffff}", "\u{3164}"] {
            assert!(shown(hidden).contains("U+"), "{hidden:?}");
        }
        let world = "\u{e9} \u{5d0}\u{5d1} \u{645} \u{4e2d}\n\t\u{1f600}";
        assert_eq!(shown(world), world);
    }

    /// Scenario: a megabyte of one text, and texts at the limit.
    /// Guarantees: the beginning, and how much is left out; nothing at the limit.
    #[test]
    fn long_text_is_cut() {
        let long = "\u{e9}".repeat(1_000_000);
        let shown = text(&long, 10).to_string();
        assert_eq!(
            shown,
            format!("{}\u{2026} [cut here, 999,990 more characters]", "\u{e9}".repeat(10))
        );
        assert_eq!(text("abc", 3).to_string(), "abc");
        assert_eq!(text("", 0).to_string(), "");
    }
}
