//! The one place where text becomes time: UTC nanoseconds since the Unix epoch.
//!
//! The readers for the formats of the hot path are written out; zones come from
//! `jiff`. Nothing here reads a clock: where a format has no year, the caller
//! gives the reference.

use jiff::civil;
use jiff::tz::TimeZone;

use crate::bytes::{digits, split_once};

mod servers;

pub(crate) use servers::{native, ncsa, netlogon};

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// Nanoseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// How far an event's time can be trusted. The numbers are the contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum TimeQuality {
    /// Written in the record, with year and zone.
    Exact = 0,
    /// The record names no year.
    YearInferred = 1,
    /// The record names no zone.
    ZoneAssumed = 2,
    /// Taken from an earlier record of the same stream.
    Inherited = 3,
    /// The moment of receipt.
    Receipt = 4,
    /// No time is known.
    #[default]
    None = 5,
}

/// A civil date and time, with what the text said about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds as if the text were UTC.
    pub civil_nanos: i64,
    /// Seconds east of UTC, when the text names a zone.
    pub offset_s: Option<i32>,
}

impl Stamp {
    /// The instant, taking a missing zone as UTC.
    pub fn as_utc(self) -> i64 {
        self.civil_nanos.saturating_sub(i64::from(self.offset_s.unwrap_or(0)) * SECOND)
    }

    /// The instant and its quality, taking a missing zone from `zone`.
    pub fn in_zone(self, zone: &TimeZone) -> (i64, TimeQuality) {
        match self.offset_s {
            Some(_) => (self.as_utc(), TimeQuality::Exact),
            None => (to_utc(self.civil_nanos, zone), TimeQuality::ZoneAssumed),
        }
    }
}

/// Reads `2026-11-20T09:14:03[.fraction][Z|+01:00]`, also with a blank instead of
/// the `T`, a comma before the fraction, and `UTC`-less as Windows exporters do.
/// Returns the stamp and what follows it.
pub fn iso8601(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let days = days_from_civil(
        i64::from(digits(&[y1, y2, y3, y4])?),
        digits(&[m1, m2])?,
        digits(&[d1, d2])?,
    )?;
    let rest = rest
        .strip_prefix(b"T")
        .or_else(|| rest.strip_prefix(b"t"))
        .or_else(|| rest.strip_prefix(b" "))?;
    let (seconds, rest) = clock(rest)?;
    let (fraction, rest) = fraction(rest);
    let (offset_s, rest) = offset(rest);
    Some((Stamp { civil_nanos: days * DAY + seconds * SECOND + fraction, offset_s }, rest))
}

/// Like [`iso8601`], also with a blank before the zone: `2026-11-20 09:14:03 +0100`.
pub fn iso8601_spaced(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (stamp, rest) = iso8601(text)?;
    if stamp.offset_s.is_some() {
        return Some((stamp, rest));
    }
    let (offset_s, after) = offset(rest.strip_prefix(b" ").unwrap_or(rest));
    Some((Stamp { offset_s, ..stamp }, if offset_s.is_some() { after } else { rest }))
}

/// Reads `11/20/2026 09:14:03[.118][ AM]`, as Windows programs write it where
/// nobody asked for more: month, day, year, local time.
pub fn us_date(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (month, rest) = one_or_two_digits(text)?;
    let (day, rest) = one_or_two_digits(rest.strip_prefix(b"/")?)?;
    let (year, rest) = year(rest.strip_prefix(b"/")?)?;
    let days = days_from_civil(year, month, day)?;
    let rest = rest.trim_ascii_start();
    let (hour, minute) = one_or_two_digits(rest)?;
    let (minute, rest) = one_or_two_digits(minute.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":").and_then(one_or_two_digits) {
        Some((second, rest)) => (second, rest),
        None => (0, rest),
    };
    let (nanos, rest) = fraction(rest);
    let after_blanks = rest.trim_ascii_start();
    let (hour, rest) = match after_blanks.get(..2) {
        Some(half) if half.eq_ignore_ascii_case(b"AM") => (hour % 12, after_blanks.get(2..)?),
        Some(half) if half.eq_ignore_ascii_case(b"PM") => (hour % 12 + 12, after_blanks.get(2..)?),
        _ => (hour, rest),
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = i64::from(hour * 3_600 + minute * 60 + second.min(59));
    Some((Stamp { civil_nanos: days * DAY + seconds * SECOND + nanos, offset_s: None }, rest))
}

/// Reads `Fri Nov 20 09:14:03 2026`, the stamp of C's `asctime`; the weekday and the
/// year may be missing.
pub fn asctime<'a>(text: &'a [u8], reference: &YearReference) -> Option<(Stamp, bool, &'a [u8])> {
    let weekday = text.get(..3).is_some_and(|word| word.iter().all(u8::is_ascii_alphabetic));
    let after = text.get(4..).filter(|_| weekday && text.get(3) == Some(&b' '));
    after
        .and_then(|rest| rfc3164(rest.trim_ascii_start(), reference))
        .or_else(|| rfc3164(text, reference))
}

