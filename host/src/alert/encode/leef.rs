//! An alert in the Log Event Extended Format 2.0.
//!
//! Source: IBM QRadar, LEEF event components. Attributes have no escapes: what would
//! end one becomes a blank.

use super::facts::{
    PRODUCT, VENDOR, VERSION, addresses, attribute, entity, one_line, rfc3339, rule_id,
    severity_of_ten,
};
use crate::alert::Identified;
use crate::record::Sources;

const DELIMITER: char = '^';
/// In the notation of Java's SimpleDateFormat.
const TIME_FORMAT: &str = "yyyy-MM-dd'T'HH:mm:ss.SSSX";

/// The alert as one line, without the line end.
pub fn leef(told: &Identified, sources: &Sources) -> String {
    let alert = &told.alert;
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut put = |key: &str, value: &str| pairs.push((key.to_owned(), clean(value)));
    put("cat", &told.detector);
    put("sev", &severity_of_ten(alert.severity).to_string());
    put("devTime", &rfc3339(alert.time, 3));
    put("devTimeFormat", TIME_FORMAT);
    let known = [
        ("usrName", entity(alert, "user")),
        ("domain", attribute(alert, "domain")),
        ("src", addresses(alert, "src_ip").next()),
        ("identHostName", entity(alert, "host")),
        ("device", entity(alert, "device")),
        ("connector", entity(alert, "connector")),
        ("sourceKind", attribute(alert, "kind")),
        ("cause", attribute(alert, "cause")),
    ];
    for (key, value) in known {
        if let Some(value) = value {
            put(key, value);
        }
    }
    put("alertId", &told.id);
    put("revision", &told.revision.to_string());
    put("activity", alert.activity.name());
    put("confidence", alert.confidence.name());
    put("eventCount", &alert.count.to_string());
    put("msg", &alert.title);
    if let Some(evidence) = alert.evidence.first() {
        put("evidence", &sources.resolve(evidence.record));
    }
    let pairs: Vec<String> =
        pairs.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let rule = one_line(&rule_id(told)).replace('|', " ");
    let delimiter = DELIMITER.to_string();
    format!("LEEF:2.0|{VENDOR}|{PRODUCT}|{VERSION}|{rule}|{DELIMITER}|{}", pairs.join(&delimiter))
}

fn clean(text: &str) -> String {
    one_line(text).replace(DELIMITER, " ")
}
