//! What the detector reads: alerts of the first stage.

use logwasp_sdk::{Subscription, any_of, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A revision of an alert.
        Alert on "alert" {
            id: "id",
            detector: "detector",
            rule: "rule",
            key: "key",
            activity: "activity",
            severity: "severity",
            confidence: "confidence",
            noise: "noise",
            title: "title",
            first_seen: "first_seen",
            last_seen: "last_seen",
            hosts: "entity.host[*]",
            error: "attribute.error",
            peer: "attribute.peer",
            evidence_records: "evidence.record[*]",
            evidence_times: "evidence.time[*]",
            evidence_summaries: "evidence.summary[*]",
        }
    }
}

pub(crate) fn subscriptions() -> Vec<Subscription> {
    let detectors = [
        "authas-anomaly",
        "mail-loop",
        "relay-denied",
        "schannel",
        "service-inactive",
        "tenant-throttle",
        "tls-failure",
    ];
    vec![Alert::subscribe([any_of("detector", detectors)])]
}
