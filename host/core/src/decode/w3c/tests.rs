//! Logs read line by line, as a stream does.

use super::super::{Decoder, Recognized, Rows};
use super::*;
use crate::event::Selector;
use crate::format::Format;
use crate::time::{YearReference, Zones, to_rfc3339};

/// Reads lines one after the other; of each event the time, and the columns asked
/// for. Damage is its reason.
fn read(log: &str, rows: Rows, columns: &[&str]) -> Vec<Vec<String>> {
    let arena = Bump::new();
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
    let mut decoder = Decoder::new(Recognized { rows, ..Recognized::plain(Format::W3c) });
    let (mut names, mut event) = (None, Event::default());
    let mut all = Vec::new();
    for line in log.lines() {
        match decoder.decode(line.as_bytes(), &context, &mut names, &mut event) {
            Ok((Decoded::Structure, _)) => {}
            Ok((Decoded::Event, _)) => {
                let text = |column: &&str| {
                    let column = Selector::parse(column).unwrap();
                    let text = column.project(&event, &arena).unwrap_or(b"(none)");
                    String::from_utf8(text.to_vec()).unwrap()
                };
                let time = to_rfc3339(event.time);
                all.push(std::iter::once(time).chain(columns.iter().map(text)).collect());
            }
            Err(damage) => all.push(vec![damage.reason.to_owned()]),
        }
    }
    all
}

/// Scenario: rows without a date over two midnights, one of them late, and a new
/// directive.
/// Guarantees: the clock falling back begins a day, a late row is of the day before.
#[test]
fn undated_rows_pass_midnight() {
    let log = "12:00:00 a\n#Date: 2026-11-20 23:00:00\n#Fields: time cs-method\n23:30:00 a\n00:00:01 b\n\
               23:59:59 late\n23:00:00 late\n12:00:00 c\n11:59:00 late\n23:00:00 d\n00:10:00 e\n\
               #Date: 2027-01-01 00:00:00\n00:10:00 f\nx g\n";
    let days: Vec<_> =
        read(log, Rows::Named, &["cs-method"]).into_iter().map(|row| row.join(" ")).collect();
    assert_eq!(
        days,
        [
            "no `#Fields` line names the columns",
            "2026-11-20T23:30:00.000000000Z a",
            "2026-11-21T00:00:01.000000000Z b",
            "2026-11-20T23:59:59.000000000Z late",
            "2026-11-20T23:00:00.000000000Z late",
            "2026-11-21T12:00:00.000000000Z c",
            "2026-11-21T11:59:00.000000000Z late",
            "2026-11-21T23:00:00.000000000Z d",
            "2026-11-22T00:10:00.000000000Z e",
            "2027-01-01T00:10:00.000000000Z f",
            "the row has no valid date and time",
        ]
    );
}

/// Scenario: ActiveSync requests with their parameters in any order, escaped, packed
/// and missing, and rows cut off.
/// Guarantees: parts of the query are found decoded, the query stays as written, a
/// row of another length is damage.
#[test]
fn queries_have_parts() {
    let log = "#Fields: date time cs-uri-query sc-win32-status\n\
               2026-11-20 09:00:00 Cmd=Sync&User=contoso%5Cuser1&DeviceId=A1&DeviceType=iPhone 1326\n\
               2026-11-20 09:00:00 deviceid=B+2&user=u%40x 0\n\
               2026-11-20 09:00:00 jAkECQRkZXYxBAECAwQGaVBob25l&CorrelationID=<empty>; 0\n\
               2026-11-20 09:00:00 - 0\n2026-11-20 09:00:00 -\n2026-11-20 09:00:00 - 0 0\n";
    let columns = ["cs-uri-query/User", "cs-uri-query/DeviceId", "cs-uri-query/Cmd"];
    let rows = read(log, Rows::Named, &columns);
    let parts: Vec<_> = rows.iter().map(|row| row[1..].join("|")).collect();
    assert_eq!(
        parts,
        [
            "contoso\\user1|A1|Sync",
            "u@x|B 2|(none)",
            "(none)|dev1|FolderSync",
            "(none)|(none)|(none)",
            "",
            ""
        ]
    );
    assert!(rows[4][0].contains("fewer") && rows[5][0].contains("more"), "{rows:?}");
}

/// Scenario: rows without a header, of several usual choices of columns in one log.
/// Guarantees: each is read by the columns of its length.
#[test]
fn rows_without_header_have_usual_columns() {
    let log = "2026-11-20 09:14:03 10.0.0.25 GET / - 443 - 10.1.1.1 UA - 401 1 1326 3\n\
               2026-11-20 09:14:03 10.0.0.25 GET / - 443 - 10.1.1.1 UA 401 1 1327 3\n\
               2026-11-20 09:14:03 10.1.1.2 2094 10.0.0.25 80 HTTP/1.1 GET /x 503 - ConnLimit -\n\
               2026-11-20 09:14:03 cells\n";
    let rows = read(
        log,
        Rows::Columns(DEFAULT_COLUMNS),
        &["c-ip", "sc-win32-status", "s-reason", "@host"],
    );
    let rows: Vec<_> = rows.iter().map(|row| row[1..].join("|")).collect();
    assert_eq!(
        rows,
        [
            "10.1.1.1|1326|(none)|10.0.0.25",
            "10.1.1.1|1327|(none)|10.0.0.25",
            "10.1.1.2|(none)|ConnLimit|10.0.0.25",
            ""
        ]
    );
}

/// Scenario: the log of the SMTP service of IIS 6.
/// Guarantees: its columns by name; the server is the host.
#[test]
fn smtp_service_rows_are_read() {
    let log = "#Fields: date time c-ip cs-username s-sitename s-computername s-ip s-port cs-method cs-uri-stem \
               cs-uri-query sc-status sc-win32-status sc-bytes cs-bytes time-taken\n\
               2009-03-10 10:00:01 10.1.2.3 webapp01 SMTPSVC1 EXCHSRV01 10.0.0.25 0 AUTH - LOGIN 535 0 40 12 30\n";
    let rows =
        read(log, Rows::Named, &["@host", "cs-method", "cs-uri-query", "sc-status", "s-sitename"]);
    assert_eq!(rows[0][1..], ["EXCHSRV01", "AUTH", "LOGIN", "535", "SMTPSVC1"]);
}
