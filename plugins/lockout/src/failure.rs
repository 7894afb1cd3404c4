//! Failed logons that Windows reported, and which of them are one attempt.
//!
//! One wrong password is often reported three times: by the server that asked
//! (4625), by the domain controller that answered (4776) and by the PDC emulator
//! that it was passed on to. The copies tell different things about the source,
//! so all are kept; they count once.

use std::net::IpAddr;

use logwasp_sdk::time::SECOND;
use logwasp_sdk::windows::FailureClass;
use logwasp_sdk::{RecordRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::place::{self, Place};

/// A failed logon of a known user, as one reporter saw it. Empty texts are what
/// the record does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When it was.
    pub at: Timestamp,
    /// The record.
    pub record: RecordRef,
    /// Why it failed.
    pub class: FailureClass,
    /// The event, 0 for a line of netlogon.log.
    pub event_id: u16,
    /// The machine that reported it.
    pub reporter: String,
    /// The machine that the client says it is.
    pub workstation: String,
    /// The machine that passed the logon on (netlogon).
    pub via: String,
    /// The client's address.
    pub ip: Option<IpAddr>,
    /// The program on the reporter that tried the logon, or its `pid`.
    pub process: String,
    /// The logon type, 0 when unknown.
    pub logon_type: u8,
}

/// What kind of record reported a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The machine that was logged on to.
    Logon,
    /// The Kerberos service of a domain controller.
    Kerberos,
    /// The NTLM validation of a domain controller.
    Ntlm,
    /// The netlogon service of a domain controller.
    Netlogon,
}

impl Failure {
    /// What kind of record it is.
    pub fn reported(&self) -> Reported {
        match self.event_id {
            0 => Reported::Netlogon,
            675 | 4768 | 4771 => Reported::Kerberos,
            680 | 681 | 4776 => Reported::Ntlm,
            _ => Reported::Logon,
        }
    }

    /// True when only a domain controller writes such a record.
    pub fn is_from_dc(&self) -> bool {
        matches!(self.reported(), Reported::Kerberos | Reported::Ntlm)
    }

    /// True for what moves an account towards its lockout, or meets it.
    pub fn counts(&self) -> bool {
        matches!(self.class, FailureClass::BadPassword | FailureClass::Locked)
    }

    /// Where the attempt came from as far as this record tells, most telling
    /// first.
    pub fn sources(&self) -> Vec<Place> {
        let address = self.ip.map(Place::at);
        let workstation = Place::of(&self.workstation);
        match self.reported() {
            Reported::Netlogon => {
                workstation.or_else(|| Place::of(&self.via)).into_iter().collect()
            }
            _ => address.into_iter().chain(workstation).collect(),
        }
    }

    /// True when the machine with one of these keys reported it or is its source.
    pub fn involves(&self, is_machine: impl Fn(&str) -> bool) -> bool {
        let names = [&self.reporter, &self.workstation, &self.via];
        names.iter().any(|name| !name.is_empty() && is_machine(&place::key(name)))
            || self.ip.is_some_and(|ip| is_machine(&ip.to_string()))
    }

    /// Heap bytes behind it.
    pub fn heap_bytes(&self) -> usize {
        self.reporter.len() + self.workstation.len() + self.via.len() + self.process.len()
    }
}

/// Reports of one attempt are at most this far apart.
const COPY_SKEW: i64 = 2 * SECOND;

/// One attempt with all its reports.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'a> {
    /// The first report first.
    pub reports: Vec<&'a Failure>,
}

impl Attempt<'_> {
    /// When it was first reported.
    pub(crate) fn at(&self) -> Timestamp {
        self.reports.first().map_or(0, |report| report.at)
    }

    /// Why it failed.
    pub(crate) fn class(&self) -> FailureClass {
        self.reports.first().map_or(FailureClass::Other, |report| report.class)
    }

    /// A further report is a copy when another machine wrote it about the same
    /// kind of failure at the same moment.
    fn has_copy(&self, failure: &Failure) -> bool {
        self.class() == failure.class
            && failure.at - self.at() <= COPY_SKEW
            && self.reports.iter().all(|report| report.reporter != failure.reporter)
    }
}

/// Gathers reports, in order of time, into attempts.
pub(crate) fn attempts<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> Vec<Attempt<'a>> {
    let mut attempts: Vec<Attempt<'a>> = Vec::new();
    for failure in failures {
        let near =
            attempts.iter_mut().rev().take_while(|attempt| failure.at - attempt.at() <= COPY_SKEW);
        // The oldest attempt that lacks this reporter: reporters keep their order.
        match near.filter(|attempt| attempt.has_copy(failure)).last() {
            Some(attempt) => attempt.reports.push(failure),
            None => attempts.push(Attempt { reports: vec![failure] }),
        }
    }
    attempts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wrong password reported by `reporter`.
    fn failure(second: i64, reporter: &str) -> Failure {
        Failure {
            at: second * SECOND,
            record: 0,
            class: FailureClass::BadPassword,
            event_id: 4625,
            reporter: reporter.to_owned(),
            workstation: String::new(),
            via: String::new(),
            ip: None,
            process: String::new(),
            logon_type: 0,
        }
    }

    fn counts(failures: &[Failure]) -> Vec<usize> {
        attempts(failures).iter().map(|attempt| attempt.reports.len()).collect()
    }

    /// Scenario: one attempt seen by three machines, one seen twice by one machine,
    /// copies of another class, and copies at the edge of two seconds.
    /// Guarantees: copies count once, repetitions and other classes do not.
    #[test]
    fn copies_are_one_attempt() {
        assert_eq!(counts(&[failure(0, "EXCH01"), failure(1, "DC02"), failure(2, "DC01")]), [3]);
        assert_eq!(counts(&[failure(0, "EXCH01"), failure(3, "DC02")]), [1, 1]);
        assert_eq!(counts(&[failure(0, "DC02"), failure(1, "DC02")]), [1, 1]);
        let locked = Failure { class: FailureClass::Locked, ..failure(1, "DC02") };
        assert_eq!(counts(&[failure(0, "EXCH01"), locked]), [1, 1]);
    }

    /// Scenario: two attempts a second apart, each reported by server and domain
    /// controller.
    /// Guarantees: they stay two.
    #[test]
    fn quick_attempts_stay_apart() {
        let reports =
            [failure(0, "EXCH01"), failure(0, "DC02"), failure(1, "EXCH01"), failure(1, "DC02")];
        assert_eq!(counts(&reports), [2, 2]);
    }
}
