//! The rest: alerts that are only counted, by detector and rule.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::html::text;
use super::shape::badge;
use super::words::{count_of, counted};
use crate::alert::encode::short_time;
use crate::alert::{Identified, Severity};

const NAME_CHARS_MAX: usize = 100;
/// Rows of the table: guests choose the names of their rules.
const ROWS_MAX: usize = 500;

struct Row {
    count: u64,
    worst: Severity,
    first_seen: i64,
    last_seen: i64,
}

/// A table of them; nothing when there are none.
pub(super) fn write(out: &mut String, rest: &[&Identified]) -> fmt::Result {
    if rest.is_empty() {
        return Ok(());
    }
    let rows = rows(rest);
    writeln!(
        out,
        "<section id=\"rest\" aria-labelledby=\"h-rest\">\n<h2 id=\"h-rest\">Only counted</h2>\n\
         <p>{} more, by detector and rule. <code>logwasp detect --output ndjson</code> tells each.</p>\n\
         <div class=\"wide\" role=\"region\" aria-labelledby=\"h-rest\" tabindex=\"0\"><table>\n\
         <thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Alerts</th>\
         <th scope=\"col\">Worst</th><th scope=\"col\">First seen</th><th scope=\"col\">Last seen</th></tr></thead>\n<tbody>",
        count_of(rest.len() as u64, "alert"),
    )?;
    for (rule, row) in rows.iter().take(ROWS_MAX) {
        writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(rule, NAME_CHARS_MAX),
            counted(row.count),
            badge(row.worst),
            short_time(row.first_seen),
            short_time(row.last_seen)
        )?;
    }
    out.push_str("</tbody>\n</table></div>\n");
    if let Some(hidden @ 1..) = rows.len().checked_sub(ROWS_MAX) {
        writeln!(out, "<p class=\"note\">and {} more</p>", count_of(hidden as u64, "rule"))?;
    }
    out.push_str("</section>\n");
    Ok(())
}

fn rows(rest: &[&Identified]) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for told in rest {
        let alert = &told.alert;
        let row = rows.entry(format!("{}.{}", told.detector, alert.rule)).or_insert(Row {
            count: 0,
            worst: alert.severity,
            first_seen: alert.first_seen,
            last_seen: alert.last_seen,
        });
        row.count += 1;
        row.worst = row.worst.max(alert.severity);
        row.first_seen = row.first_seen.min(alert.first_seen);
        row.last_seen = row.last_seen.max(alert.last_seen);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::examples::{NINE, SECOND, told};

    /// Scenario: three alerts of two rules.
    /// Guarantees: a row for each rule with its count, worst and span; nothing of none.
    #[test]
    fn the_rest_is_counted_by_rule() {
        let mut other = told("c", Severity::Info, NINE);
        other.alert.rule = "T<2>".into();
        let alerts = [
            told("a", Severity::Low, NINE),
            told("b", Severity::High, NINE + 3_600 * SECOND),
            other,
        ];
        let mut out = String::new();
        write(&mut out, &alerts.iter().collect::<Vec<_>>()).expect("in memory");
        assert_eq!(out.matches("<tr><th scope=\"row\">").count(), 2);
        let row = out.lines().find(|line| line.contains("lockout.T1")).expect("its row");
        assert!(row.contains("<td>2</td>") && row.contains("badge high"), "{row}");
        assert!(
            row.contains("2026-11-20 09:00:00") && row.contains("2026-11-20 10:01:00"),
            "{row}"
        );
        assert!(out.contains("lockout.T&lt;2&gt;"));
        out.clear();
        write(&mut out, &[]).expect("in memory");
        assert_eq!(out, "");
    }
}