/// Reads the `date` and `time` columns of a W3C log, which are UTC.
pub fn w3c(date: &[u8], time: &[u8]) -> Option<i64> {
    Some(w3c_days(date)? * DAY + w3c_clock(time)?)
}

/// Nanoseconds since midnight of `09:14:03`.
pub fn w3c_clock(time: &[u8]) -> Option<i64> {
    let (seconds, rest) = clock(time)?;
    let (fraction, rest) = fraction(rest);
    rest.is_empty().then_some(seconds * SECOND + fraction)
}

/// Days since the epoch of `2026-11-20`.
pub fn w3c_days(date: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    days_from_civil(i64::from(digits(&[y1, y2, y3, y4])?), digits(&[m1, m2])?, digits(&[d1, d2])?)
}

/// Reads `Nov 20 09:14:03`, the stamp of RFC 3164 with the variants devices send:
/// a day padded with a blank or a zero or not at all, a year before the month or
/// after the time, a fraction, a zone word, a leading `*` or `.`. Returns the
/// stamp, whether a year was there, and what follows.
pub fn rfc3164<'a>(text: &'a [u8], reference: &YearReference) -> Option<(Stamp, bool, &'a [u8])> {
    let text = text.strip_prefix(b"*").or_else(|| text.strip_prefix(b".")).unwrap_or(text);
    let (year_before, text) = match year(text) {
        Some((year, rest)) => (Some(year), rest.strip_prefix(b" ")?),
        None => (None, text),
    };
    let (month, rest) = month_name(text)?;
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let (day, rest) = one_or_two_digits(rest)?;
    let rest = rest.strip_prefix(b" ")?;
    let (year_between, rest) = match year(rest) {
        Some((year, after)) if after.first() == Some(&b' ') => (Some(year), after.get(1..)?),
        _ => (None, rest),
    };
    let (seconds, rest) = clock(rest)?;
    let (fraction, rest) = fraction(rest);
    let (offset_s, rest) = zone_word(rest);
    let (year_after, rest) = match rest.strip_prefix(b" ").and_then(year) {
        Some((year, after)) if matches!(after.first(), None | Some(b' ' | b':')) => {
            (Some(year), after)
        }
        _ => (None, rest),
    };
    let known = year_before.or(year_between).or(year_after);
    let within_day = seconds * SECOND + fraction;
    let civil_nanos = match known {
        Some(year) => days_from_civil(year, month, day)? * DAY + within_day,
        None => reference.infer(month, day, within_day)?,
    };
    Some((Stamp { civil_nanos, offset_s }, known.is_some(), rest))
}

/// Reads `Fri, 20 Nov 2026 09:14:03 +0100 (CET)` of mail headers (RFC 5322, 3.3),
/// with the obsolete two-digit years and zone names.
pub fn rfc5322(text: &[u8]) -> Option<Stamp> {
    let text = text.trim_ascii();
    let text = match split_once(text, b',') {
        Some((_, rest)) => rest.trim_ascii_start(),
        None => text,
    };
    let (day, rest) = one_or_two_digits(text)?;
    let (month, rest) = month_name(rest.trim_ascii_start())?;
    let rest = rest.trim_ascii_start();
    let year_digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (year_text, rest) = rest.split_at_checked(year_digits)?;
    let year = match (i64::from(digits(year_text)?), year_digits) {
        (year, 4..) => year,
        (year @ 0..=49, _) => year + 2_000,
        (year, _) => year + 1_900,
    };
    let (seconds, rest) = clock(rest.trim_ascii_start())?;
    let (offset_s, _) = zone_word(rest);
    let civil_nanos = days_from_civil(year, month, day)? * DAY + seconds * SECOND;
    Some(Stamp { civil_nanos, offset_s })
}

