//! Numbers and times as people say them. All times are UTC.

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

/// How long it is from one time to another: `2 h 5 min`, the two largest units.
pub(super) fn duration(from: i64, to: i64) -> String {
    let nanos = to.abs_diff(from);
    let Some(first) = UNITS.iter().position(|(unit, _)| nanos >= *unit) else {
        return if nanos == 0 { "at once".to_owned() } else { "under 1 s".to_owned() };
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
    /// Guarantees: the two largest units, and no overflow.
    #[test]
    fn durations_have_two_units() {
        let seconds = |seconds: i64| duration(5, 5 + seconds * 1_000_000_000);
        assert_eq!(
            [0, 9, 60, 61, 3_600].map(seconds),
            ["at once", "9 s", "1 min", "1 min 1 s", "1 h"]
        );
        assert_eq!(seconds(86_400 + 59), "1 d");
        assert_eq!(duration(0, 1), "under 1 s");
        assert_eq!(duration(i64::MIN, i64::MAX), "213,503 d 23 h");
    }
}
