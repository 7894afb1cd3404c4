//! Small readers over byte slices. Log lines are bytes until somebody shows that
//! they are text.

use memchr::memchr;

/// Splits at the first `byte`, which belongs to neither part.
pub(crate) fn split_once(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(memchr(byte, bytes)?)?;
    Some((before, rest.get(1..)?))
}

/// The number that one to nine decimal digits make; anything else is none.
pub(crate) fn digits(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 9 {
        return None;
    }
    bytes.iter().try_fold(0_u32, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u32::from(digit))
    })
}

/// A number as logs write it: decimal, `0x` hex, or negative, folded to its
/// unsigned form (to 32 bits when it fits, else to 64).
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(bytes.trim_ascii()).ok()?;
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return if hex.starts_with('+') { None } else { u64::from_str_radix(hex, 16).ok() };
    }
    if text.starts_with('-') {
        let signed: i64 = text.parse().ok()?;
        let folded = i32::try_from(signed).map(|small| u64::from(small.cast_unsigned()));
        return Some(folded.unwrap_or(signed.cast_unsigned()));
    }
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// The bytes behind base64 (RFC 4648, 4); white space is passed over, padding ends
/// it. `None` when anything else is among them.
pub(crate) fn base64<'c>(text: &[u8], arena: &'c bumpalo::Bump) -> Option<&'c [u8]> {
    let mut out = bumpalo::collections::Vec::with_capacity_in(text.len() / 4 * 3 + 3, arena);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            byte if byte.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out.into_bump_slice())
}

/// A line without its ending (`\n` was cut already) `\r`.
pub(crate) fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// True for what stands for nothing in a file: blanks, line ends, and the zeros
/// that a crash leaves behind.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\0'))
}

/// True when no byte has its top bit set. Whole words are looked at, the last one
/// again with what is left: lines are too short for a loop over the rest to be cheap.
pub(crate) fn is_ascii(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let all = words.iter().fold(0, |all, word| all | u64::from_ne_bytes(*word));
    let last = match bytes.last_chunk::<8>() {
        Some(last) => u64::from_ne_bytes(*last),
        None => rest.iter().fold(0, |all, byte| all | u64::from(*byte)),
    };
    (all | last) & 0x8080_8080_8080_8080 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: texts of all lengths around a word's, with and without one high byte.
    /// Guarantees: it is found wherever it stands.
    #[test]
    fn high_bytes_are_found() {
        for length in 0..40 {
            let mut text = vec![b'a'; length];
            assert!(is_ascii(&text));
            for at in 0..length {
                text[at] = 0x80;
                assert!(!is_ascii(&text), "{at} of {length}");
                text[at] = b'a';
            }
        }
    }

    /// Scenario: numbers of every spelling that logs use, and near misses.
    /// Guarantees: one value for one number, none for what is none.
    #[test]
    fn numbers_fold() {
        for text in ["3221225581", "0xC000006D", "0xc000006d", "-1073741715", " 3221225581 "] {
            assert_eq!(number(text.as_bytes()), Some(0xC000_006D), "{text}");
        }
        assert_eq!(number(b"-9214364837600034816"), Some(0x8020_0000_0000_0000));
        for text in ["", "-", "0x", "1e3", "+1", "99999999999999999999", "0x+1", "x"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(
            (digits(b"0042"), digits(b""), digits(b"1234567890"), digits(b"4 ")),
            (Some(42), None, None, None)
        );
    }
}