/// A Windows FILETIME: 100 ns since 1601-01-01 UTC.
pub fn filetime(ticks: u64) -> i64 {
    const EPOCH_TICKS: i128 = 116_444_736_000_000_000;
    let nanos = (i128::from(ticks) - EPOCH_TICKS) * 100;
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Writes `2026-11-20T09:14:03.118345200Z`.
pub fn to_rfc3339(nanos: i64) -> String {
    let (days, within) = (nanos.div_euclid(DAY), nanos.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let (second, fraction) = (within / SECOND, within % SECOND);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:09}Z")
}

/// What a year is inferred from: the file's modification time, or the time of
/// receipt, as civil time of the stream's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearReference {
    /// Nanoseconds of the reference.
    pub nanos: i64,
}

impl YearReference {
    /// The latest year that does not put the time more than 26 hours after the
    /// reference: a day for the zones of the world, and a little for the clock.
    fn infer(&self, month: u32, day: u32, within_day: i64) -> Option<i64> {
        let (year, ..) = civil_from_days(self.nanos.div_euclid(DAY));
        // Eight years back reaches the leap day before 1904 and 2096, too.
        (0..=8).map(|back| year + 1 - back).find_map(|year| {
            let nanos = days_from_civil(year, month, day)? * DAY + within_day;
            (nanos <= self.nanos.saturating_add(26 * HOUR)).then_some(nanos)
        })
    }
}

/// The zone of each host, for formats that write local time.
#[derive(Debug, Clone)]
pub struct Zones {
    default: TimeZone,
    by_host: Vec<(Box<[u8]>, TimeZone)>,
}

impl Zones {
    /// All hosts in one zone.
    pub fn all_in(default: TimeZone) -> Self {
        Self { default, by_host: Vec::new() }
    }

    /// Sets the zone of one host; hosts are compared by their first DNS label,
    /// without regard to case.
    pub fn set(&mut self, host: &str, zone: TimeZone) {
        self.by_host.push((first_label(host.as_bytes()).to_ascii_lowercase().into(), zone));
    }

    /// The zone of a host.
    pub fn of(&self, host: Option<&[u8]>) -> &TimeZone {
        let Some(host) = host.filter(|_| !self.by_host.is_empty()) else { return &self.default };
        let label = first_label(host);
        let found = self.by_host.iter().find(|(name, _)| name.eq_ignore_ascii_case(label));
        found.map_or(&self.default, |(_, zone)| zone)
    }
}

fn first_label(host: &[u8]) -> &[u8] {
    split_once(host, b'.').map_or(host, |(label, _)| label)
}

/// Civil nanoseconds in a zone to UTC. In a gap or fold of daylight saving time
/// the earlier offset is taken, as RFC 5545 does.
fn to_utc(civil_nanos: i64, zone: &TimeZone) -> i64 {
    let (days, within) = (civil_nanos.div_euclid(DAY), civil_nanos.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let instant = || {
        let date = civil::Date::new(year.try_into().ok()?, month as i8, day as i8).ok()?;
        let time = civil::Time::new(
            (within / HOUR) as i8,
            (within / SECOND / 60 % 60) as i8,
            (within / SECOND % 60) as i8,
            (within % SECOND) as i32,
        )
        .ok()?;
        let timestamp = zone.to_timestamp(date.to_datetime(time)).ok()?;
        i64::try_from(timestamp.as_nanosecond()).ok()
    };
    instant().unwrap_or(civil_nanos)
}

/// `HH:MM:SS` to seconds; a leap second counts as the 59th.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let (clock, rest) = text.split_first_chunk::<8>()?;
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((i64::from(hour * 3_600 + minute * 60 + second.min(59)), rest))
}

/// `.118345200`, also with a comma, of any length; digits past the ninth are cut.
fn fraction(text: &[u8]) -> (i64, &[u8]) {
    let Some((b'.' | b',', rest)) = text.split_first() else { return (0, text) };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let Some((digits, after)) = rest.split_at_checked(count).filter(|_| count > 0) else {
        return (0, text);
    };
    let mut nanos = 0;
    for place in 0..9 {
        nanos = nanos * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
    }
    (nanos, after)
}

/// `Z`, `+01:00`, `+0100`, `+01`, or nothing.
fn offset(text: &[u8]) -> (Option<i32>, &[u8]) {
    let Some((&sign, rest)) = text.split_first() else { return (None, text) };
    match sign {
        b'Z' | b'z' => (Some(0), rest),
        b'+' | b'-' => match signed_offset(rest) {
            Some((seconds, rest)) => (Some(if sign == b'-' { -seconds } else { seconds }), rest),
            None => (None, text),
        },
        _ => (None, text),
    }
}

