//! Untrusted text: made short and printable before it goes anywhere.

use std::borrow::Cow;

/// The longest start of `text` of at most `bytes_max` bytes.
pub(crate) fn shorten(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// Runs of blanks, line breaks and control characters become one blank.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if !text.contains("  ") && !text.chars().any(|c| c != ' ' && odd(c)) {
        return Cow::Borrowed(text.trim());
    }
    let words: Vec<&str> = text.split(odd).filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

/// Folded, and shortened with a mark where something is missing.
pub(crate) fn clean(text: &str, bytes_max: usize) -> String {
    // Folding a huge text to print a few words of it would be waste.
    let folded = fold(shorten(text, 4 * bytes_max));
    if folded.len() <= bytes_max {
        return folded.into_owned();
    }
    format!("{}...", shorten(&folded, bytes_max.saturating_sub(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: line breaks, control characters, and a cut inside a character.
    /// Guarantees: one printable line within the limit.
    #[test]
    fn text_is_made_short_and_printable() {
        assert_eq!(fold(" Unable to\r\n\trelay\0 "), "Unable to relay");
        assert_eq!(clean("Vertrieb für alle", 12), "Vertrieb ...");
        assert_eq!(clean("äöü", 5), "ä...");
        assert_eq!(clean("äöü", 6), "äöü");
        assert_eq!(shorten("äöü", 3), "ä");
        assert!(clean(&"x\n".repeat(100_000), 100).len() <= 100);
    }
}
