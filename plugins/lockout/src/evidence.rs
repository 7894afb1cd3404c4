//! The records that support a verdict, at most twenty.

use std::net::IpAddr;

use logwasp_sdk::{Evidence, RecordRef, Timestamp};

use crate::client::{Refusal, Service};
use crate::failure::Failure;
use crate::place::clip;
use crate::verdict::Verdict;

/// Evidence of one alert.
const EVIDENCE_MAX: usize = 20;
/// Bytes of a summary; names in it come from the logs.
const SUMMARY_BYTES_MAX: usize = 300;

/// The reports of the lockout, the failures before it, and the client's refusals;
/// oldest first.
pub(crate) fn of(verdict: &Verdict<'_>) -> Vec<Evidence> {
    let lock = verdict.scene.lock;
    let locks = lock.reports.iter().map(|report| {
        let caller = if lock.caller.is_empty() { "blank" } else { &lock.caller };
        let summary = format!("{} locked out, caller {caller}", verdict.scene.account);
        evidence(report.at, report.record, reported(&report.reporter, &summary))
    });
    let failures = verdict.failures.iter().map(|failure| of_failure(failure));
    let before = merge(Vec::new(), failures.chain(refusals(verdict)));
    merge(before, locks)
}

/// A failed logon.
pub(crate) fn of_failure(failure: &Failure) -> Evidence {
    let event = match failure.event_id {
        0 => "netlogon".to_owned(),
        id => id.to_string(),
    };
    let sources = failure.sources();
    let from = sources.first().map(|place| format!(" from {}", place.shown)).unwrap_or_default();
    let summary = format!("{event} {}{from}", failure.class.name());
    evidence(failure.at, failure.record, reported(&failure.reporter, &summary))
}

/// A refusal.
pub(crate) fn of_refusal(refusal: &Refusal) -> Evidence {
    evidence(refusal.at, refusal.record, refused(refusal.service, refusal.ip))
}

/// Adds evidence in the order of time. When it is too much, the first and the
/// newest are kept.
pub(crate) fn merge(
    mut known: Vec<Evidence>,
    more: impl IntoIterator<Item = Evidence>,
) -> Vec<Evidence> {
    for item in more {
        if !known.iter().any(|other| (other.record, other.time) == (item.record, item.time)) {
            known.push(item);
        }
    }
    known.sort_by_key(|item| (item.time, item.record));
    if known.len() > EVIDENCE_MAX {
        known.drain(1..=known.len() - EVIDENCE_MAX);
    }
    known
}

fn refusals(verdict: &Verdict<'_>) -> impl Iterator<Item = Evidence> {
    let client = verdict.attribution.client.as_ref();
    client.into_iter().flat_map(|client| {
        let summary = refused(client.service, client.ip);
        client.records.iter().map(move |&(at, record)| evidence(at, record, summary.clone()))
    })
}

fn refused(service: Service, ip: Option<IpAddr>) -> String {
    let from = ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("{} refused{from}", service.shown())
}

fn reported(reporter: &str, summary: &str) -> String {
    if reporter.is_empty() { summary.to_owned() } else { format!("{reporter}: {summary}") }
}

/// One piece of evidence.
pub(crate) fn evidence(time: Timestamp, record: RecordRef, summary: String) -> Evidence {
    Evidence { record, time, summary: clip(&summary, SUMMARY_BYTES_MAX).to_owned() }
}