fn signed_offset(text: &[u8]) -> Option<(i32, &[u8])> {
    let (hours, rest) = text.split_at_checked(2)?;
    let hours = digits(hours)?;
    let after_colon = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = match after_colon.split_at_checked(2) {
        Some((minutes, after)) if digits(minutes).is_some() => (digits(minutes)?, after),
        _ => (0, rest),
    };
    (hours < 24 && minutes < 60).then_some(((hours * 3_600 + minutes * 60) as i32, rest))
}

/// An offset or a zone name after a blank: ` +0100`, ` UTC`, ` CEST:`. A name that
/// is not known for sure says nothing.
fn zone_word(text: &[u8]) -> (Option<i32>, &[u8]) {
    let trimmed = text.strip_prefix(b" ").unwrap_or(text);
    if let (Some(seconds), rest) = offset(trimmed) {
        return (Some(seconds), rest);
    }
    let letters = trimmed.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let Some((word, rest)) = trimmed.split_at_checked(letters) else { return (None, text) };
    let hours = match word {
        b"UTC" | b"GMT" | b"UT" => 0,
        b"WEST" | b"CET" | b"BST" => 1,
        b"CEST" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"EST" | b"CDT" => -5,
        b"EDT" => -4,
        b"CST" | b"MDT" => -6,
        b"MST" | b"PDT" => -7,
        b"PST" => -8,
        _ => return (None, text),
    };
    match rest.first() {
        None | Some(b' ' | b':' | b'\r' | b'\n' | b'(') => (Some(hours * 3_600), rest),
        Some(_) => (None, text),
    }
}

fn month_name(text: &[u8]) -> Option<(u32, &[u8])> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    let month = match name.map(|b| b.to_ascii_lowercase()).as_slice() {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    };
    Some((month, rest))
}

fn one_or_two_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let count = text.iter().take(2).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(count)?;
    Some((digits(number)?, rest))
}

