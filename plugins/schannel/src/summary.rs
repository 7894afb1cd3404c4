//! The alert that sums up the noise of one host.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Confidence, Severity};

use crate::noise::Period;

/// Peers named in a summary.
const TOP_PEERS: usize = 5;

pub(crate) fn of(host_key: &str, period: &Period) -> Alert {
    let confidence = if period.paired > 0 { Confidence::High } else { Confidence::Medium };
    let peers: Vec<_> = top_peers(period).into_iter().map(|(name, _)| name).collect();
    let alert = Alert::create("N", format!("N|{host_key}|{}", period.first_seen), Severity::Info)
        .noise()
        .confidence(confidence)
        .seen(period.first_seen, period.last_seen, period.count())
        .title(format!(
            "Schannel certificate-mapping noise on {} ({} events)",
            period.host_name,
            period.count()
        ))
        .description(description(period))
        .remediation(REMEDY)
        .entity("host", host_key)
        .attribute("total_4625", period.audit_failures)
        .attribute("total_36879", period.warnings)
        .attribute("paired", period.paired)
        .attribute("unpaired_4625", period.audit_failures.saturating_sub(period.paired))
        .attribute("unpaired_36879", period.warnings.saturating_sub(period.paired))
        .attribute("smtp_sessions", period.sessions)
        .attribute("top_peer_subjects", peers.join(", "))
        .label("schannel_noise", "true")
        .evidence(period.evidence.to_vec());
    if period.warnings == 0 { alert.attribute("event_logging", "default") } else { alert }
}

/// The commonest first; of equals, in the order of their names.
fn top_peers(period: &Period) -> Vec<(&str, u64)> {
    let mut peers: Vec<_> = period.peers.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    peers.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    peers.truncate(TOP_PEERS);
    peers
}

fn description(period: &Period) -> String {
    let counts = format!(
        "{} x 4625 and {} x 36879 on {} from {} to {}; {} are pairs.",
        period.audit_failures,
        period.warnings,
        period.host_name,
        format_timestamp(period.first_seen),
        format_timestamp(period.last_seen),
        period.paired
    );
    let mut parts = vec![counts, MEANING.to_owned()];
    parts.extend(sessions(period));
    parts.extend(halves(period).map(str::to_owned));
    parts.join(" ")
}

fn sessions(period: &Period) -> Option<String> {
    if period.sessions == 0 {
        return None;
    }
    let peers: Vec<_> =
        top_peers(period).iter().map(|(name, count)| format!("{name} ({count})")).collect();
    let (sessions, peers) = (period.sessions, peers.join(", "));
    Some(format!("{sessions} fall together with an SMTP session over TLS from: {peers}."))
}

/// What a missing half means.
fn halves(period: &Period) -> Option<&'static str> {
    match (period.audit_failures, period.warnings) {
        (_, 0) => Some(ONLY_AUDIT_FAILURES),
        (0, _) => Some(ONLY_WARNINGS),
        (failures, _) if failures > period.paired => Some(UNPAIRED),
        _ => None,
    }
}

const MEANING: &str = "A peer showed a client certificate, Schannel tried to map it to a Windows \
    account and found none. Nobody tried a password, and the TLS connection usually goes on.";
const ONLY_AUDIT_FAILURES: &str = "No 36879 was seen: Schannel's EventLogging is at its default, \
    which leaves warnings out (or the System log is not collected). To see them set \
    HKLM\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL\\EventLogging to 3.";
const ONLY_WARNINGS: &str = "No 4625 was seen: the Security log is not collected, or failed logons \
    are not audited.";
const UNPAIRED: &str = "Some 4625 have no 36879 beside them. If a TLS service other than SMTP fails \
    for its clients at these times, look there.";
const REMEDY: &str = "No action. Leave 4625 with logon process Schannel and sub-status 0x80090325 \
    out of failed-logon counts; if wanted, untick client certificate mapping in the service or \
    filter these records at collection.";
