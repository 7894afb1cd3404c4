//! Numbers and times as people say them. All times are UTC.

use crate::alert::encode::short_time;

const SECOND: u64 = 1_000_000_000;
const UNITS: [(u64, &str); 4] =
    [(86_400 * SECOND, "d"), (3_600 * SECOND, "h"), (60 * SECOND, "min"), (SECOND, "s")];

/// `1,234,567`
pub(super) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 event`, `2 events`
pub(super) fn count_of(number: u64, what: &str) -> String {
    format!("{} {what}{}", counted(number), if number == 1 { "" } else { "s" })
}

/// From when to when, and how long: `2026-11-20 10:04:07 to 10:09:29 (5 min 22 s)`.
pub(super) fn span(from: i64, to: i64) -> String {
    let (begin, end) = (short_time(from), short_time(to));
    if begin == end {
        return begin;
    }
    let is_one_day = begin.get(..10) == end.get(..10);
    let end = if is_one_day { end.get(11..).unwrap_or_default() } else { &end };
    format!("{begin} to {end} ({})", duration(from, to))
}

/// How long it is from one time to another: `2 h 5 min`, the two largest units.
fn duration(from: i64, to: i64) -> String {
    let nanos = to.abs_diff(from);
    let Some(first) = UNITS.iter().position(|(unit, _)| nanos >= *unit) else {
        return "under 1 s".to_owned();
    };
    let mut rest = nanos;
    let mut parts = Vec::new();
    for (unit, name) in UNITS.iter().skip(first).take(2) {
        if rest >= *unit {
            parts.push(format!("{} {name}", counted(rest / unit)));
        }
        rest %= unit;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: numbers around each group of three digits.
    /// Guarantees: groups of three from the right; the plural where it belongs.
    #[test]
    fn numbers_have_groups() {
        let said = [0, 7, 999, 1_000, 229_393, 1_000_000].map(counted);
        assert_eq!(said, ["0", "7", "999", "1,000", "229,393", "1,000,000"]);
        assert_eq!([0, 1, 1_500].map(|n| count_of(n, "row")), ["0 rows", "1 row", "1,500 rows"]);
    }

    /// Scenario: spans from nothing to all of time.
    /// Guarantees: a day is said once, a moment once; the two largest units, and no
    /// overflow.
    #[test]
    fn spans_are_short() {
        let second = 1_000_000_000;
        let seconds = |from: i64, length: i64| span(from * second, (from + length) * second);
        assert_eq!(seconds(0, 0), "1970-01-01 00:00:00");
        assert_eq!(span(second, second + 1), "1970-01-01 00:00:01");
        assert_eq!(span(second - 1, second), "1970-01-01 00:00:00 to 00:00:01 (under 1 s)");
        assert_eq!(seconds(9, 61), "1970-01-01 00:00:09 to 00:01:10 (1 min 1 s)");
        assert_eq!(seconds(0, 86_400 + 59), "1970-01-01 00:00:00 to 1970-01-02 00:00:59 (1 d)");
        assert!(span(i64::MIN, i64::MAX).ends_with("(213,503 d 23 h)"));
    }
}
