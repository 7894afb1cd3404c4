//! Titles and explanations of the rules R0 to R5.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::windows::tls_alert_name;
use logwasp_sdk::{Cadence, Severity};

use crate::alert::KeyTrouble;
use crate::codes::{error_state_meaning, status_name};
use crate::incident::Incident;
use crate::reading::Fact;
use crate::subject::{Subject, decimal, hex};

/// What there is to say about an incident.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) host_name: &'a str,
    pub(crate) incident: &'a Incident,
}

impl Story<'_> {
    pub(crate) fn title(&self) -> String {
        let host = self.host_name;
        match self.subject {
            Subject::CertificateLogon { user } => {
                format!("{host}: certificate logons of {user} fail")
            }
            Subject::UnusualLogon { code } => {
                format!("{host}: unusual Schannel logon failures ({})", named(*code))
            }
            Subject::PrivateKey { error_code } => match self.key_trouble(*error_code) {
                KeyTrouble::NotReadable => format!("TLS private key not readable on {host}"),
                KeyTrouble::Missing => format!("TLS private key missing on {host} (no keyset)"),
                KeyTrouble::Other => {
                    format!("TLS private key not usable on {host} ({})", named(*error_code))
                }
            },
            Subject::Credential { error_state } => format!(
                "{host}: TLS credential cannot be created (state {})",
                decimal(*error_state)
            ),
            Subject::NoSharedCipher { protocol } => {
                format!("{host}: no shared cipher with clients using {protocol}")
            }
            Subject::AlertReceived { alert } => {
                format!("{host}: {} ({})", received(*alert), tls_alert_name(*alert))
            }
            Subject::AlertSent { alert } => match self.health_check() {
                Some(rhythm) => format!(
                    "{host}: health checks without TLS on a TLS port every ~{} s",
                    rhythm.period_s
                ),
                None => format!("{host}: {} ({})", sent(*alert), tls_alert_name(*alert)),
            },
            Subject::PeerCertificate { event_id } => self.refused_title(*event_id),
        }
    }

    fn refused_title(&self, event_id: u32) -> String {
        let title = format!("{}: {}", self.host_name, refused(event_id));
        match self.values(Fact::ExpectedName) {
            [] => title,
            [name] => format!("{title} - expected {name}"),
            [name, others @ ..] => format!("{title} - expected {name} and {} more", others.len()),
        }
    }

    pub(crate) fn description(&self) -> String {
        [self.seen(), self.explanation(), self.details()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn seen(&self) -> String {
        let Incident { count, first_seen, last_seen, .. } = self.incident;
        let (event_id, host, first) =
            (self.subject.event_id(), self.host_name, format_timestamp(*first_seen));
        if *count == 1 {
            return format!("Event {event_id} on {host} at {first}.");
        }
        format!(
            "{count} x event {event_id} on {host} from {first} to {}.",
            format_timestamp(*last_seen)
        )
    }

    fn explanation(&self) -> String {
        match self.subject {
            Subject::CertificateLogon { user } => format!(
                "Schannel mapped a client certificate to the account {user}, and its logon \
                 failed. This is not the mapping noise of mail servers, which names no account."
            ),
            Subject::UnusualLogon { code } => format!(
                "Schannel logons failed without an account and with {}, which is none of the \
                 codes that count as noise here.",
                named(*code)
            ),
            Subject::PrivateKey { error_code } => self.key_explanation(*error_code),
            Subject::Credential { error_state } => credential_explanation(*error_state),
            Subject::NoSharedCipher { protocol } => format!(
                "Clients offered {protocol} with cipher suites of which this server supports \
                 none; their connections failed."
            ),
            Subject::AlertReceived { alert } => format!(
                "The other side ended handshakes with the fatal TLS alert {alert} ({}): {}.",
                tls_alert_name(*alert),
                received(*alert)
            ),
            Subject::AlertSent { alert } => self.sent_explanation(*alert),
            Subject::PeerCertificate { event_id } => {
                format!("Outbound connections failed: {}.", refused(*event_id))
            }
        }
    }

    fn key_explanation(&self, error_code: Option<u32>) -> String {
        let why = match self.key_trouble(error_code) {
            KeyTrouble::NotReadable => {
                "the key is there, but the account of the service may not read it"
            }
            KeyTrouble::Missing => "the certificate has no private key on this machine",
            KeyTrouble::Other => "the cryptographic provider refused it",
        };
        format!("TLS with this certificate fails: {why} ({}).", named(error_code))
    }

    fn sent_explanation(&self, alert: u32) -> String {
        let Some(rhythm) = self.health_check() else {
            return format!(
                "This host ended handshakes with the fatal TLS alert {alert} ({}): {}.",
                tls_alert_name(alert),
                sent(alert)
            );
        };
        format!(
            "Something connects every {} s (jitter {} s) and does not speak TLS (alert 10, state \
             1203): by its rhythm the health check of a load balancer or of a monitor.",
            rhythm.period_s, rhythm.jitter_s
        )
    }

    /// What differs between the records.
    fn details(&self) -> String {
        let mut parts = Vec::new();
        for (fact, label) in DETAILS {
            let values = self.values(fact);
            if !values.is_empty() {
                parts.push(format!("{label}: {}.", values.join(", ")));
            }
        }
        for state in self.values(Fact::ErrorState) {
            if let Some(meaning) = error_state_meaning(state) {
                parts.push(format!("State {state} usually means {meaning}."));
            }
        }
        parts.join(" ")
    }

    pub(crate) fn key_trouble(&self, error_code: Option<u32>) -> KeyTrouble {
        KeyTrouble::of(error_code, self.incident)
    }

    /// Its rhythm, when it is one.
    pub(crate) fn health_check(&self) -> Option<Cadence> {
        self.incident.rhythm().filter(|_| self.incident.severity == Severity::Info)
    }

    fn values(&self, fact: Fact) -> &[String] {
        self.incident.facts.get(&fact).map_or(&[], Vec::as_slice)
    }
}

/// Facts in the order in which they are said.
const DETAILS: [(Fact, &str); 8] = [
    (Fact::SubStatus, "Sub-status"),
    (Fact::Type, "Role"),
    (Fact::ErrorCode, "Error code"),
    (Fact::ErrorStatus, "Internal error state"),
    (Fact::ErrorState, "Internal error state"),
    (Fact::TargetName, "Target name"),
    (Fact::ExpectedName, "Expected name"),
    (Fact::Process, "Process"),
];

/// A code with its name, if it has one.
fn named(code: Option<u32>) -> String {
    match code.and_then(status_name) {
        Some(name) => format!("{} {name}", hex(code)),
        None if code.is_none() => "unknown code".to_owned(),
        None => hex(code),
    }
}

fn credential_explanation(error_state: Option<u32>) -> String {
    let state = decimal(error_state);
    let meaning = match error_state_meaning(&state) {
        Some(meaning) => format!(" That state usually means {meaning}."),
        None => String::new(),
    };
    format!(
        "A program asked for TLS and got no credential, so it cannot connect or serve.{meaning}"
    )
}

/// What the peer means by an alert.
fn received(alert: u32) -> &'static str {
    match alert {
        42 => "peers reject our certificate",
        43 => "peers do not support our kind of certificate",
        44 => "peers say that our certificate is revoked",
        45 => "peers say that our certificate has expired",
        46 => "peers do not accept our certificate",
        48 => "peers do not trust our certificate chain",
        49 => "peers deny us access",
        70 => "peers refuse our TLS version",
        71 => "peers find our ciphers too weak",
        80 => "peers report an internal error",
        10 => "peers did not expect our message",
        20 => "peers received damaged records from us",
        _ => "handshakes with peers fail",
    }
}

/// What we mean by an alert.
fn sent(alert: u32) -> &'static str {
    match alert {
        42 => "certificates of peers are rejected",
        43 => "certificates of peers are of a kind not supported here",
        44 => "certificates of peers are revoked",
        45 => "certificates of peers have expired",
        46 => "certificates of peers are not accepted",
        48 => "the certificate chain of peers is not trusted here",
        49 => "peers are denied access",
        70 => "peers offer a TLS version that is disabled here",
        71 => "peers offer ciphers that are too weak here",
        80 => "TLS handshakes end in an internal error of this host",
        10 => "peers send what is not TLS, or not in its place",
        20 => "records of peers arrive damaged",
        _ => "handshakes with peers fail for want of common parameters",
    }
}

/// Why this host refused a server's certificate.
fn refused(event_id: u32) -> &'static str {
    match event_id {
        36881 => "certificates of servers have expired or are not valid yet",
        36882 => "certificates of servers come from a CA that is not trusted here",
        36883 => "certificates of servers are revoked",
        36884 => "certificates of servers do not contain the expected name",
        _ => "certificates of servers cannot be validated",
    }
}
