//! Untrusted text: made short and printable before it goes anywhere.

use std::borrow::Cow;

/// The longest start of `text` of at most `bytes_max` bytes, cut between characters.
pub fn shorten(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default()
}

/// Runs of blanks, line breaks and control characters become one blank.
pub fn fold(text: &str) -> Cow<'_, str> {
    if is_folded(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if !text.contains("  ") && !text.chars().any(|c| c != ' ' && odd(c)) {
        return Cow::Borrowed(text.trim());
    }
    let words: Vec<&str> = text.split(odd).filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}

/// True for words of printable ASCII with single blanks between them: most texts.
fn is_folded(text: &[u8]) -> bool {
    let mut before = b' ';
    for byte in text {
        if !matches!(byte, b' '..=b'~') || (*byte == b' ' && before == b' ') {
            return false;
        }
        before = *byte;
    }
    text.is_empty() || before != b' '
}

/// One printable line of at most `bytes_max` bytes: [`fold`]ed, and `...` marks what
/// is missing.
pub fn clean(text: &str, bytes_max: usize) -> String {
    cleaned(text, bytes_max).into_owned()
}

/// The same, without a copy of what is clean.
pub fn cleaned(text: &str, bytes_max: usize) -> Cow<'_, str> {
    // Folding a huge text to print a few words of it would be waste.
    let folded = fold(shorten(text, 4 * bytes_max));
    if folded.len() <= bytes_max {
        return folded;
    }
    Cow::Owned(format!("{}...", shorten(&folded, bytes_max.saturating_sub(3))))
}

/// FNV-1a, 64 bits, of several texts: what must be told apart but not printed
/// costs eight bytes, however long its writer makes it.
pub fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.as_bytes().iter().chain(&[0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: line breaks, control characters, a cut inside a character.
    /// Guarantees: one printable line within the limit.
    #[test]
    fn text_is_made_short_and_printable() {
        assert_eq!(fold(" Unable to\r\n\trelay\0 "), "Unable to relay");
        for text in ["Unable to relay", " Unable to relay", "Unable  to relay", "Unable to relay "]
        {
            assert_eq!(fold(text), "Unable to relay");
        }
        assert_eq!((fold(""), fold(" "), fold("\0")), ("".into(), "".into(), "".into()));
        assert_eq!(clean(" Unable to\r\n\trelay\0 ", 100), "Unable to relay");
        assert_eq!(clean("Vertrieb für alle", 12), "Vertrieb ...");
        assert_eq!((clean("äöü", 5), clean("äöü", 6)), ("ä...".to_owned(), "äöü".to_owned()));
        assert_eq!(shorten("äöü", 3), "ä");
        assert!(clean(&"x\n".repeat(100_000), 100).len() <= 100);
    }

    /// Scenario: the same letters, split differently.
    /// Guarantees: they are told apart.
    #[test]
    fn fingerprints_know_their_parts() {
        assert_eq!(fingerprint(&["a", "b"]), fingerprint(&["a", "b"]));
        assert_ne!(fingerprint(&["ab", ""]), fingerprint(&["a", "b"]));
    }
}
