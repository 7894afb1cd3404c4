//! What the service has to say itself.

use crate::alert::{Activity, Alert, Confidence, Severity};
use crate::sandbox::Fault;

/// A source has been silent, or speaks again.
pub(super) fn source_silent(source: &str, is_silent: bool, last: i64, now: i64) -> Alert {
    let activity = if is_silent { Activity::Create } else { Activity::Close };
    let title = if is_silent {
        format!("nothing comes from source {source}")
    } else {
        format!("source {source} speaks again")
    };
    Alert {
        severity: Severity::Medium,
        first_seen: last,
        description: "Detectors see nothing of what this source would tell.".to_owned(),
        remediation: "Look at whoever writes the source, and at the way from there.".to_owned(),
        entities: vec![("source".to_owned(), source.to_owned())],
        ..alert(activity, SILENT, &silent_key(source), title, now)
    }
}

const SILENT: &str = "source-silent";

/// Under which key a source's silence is open.
pub(super) fn silent_key(source: &str) -> String {
    format!("{SILENT}:{source}")
}

/// A host's clock is ahead.
pub(super) fn clock_skew(host: &str, now: i64) -> Alert {
    Alert {
        severity: Severity::Low,
        description: "Times of this host lie more than five minutes in the future. They do not \
                      move the time by which records are put in order."
            .to_owned(),
        remediation: "Set the clock of that host, or its zone in [site.time_zones].".to_owned(),
        entities: vec![("host".to_owned(), host.to_owned())],
        ..alert(
            Activity::Create,
            "clock-skew",
            &skew_key(host),
            format!("the clock of {host} is ahead"),
            now,
        )
    }
}

/// Under which key a host's clock is open.
pub(super) fn skew_key(host: &str) -> String {
    format!("clock-skew:{host}")
}

/// A detector was stopped for good.
pub(super) fn quarantine(detector: &str, fault: &Fault, now: i64) -> Alert {
    Alert {
        severity: Severity::High,
        description: format!("It failed again and again; the last time: {fault}."),
        remediation: "Its alerts are missing from now on; those of others are not. `logwasp \
                      reload` or a restart tries it again."
            .to_owned(),
        attributes: vec![
            ("detector".to_owned(), detector.to_owned()),
            ("fault".to_owned(), fault.kind().to_owned()),
        ],
        ..alert(
            Activity::Create,
            QUARANTINE,
            &format!("{QUARANTINE}:{detector}"),
            format!("detector {detector} was stopped"),
            now,
        )
    }
}

const QUARANTINE: &str = "quarantine";

/// The end of what an earlier start said under this key, when that no longer holds: every
/// start tries each detector again, and only `watched` sources can be silent.
pub(super) fn outdated(key: &str, watched: &[&str], now: i64) -> Option<Alert> {
    let (rule, of) = key.split_once(':')?;
    let title = match rule {
        SILENT if !watched.contains(&of) => format!("source {of} is not watched any more"),
        QUARANTINE => format!("detector {of} is tried again"),
        _ => return None,
    };
    Some(alert(Activity::Close, rule, key, title, now))
}

fn alert(activity: Activity, rule: &str, key: &str, title: String, now: i64) -> Alert {
    Alert {
        activity,
        rule: rule.to_owned(),
        key: key.to_owned(),
        severity: Severity::Low,
        confidence: Confidence::High,
        noise: false,
        time: now,
        first_seen: now,
        last_seen: now,
        count: 1,
        title,
        description: String::new(),
        remediation: String::new(),
        entities: Vec::new(),
        attributes: Vec::new(),
        labels: Vec::new(),
        attack: Vec::new(),
        evidence: Vec::new(),
        amends: None,
    }
}
