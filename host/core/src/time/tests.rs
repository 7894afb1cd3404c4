//! Times in every spelling, and what cannot be one.

use jiff::tz::TimeZone;
use proptest::prelude::*;

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
    for text in
        ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20", ""]
    {
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
    assert_eq!(read("Dec 31 23:59:59 h", "2027-01-01T00:00:05Z"), "2026-12-31T23:59:59.000000000Z");
    assert_eq!(read("Jan  1 00:00:01 h", "2026-12-31T23:59:58Z"), "2027-01-01T00:00:01.000000000Z");
    assert_eq!(read("Jan  3 00:00:01 h", "2026-12-31T23:59:58Z"), "2026-01-03T00:00:01.000000000Z");
    assert_eq!(read("Feb 29 12:00:00 h", "2027-03-01T00:00:00Z"), "2024-02-29T12:00:00.000000000Z");
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
    assert_eq!(stamp.in_zone(zones.of(None)), (utc("2026-07-01T10:00:00Z"), TimeQuality::Exact));
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

/// Scenario: leap seconds, 24:00 and numbers out of range.
/// Guarantees: a leap second is the second before; anything else is no time.
#[test]
fn odd_clocks_are_no_times() {
    assert_eq!(iso("2016-12-31T18:59:60-05:00"), Some(utc("2016-12-31T23:59:59Z")));
    assert_eq!(iso("2017-01-01T05:29:60+05:30"), Some(utc("2016-12-31T23:59:59Z")));
    for text in [
        "2026-11-20T24:00:00Z",
        "2026-11-20T12:30:60Z",
        "2026-11-20T12:60:00Z",
        "2026-11-20T12:00:61Z",
        "2026-00-20T12:00:00Z",
    ] {
        assert_eq!(iso(text), None, "{text}");
    }
    let reference = YearReference { nanos: utc("2026-11-21T00:00:00Z") };
    for text in ["Nov 20 24:00:00 h", "Nov 0 09:14:03 h", "Feb 30 09:14:03 h"] {
        assert!(rfc3164(text.as_bytes(), &reference).is_none(), "{text}");
    }
}

/// Scenario: one instant as the usual loggers write it at or near a line's beginning.
/// Guarantees: found; local ones without a zone, exact ones with it.
#[test]
fn dated_lines_are_dated() {
    let reference = YearReference { nanos: utc("2026-11-21T00:00:00Z") };
    for line in [
        "2026-11-20 09:14:03,118 INFO [main] x: y",
        "2026-11-20 09:14:03, Info                  CBS    x",
        "[2026-11-20 09:14:03] NOTICE[1638] chan_sip.c: x",
        "[Fri Nov 20 09:14:03 2026] [error] x",
        "[Fri Nov 20 09:14:03.118112 2026] [core:info] x",
        "Fri Nov 20 09:14:03 2026 - [72926] x",
        "Fri, 20 Nov 2026 09:14:03 GMT x",
        "10.0.0.1 - - [20/Nov/2026:10:14:03 +0100] \"GET / HTTP/1.1\" 200 5",
        "example.com 10.0.0.2, 10.0.0.1 - user [20/Nov/2026:09:14:03 +0000] \"GET /\" 401 -",
        "20/Nov/2026:09:14:03 x",
        "20-Nov-2026 09:14:03.118 client 10.0.0.1#53: query",
        "1:M 20 Nov 2026 09:14:03.118 * Ready",
        "20 Nov 09:14:03.118 # x",
        "2026/11/20 09:14:03 [error] 2035#2035: *9134 x",
        "2026/11/20 09:14:03| Starting",
        "20-11-2026 10:14:03 +0100 PROXY x",
        "20.11.2026 09:14:03 x",
        "11/20/2026 09:14:03 AM x",
        "11/20/2026 9:14:03 x",
        "20/11/2026 09:14:03 x",
        "L 11/20/2026 - 09:14:03: Bad Rcon",
        "[28325:00010-3735542592] 20-11-2026 09:14:03   smtp: x",
        "Nov-20-26 09:14:03 [SSL-out] x",
        "[PST Nov 20 01:14:03] error    : x",
        "1795166043 - x",
        "1795166043.118 x",
        "1795166043118 x",
        "type=USER_LOGIN msg=audit(1795166043.118:24287): pid=1",
        "time=\"2026-11-20T09:14:03Z\" level=info msg=x",
        "level=info ts=2026-11-20T09:14:03.118Z caller=x",
        "date=2026-11-20 time=09:14:03 devname=\"fw\" tz=\"+0000\"",
        "date=2026-11-20 time=10:14:03 devname=\"fw\" tz=\"+0100\"",
        "26/11/20 09:14:03 INFO executor.Backend: x",
        "11/20/26,09:14:03,Stopped,,,",
        "11/20/26-09:14:03.118 ,1,2403488",
        "261120 091403 148 INFO dfs.DataNode: x",
        "261120  9:14:03 [Note] x",
        "20261120-09:14:03:118|Step_LSC|x",
        "20261120T091403Z x",
        "11/20 09:14:03 [LOGON] x",
        "11/20-09:14:03.118 [**] x",
        "11-20 09:14:03.118  1702  2395 D x: y",
        "[11.20 09:14:03] chrome.exe - x",
        "Nov 20 09:14:03 h app: m",
        "nova-api.log.1.2026-11-20_13:53:08 2026-11-20 09:14:03.118 25746 INFO x",
        "INFO 2026-11-20 09:14:03 x",
        "- 1795166043 2026.11.20 R02 x",
    ] {
        let found = dated(line.as_bytes(), &reference);
        let second = found.map(|found| found.stamp.as_utc().div_euclid(SECOND));
        assert_eq!(second, Some(utc("2026-11-20T09:14:03Z") / SECOND), "{line}");
    }
    let tai = dated(b"@400000004c91b044077a9e94 x", &reference).unwrap();
    assert_eq!(to_rfc3339(tai.stamp.as_utc()), "2010-09-16T05:50:50.125476500Z");
}

/// Scenario: lines that speak of times, dates, numbers and versions.
/// Guarantees: none of them is given a time.
#[test]
fn what_is_said_is_no_time() {
    let reference = YearReference { nanos: utc("2026-11-21T00:00:00Z") };
    for line in [
        "550 5.7.1 Unable to relay",
        "blocked since 2026-01-01 10:00:00",
        "Since 2026-01-01 10:00:00 nothing happened",
        "1.2.3.4 said hello at 10:00:00",
        "version 10.20.30 of 5",
        "123456789012 bytes",
        "0123456789 x",
        "17/06/09 20:10:40 guess the year",
        "99/99/2026 10:00:00 x",
        "Nov is a month",
        "",
    ] {
        assert_eq!(dated(line.as_bytes(), &reference), None, "{line}");
    }
}

/// Scenario: local times in the gap and the fold of daylight saving time.
/// Guarantees: RFC 5545's reading, in any order of questions.
#[test]
fn gaps_and_folds_are_read() {
    let zone = Zone::new(TimeZone::get("Europe/Berlin").unwrap());
    for (local, at) in [
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-03-29T03:00:00", "2026-03-29T01:00:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00Z"),
        ("2026-10-25T01:59:59", "2026-10-24T23:59:59Z"),
    ] {
        let (stamp, _) = iso8601(local.as_bytes()).unwrap();
        assert_eq!(stamp.in_zone(&zone), (utc(at), TimeQuality::ZoneAssumed), "{local}");
    }
}

proptest! {
    /// Scenario: any civil seconds in any order, in zones with daylight saving time.
    /// Guarantees: what a zone remembers changes no answer.
    #[test]
    fn memory_of_zones_is_invisible(
        name in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
        // Around changes of 2026: within hours of both Berlin ones, and anywhere.
        seconds in proptest::collection::vec(prop_oneof![1_774_740_000_i64..1_774_760_000, 1_792_880_000_i64..1_792_920_000, 0_i64..4_000_000_000], 1..20),
    ) {
        let zone = Zone::new(TimeZone::get(name).unwrap());
        for second in seconds {
            let fresh = Zone::new(TimeZone::get(name).unwrap());
            let civil = jiff::Timestamp::from_second(second).unwrap().to_zoned(TimeZone::UTC).datetime();
            let theirs = civil.to_zoned(TimeZone::get(name).unwrap()).unwrap().timestamp();
            prop_assert_eq!(zone.to_utc(second * SECOND), fresh.to_utc(second * SECOND));
            prop_assert_eq!(i128::from(zone.to_utc(second * SECOND)), theirs.as_nanosecond());
        }
    }

    /// Scenario: a month, a day and a time, and a reference around any New Year.
    /// Guarantees: the latest year that does not put the record more than 26 hours
    /// after the reference.
    #[test]
    fn the_latest_year_not_in_the_future(
        year in 1990_i64..2100, hours in -72_i64..72,
        record_hours in -400 * 24_i64..72, minute in 0_i64..60,
    ) {
        let new_year = civil::days_from_civil(year, 1, 1).unwrap() * DAY;
        let reference = YearReference { nanos: new_year + hours * HOUR };
        let record = new_year + record_hours * HOUR + minute * 60 * SECOND;
        let (_, month, day) = civil_from_days(record.div_euclid(DAY));
        let within_day = record.rem_euclid(DAY);
        let found = reference.infer(month, day, within_day).unwrap();
        prop_assert!(found <= reference.nanos + 26 * HOUR);
        let (found_year, found_month, found_day) = civil_from_days(found.div_euclid(DAY));
        prop_assert_eq!((found_month, found_day, found.rem_euclid(DAY)), (month, day, within_day));
        if let Some(next) = civil::days_from_civil(found_year + 1, month, day) {
            prop_assert!(next * DAY + within_day > reference.nanos + 26 * HOUR);
        }
        let at = jiff::Timestamp::from_nanosecond(found.into()).unwrap().to_zoned(TimeZone::UTC);
        let text = at.strftime("%b %e %H:%M:%S").to_string();
        prop_assert_eq!(rfc3164(text.as_bytes(), &reference).unwrap().0.civil_nanos, found);
    }

    /// Scenario: any instant with any offset and any number of digits, written by
    /// another library.
    /// Guarantees: the same instant, cut to nanoseconds.
    #[test]
    fn iso_agrees_with_a_library(nanos in any::<i64>(), offset_min in -1_439_i32..=1_439, digits in 0_usize..=14) {
        let offset = jiff::tz::Offset::from_seconds(offset_min * 60).unwrap();
        let at = jiff::Timestamp::from_nanosecond(nanos.into()).unwrap().to_zoned(TimeZone::fixed(offset));
        let fraction = format!("{:09}00000", at.subsec_nanosecond());
        let shown = if digits == 0 { String::new() } else { format!(".{fraction:.digits$}") };
        let text = format!("{}{shown}{}", at.strftime("%Y-%m-%dT%H:%M:%S"), at.strftime("%:z"));
        let unit = 10_i64.pow(9 - digits.min(9) as u32);
        prop_assume!((1678..2262).contains(&at.year()) && nanos.checked_add(DAY).is_some() && nanos.checked_sub(DAY).is_some());
        let subsecond = i64::from(at.subsec_nanosecond());
        prop_assert_eq!(iso(&text), Some(nanos - subsecond % unit));
    }

    /// Scenario: any text made of what stamps are made of.
    /// Guarantees: no panic, and what follows the stamp is the end of the text.
    #[test]
    fn any_text_can_be_dated(line in "[\\[(\"@]?[0-9TZ:./,+\\- A-Zadelnortuv=]{0,48}") {
        let reference = YearReference { nanos: 1_795_219_200_000_000_000 };
        if let Some(found) = dated(line.as_bytes(), &reference) {
            prop_assert!(line.as_bytes().ends_with(found.rest));
        }
    }
}