/// Four digits that are a year and nothing longer.
fn year(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = text.split_first_chunk::<4>()?;
    let year = i64::from(digits(year)?);
    let ends = !rest.first().is_some_and(|b| b.is_ascii_digit());
    (ends && (1970..=2200).contains(&year)).then_some((year, rest))
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant,
/// "chrono-compatible low-level date algorithms"); `None` for no such date and for
/// years whose nanoseconds do not fit.
fn days_from_civil(year: i64, month: u32, day: u32) -> Option<i64> {
    let in_range = (1678..=2261).contains(&year) && (1..=12).contains(&month);
    if !in_range || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, yoe) = (year.div_euclid(400), year.rem_euclid(400));
    let mp = i64::from((month + 9) % 12);
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    Some(era * 146_097 + doe - 719_468)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + i64::from(month <= 2), month, (doy - (153 * mp + 2) / 5 + 1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> i64 {
        let timestamp: jiff::Timestamp = text.parse().unwrap();
        timestamp.as_nanosecond().try_into().unwrap()
    }

    fn iso(text: &str) -> Option<i64> {
        let (stamp, rest) = iso8601(text.as_bytes())?;
        rest.is_empty().then(|| stamp.as_utc())
    }

    /// Scenario: stamps as Windows, Exchange and syslog daemons write them.
    /// Guarantees: the same instant, to the nanosecond.
    #[test]
    fn iso_stamps_are_read() {
        let at = utc("2026-11-20T09:14:03.1183452Z");
        for text in [
            "2026-11-20T09:14:03.1183452Z",
            "2026-11-20 09:14:03.118345200",
            "2026-11-20T10:14:03.118345200+01:00",
            "2026-11-20T04:14:03,1183452-0500",
            "2026-11-20t09:14:03.1183452999z".replace("2999", "2").as_str(),
        ] {
            assert_eq!(iso(text), Some(at), "{text}");
        }
        assert_eq!(iso("2026-11-20T09:14:03"), Some(utc("2026-11-20T09:14:03Z")));
        assert_eq!(iso("2016-12-31T23:59:60Z"), Some(utc("2016-12-31T23:59:59Z")));
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20",
            "",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    /// Scenario: stamps without a year, read around New Year, and a leap day.
    /// Guarantees: the latest year that is not in the reference's future.
    #[test]
    fn years_are_inferred() {
        let read = |text: &str, reference: &str| {
            let reference = YearReference { nanos: utc(reference) };
            let (stamp, exact, _) = rfc3164(text.as_bytes(), &reference).unwrap();
            assert!(!exact);
            to_rfc3339(stamp.as_utc())
        };
        assert_eq!(
            read("Dec 31 23:59:59 h", "2027-01-01T00:00:05Z"),
            "2026-12-31T23:59:59.000000000Z"
        );
        assert_eq!(
            read("Jan  1 00:00:01 h", "2026-12-31T23:59:58Z"),
            "2027-01-01T00:00:01.000000000Z"
        );
        assert_eq!(
            read("Jan  3 00:00:01 h", "2026-12-31T23:59:58Z"),
            "2026-01-03T00:00:01.000000000Z"
        );
        assert_eq!(
            read("Feb 29 12:00:00 h", "2027-03-01T00:00:00Z"),
            "2024-02-29T12:00:00.000000000Z"
        );
    }

    /// Scenario: what devices make of RFC 3164's stamp.
    /// Guarantees: all are the same instant, and what follows is left over.
    #[test]
    fn broken_stamps_are_read() {
        let reference = YearReference { nanos: utc("2026-11-21T00:00:00Z") };
        for text in [
            "Nov 20 09:14:03 host",
            "Nov 20 09:14:03.000 host",
            "Nov 20 09:14:03 2026 host",
            "Nov 20 2026 09:14:03 host",
            "2026 Nov 20 09:14:03 host",
            "*Nov 20 09:14:03 UTC host",
            ".Nov 20 10:14:03 CET host",
        ] {
            let (stamp, _, rest) = rfc3164(text.as_bytes(), &reference).unwrap();
            assert_eq!(to_rfc3339(stamp.as_utc()), "2026-11-20T09:14:03.000000000Z", "{text}");
            assert_eq!(rest, b" host", "{text}");
        }
        let (stamp, _, _) = rfc3164(b"Nov 02 09:14:03 DC01", &reference).unwrap();
        assert_eq!(to_rfc3339(stamp.as_utc()), "2026-11-02T09:14:03.000000000Z");
        for text in ["Nov 31 09:14:03 h", "Foo 20 09:14:03", "Nov 20 9:14:03"] {
            assert!(rfc3164(text.as_bytes(), &reference).is_none(), "{text}");
        }
    }

    /// Scenario: dates of mails, also obsolete ones.
    /// Guarantees: zone and two-digit years are understood.
    #[test]
    fn mail_dates_are_read() {
        let at = utc("2020-05-24T09:59:06Z");
        for text in [
            "Sun, 24 May 2020 09:59:06 +0000",
            "24 May 2020 11:59:06 +0200 (CEST)",
            "Sun, 24 May 20 04:59:06 EST",
        ] {
            assert_eq!(rfc5322(text.as_bytes()).map(Stamp::as_utc), Some(at), "{text}");
        }
        assert_eq!(rfc5322(b"yesterday"), None);
    }

    /// Scenario: local time around the end of daylight saving time.
    /// Guarantees: the zone of the host decides, and says that it was assumed.
    #[test]
    fn zones_are_applied() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let mut zones = Zones::all_in(TimeZone::UTC);
        zones.set("EXCH01", berlin);
        let (stamp, _) = iso8601(b"2026-07-01T12:00:00").unwrap();
        let local = stamp.in_zone(zones.of(Some(b"exch01.contoso.com")));
        assert_eq!(local, (utc("2026-07-01T10:00:00Z"), TimeQuality::ZoneAssumed));
        assert_eq!(stamp.in_zone(zones.of(Some(b"DC01"))).0, utc("2026-07-01T12:00:00Z"));
        let (stamp, _) = iso8601(b"2026-07-01T12:00:00+02:00").unwrap();
        assert_eq!(
            stamp.in_zone(zones.of(None)),
            (utc("2026-07-01T10:00:00Z"), TimeQuality::Exact)
        );
    }

    /// Scenario: FILETIME at the epoch, today, and its extremes.
    /// Guarantees: exact, and clamped instead of wrapped.
    #[test]
    fn filetimes_are_read() {
        assert_eq!(filetime(116_444_736_000_000_000), 0);
        assert_eq!(to_rfc3339(filetime(132_606_416_930_992_210)), "2021-03-19T15:34:53.099221000Z");
        assert_eq!(filetime(u64::MAX), i64::MAX);
        assert_eq!(filetime(0), i64::MIN);
    }
}
