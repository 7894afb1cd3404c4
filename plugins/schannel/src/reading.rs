//! What a Windows row means: noise, a hit of a rule, or nothing to us.
//!
//! No counting happens here; a row is judged by its own cells alone.

use logwasp_sdk::identity::{self, meaningful};
use logwasp_sdk::windows::{is_schannel_noise, status};
use logwasp_sdk::{Cell, Site};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::evidence::clip;
use crate::rows::{Channel, Logon};
use crate::subject::{Subject, decimal, hex, tls_alert_severity};
use crate::why;

/// Bytes kept of a cell that somebody else wrote.
const TEXT_BYTES_MAX: usize = 128;
/// STATUS_LOGON_FAILURE: what 36879 says when the mapping of a certificate failed.
const LOGON_FAILURE: u32 = 0xC000_006D;
/// A fatal alert and an internal state that plain text on a TLS port causes,
/// such as a load balancer's health check.
const PROBE_ALERT: u32 = 10;
const PROBE_ERROR_STATE: u32 = 1203;

/// Half of a failed certificate mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    /// 4625 in the Security log.
    AuditFailure,
    /// 36879 in the System log.
    Warning,
}

impl Half {
    /// The record in a few words.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::AuditFailure => {
                "4625: Schannel could not log on a certificate without an account"
            }
            Self::Warning => "36879: a client certificate was not mapped to an account",
        }
    }
}

/// What a row means.
#[derive(Debug)]
pub(crate) enum Reading {
    Noise(Half),
    Hit(Hit),
    Nothing,
}

/// A row that counts for a rule.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) subject: Subject,
    /// What may differ between the records of one subject.
    pub(crate) facts: Vec<(Fact, String)>,
    /// It looks like a health check; whether it is one, its rhythm tells.
    pub(crate) probe: bool,
}

/// What is collected beside the subject; an attribute of the alert each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Fact {
    Domain,
    SourceIp,
    SubStatus,
    Type,
    ErrorCode,
    ErrorStatus,
    ErrorState,
    TargetName,
    ExpectedName,
    Process,
    /// A name of `accepted_domains` that somebody may be standing in for.
    OwnName,
}

impl Fact {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::SourceIp => "src_ip",
            Self::SubStatus => "sub_status",
            Self::Type => "type",
            Self::ErrorCode => "error_code",
            Self::ErrorStatus => "error_status",
            Self::ErrorState => "error_state",
            Self::TargetName => "target_name",
            Self::ExpectedName => "expected_name",
            Self::Process => "process",
            Self::OwnName => "own_name",
        }
    }
}

/// Reads a 4625 of Schannel.
pub(crate) fn logon(row: &Logon<'_>, config: &Config, site: &Site) -> Reading {
    let noise_codes = &config.noise_substatus.0;
    if is_schannel_noise(row.process, row.package, row.user, row.sub_status, noise_codes) {
        return Reading::Noise(Half::AuditFailure);
    }
    let is_schannel = row.process.is_some_and(|text| text.trim().eq_ignore_ascii_case("Schannel"));
    match row.user.and_then(identity::user) {
        _ if !is_schannel => Reading::Nothing,
        Some(user) => certificate_logon(row, user, site),
        None => unusual_logon(row, noise_codes),
    }
}

/// The sub-status, or the status when there is no inner code.
fn inner_code(row: &Logon<'_>) -> Option<u32> {
    let code = |cell: Cell<'_>| cell.and_then(status).filter(|&code| code != 0);
    code(row.sub_status).or_else(|| code(row.status))
}

fn certificate_logon(row: &Logon<'_>, user: identity::User, site: &Site) -> Reading {
    let ip = row.ip.and_then(identity::ip);
    let is_ignored = identity::is_computer_account(&user.key)
        || site.ignores_user(&user.key)
        || ip.is_some_and(|ip| ip.is_loopback());
    if is_ignored {
        why::ignored(&user.key);
        return Reading::Nothing;
    }
    let domain = row.domain.and_then(meaningful).or(user.domain_hint.as_deref());
    let code = hex(inner_code(row));
    let ip = ip.map(|ip| ip.to_string());
    hit(
        Subject::CertificateLogon { user: clip(&user.key, TEXT_BYTES_MAX) },
        &[(Fact::Domain, domain), (Fact::SourceIp, ip.as_deref()), (Fact::SubStatus, Some(&code))],
    )
}

