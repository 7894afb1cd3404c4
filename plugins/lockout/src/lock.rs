//! A lockout, reported by one domain controller or by several.

use logwasp_sdk::identity::meaningful;
use logwasp_sdk::{Event, RecordRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::incident::Unlock;
use crate::inventory::Inventory;
use crate::place::{NAME_BYTES_MAX, shown, word};
use crate::rows::Account;

/// An account was locked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// When: the first report, or the failure that made an implied lockout certain.
    pub at: Timestamp,
    /// No domain controller reported it.
    pub implied: bool,
    /// The account's SID, empty when unknown.
    pub sid: String,
    /// The account's domain, empty when unknown.
    pub domain: String,
    /// The machine that the domain controller blames, empty when it names none.
    pub caller: String,
    /// The machine whose report is believed.
    pub reporter: String,
    /// That machine is the PDC emulator.
    pub is_pdc: bool,
    /// All reports.
    pub reports: Vec<Report>,
    /// It ended before it was judged.
    pub unlocked: Option<Unlock>,
}

/// One machine's report of a lockout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it was written.
    pub at: Timestamp,
    /// The record.
    pub record: RecordRef,
    /// Who wrote it.
    pub reporter: String,
}

/// More reports of one lockout tell nothing new.
const REPORTS_MAX: usize = 8;
/// The longest SID has 15 sub-authorities of 10 digits.
pub(crate) const SID_BYTES_MAX: usize = 184;

impl Lock {
    /// A lockout that a domain controller reports.
    pub fn reported(event: &Event<'_>, row: &Account<'_>, inventory: &Inventory) -> Self {
        let reporter = shown(row.host.unwrap_or_default());
        Self {
            at: event.time(),
            implied: false,
            sid: word(row.sid, SID_BYTES_MAX),
            domain: word(row.subject_domain, NAME_BYTES_MAX),
            caller: if is_blank_caller(row) {
                String::new()
            } else {
                shown(row.domain.unwrap_or_default())
            },
            is_pdc: inventory.is_pdc(&reporter),
            reports: vec![Report {
                at: event.time(),
                record: event.record(),
                reporter: reporter.clone(),
            }],
            reporter,
            unlocked: None,
        }
    }

    /// A lockout that only its consequences show.
    pub fn implied(at: Timestamp, domain: &str) -> Self {
        Self {
            at,
            implied: true,
            sid: String::new(),
            domain: domain.to_owned(),
            caller: String::new(),
            reporter: String::new(),
            is_pdc: false,
            reports: Vec::new(),
            unlocked: None,
        }
    }

    /// True when `other` reports the same lockout.
    pub fn is_copy(&self, other: &Lock, dup_window: i64) -> bool {
        (self.at - other.at).abs() <= dup_window && same_account(&self.sid, &other.sid)
    }

    /// Takes in a further report. The PDC emulator's is preferred, but not for
    /// naming no caller where another names one.
    pub fn merge(&mut self, other: Lock) {
        let better = self.implied
            || (self.caller.is_empty() && !other.caller.is_empty())
            || (other.is_pdc && (self.caller.is_empty() || !other.caller.is_empty()));
        self.reports.extend(other.reports);
        self.reports.truncate(REPORTS_MAX);
        if better {
            self.implied = false;
            self.caller = other.caller;
            self.reporter = other.reporter;
            self.is_pdc = other.is_pdc;
            self.domain = other.domain;
            self.sid = other.sid;
        }
    }

    /// Heap bytes behind it.
    pub fn heap_bytes(&self) -> usize {
        let reports: usize =
            self.reports.iter().map(|report| size_of::<Report>() + report.reporter.len()).sum();
        self.sid.len() + self.domain.len() + self.caller.len() + self.reporter.len() + reports
    }
}

/// True when two SIDs are of one account as far as they are known.
pub(crate) fn same_account(a: &str, b: &str) -> bool {
    a.is_empty() || b.is_empty() || a.eq_ignore_ascii_case(b)
}

/// A caller that is missing, or is the reporter's own domain and not a machine.
fn is_blank_caller(row: &Account<'_>) -> bool {
    let Some(caller) = row.domain.and_then(meaningful) else { return true };
    let is = |name: &str| !name.is_empty() && caller.eq_ignore_ascii_case(name);
    let dns_domain = row.host.and_then(|host| host.split_once('.')).map_or("", |(_, rest)| rest);
    let first_label = dns_domain.split('.').next().unwrap_or_default();
    is(row.subject_domain.unwrap_or_default().trim()) || is(dns_domain) || is(first_label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_sdk::time::SECOND;

    fn lock(second: i64, reporter: &str, caller: &str, sid: &str) -> Lock {
        Lock {
            sid: sid.to_owned(),
            caller: caller.to_owned(),
            reporter: reporter.to_owned(),
            is_pdc: reporter == "DC01",
            reports: vec![Report { at: second * SECOND, record: 0, reporter: reporter.to_owned() }],
            ..Lock { implied: false, ..Lock::implied(second * SECOND, "CONTOSO") }
        }
    }

    /// Scenario: reports ten seconds apart, one more, and of another account.
    /// Guarantees: the window's edge is inside, other accounts are not copies.
    #[test]
    fn copies_lie_within_the_window() {
        let first = lock(0, "DC02", "EXCH01", "S-1-5-21-1-2104");
        let window = 10 * SECOND;
        assert!(first.is_copy(&lock(10, "DC01", "EXCH01", "s-1-5-21-1-2104"), window));
        assert!(first.is_copy(&lock(10, "DC01", "EXCH01", ""), window));
        assert!(!first.is_copy(&lock(11, "DC01", "EXCH01", "S-1-5-21-1-2104"), window));
        assert!(!first.is_copy(&lock(1, "DC01", "EXCH01", "S-1-5-21-9-2104"), window));
    }

    /// Scenario: the PDC emulator's report comes second, once without a caller.
    /// Guarantees: it is believed, except where it would blank the caller.
    #[test]
    fn the_pdc_is_preferred() {
        let mut first = lock(0, "DC02", "WS1", "");
        first.merge(lock(1, "DC01", "WS2", ""));
        assert_eq!((first.reporter.as_str(), first.caller.as_str()), ("DC01", "WS2"));
        let mut first = lock(0, "DC02", "WS1", "");
        first.merge(lock(1, "DC01", "", ""));
        assert_eq!((first.reporter.as_str(), first.caller.as_str()), ("DC02", "WS1"));
        let mut first = lock(0, "DC01", "", "");
        first.merge(lock(1, "DC02", "WS1", ""));
        assert_eq!((first.caller.as_str(), first.reports.len(), first.at), ("WS1", 2, 0));
    }
}