fn unusual_logon(row: &Logon<'_>, noise_codes: &[u32]) -> Reading {
    let code = inner_code(row);
    if code.is_some_and(|code| noise_codes.contains(&code)) {
        why::noise_code(code);
        return Reading::Nothing;
    }
    hit(Subject::UnusualLogon { code }, &[])
}

/// Reads an event of the provider Schannel.
pub(crate) fn channel(row: &Channel<'_>, config: &Config, site: &Site) -> Reading {
    match row.event_id.and_then(status) {
        Some(36870) => private_key(row),
        Some(36871) => credential(row),
        Some(36874) => no_shared_cipher(row),
        Some(36879) if row.error_code.and_then(status) == Some(LOGON_FAILURE) => {
            Reading::Noise(Half::Warning)
        }
        Some(36887) => tls_alert(row, |alert| Subject::AlertReceived { alert }),
        Some(36888) => tls_alert(row, |alert| Subject::AlertSent { alert }),
        Some(event_id @ (36876 | 36881..=36884)) => peer_certificate(row, event_id, config, site),
        _ => Reading::Nothing,
    }
}

fn private_key(row: &Channel<'_>) -> Reading {
    let facts = [
        (Fact::Type, row.kind),
        (Fact::ErrorStatus, row.error_status),
        (Fact::Process, row.process),
    ];
    hit(Subject::PrivateKey { error_code: row.error_code.and_then(status) }, &facts)
}

fn credential(row: &Channel<'_>) -> Reading {
    let error_state = row.error_state.and_then(status);
    let facts = [(Fact::Type, row.kind), (Fact::Process, row.process)];
    hit(Subject::Credential { error_state }, &facts)
}

fn no_shared_cipher(row: &Channel<'_>) -> Reading {
    let protocol = row.protocol.and_then(meaningful).unwrap_or("an unknown protocol");
    hit(Subject::NoSharedCipher { protocol: clip(protocol, TEXT_BYTES_MAX) }, &[])
}

fn tls_alert(row: &Channel<'_>, subject: impl Fn(u32) -> Subject) -> Reading {
    let Some(alert) = row.alert.and_then(status) else { return Reading::Nothing };
    if tls_alert_severity(alert).is_none() {
        why::harmless_alert(alert);
        return Reading::Nothing;
    }
    let subject = subject(alert);
    let error_state = row.error_state.and_then(status);
    let state = error_state.map(|state| decimal(Some(state)));
    let probe = subject == Subject::AlertSent { alert: PROBE_ALERT }
        && error_state == Some(PROBE_ERROR_STATE);
    let facts = facts(&[(Fact::ErrorState, state.as_deref()), (Fact::TargetName, row.target_name)]);
    Reading::Hit(Hit { subject, facts, probe })
}

fn peer_certificate(row: &Channel<'_>, event_id: u32, config: &Config, site: &Site) -> Reading {
    let code = row.error_code.and_then(status).map(|code| hex(Some(code)));
    let name = row.name.or(row.target_name).and_then(meaningful);
    let own_name = name.filter(|name| {
        config.label_t1557 && matches!(event_id, 36882 | 36884) && is_own_name(site, name)
    });
    let facts =
        [(Fact::ErrorCode, code.as_deref()), (Fact::ExpectedName, name), (Fact::OwnName, own_name)];
    hit(Subject::PeerCertificate { event_id }, &facts)
}

/// True for `contoso.com` and every name below it.
fn is_own_name(site: &Site, name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let parents = name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    std::iter::once(name).chain(parents).any(|domain| site.accepts_domain(domain))
}

fn hit(subject: Subject, candidates: &[(Fact, Cell<'_>)]) -> Reading {
    Reading::Hit(Hit { subject, facts: facts(candidates), probe: false })
}

/// Only what says something.
fn facts(candidates: &[(Fact, Cell<'_>)]) -> Vec<(Fact, String)> {
    let kept = |&(fact, cell): &(Fact, Cell<'_>)| {
        Some((fact, clip(cell.and_then(meaningful)?, TEXT_BYTES_MAX)))
    };
    candidates.iter().filter_map(kept).collect()
}
