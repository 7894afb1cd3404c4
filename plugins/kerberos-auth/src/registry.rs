//! K4: somebody set DefaultEncryptionType on an Exchange server.

use logwasp_sdk::text::clean;
use logwasp_sdk::{Alert, Confidence, Event, Evidence, Severity, identity};

use crate::Hit;
use crate::rows::{Audit, Sysmon};
use crate::text;

const KEY: &str = "\\lsa\\kerberos\\parameters";
const VALUE: &str = "\\defaultencryptiontype";
/// 4657: "Existing registry value deleted". That is the cure.
const DELETED: &str = "%%1906";

/// Finds the key of an Exchange server of ours.
type Own<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// As the audit of the registry tells it.
pub(crate) fn audited(row: &Audit<'_>, event: &Event<'_>, own: &Own<'_>) -> Option<Hit> {
    let key = row.key?.to_lowercase();
    if !key.trim_end_matches('\\').ends_with(KEY) || row.operation == Some(DELETED) {
        return None;
    }
    hit(row.host, [row.value, row.user, row.process], event, own)
}

/// As Sysmon tells it.
pub(crate) fn by_sysmon(row: &Sysmon<'_>, event: &Event<'_>, own: &Own<'_>) -> Option<Hit> {
    let target = row.target?.to_lowercase();
    target.strip_suffix(VALUE).filter(|key| key.ends_with(KEY))?;
    hit(row.host, [row.value, row.user, row.process], event, own)
}

fn hit(
    host: Option<&str>,
    [value, user, process]: [Option<&str>; 3],
    event: &Event<'_>,
    own: &Own<'_>,
) -> Option<Hit> {
    let host = own(host?)?;
    let cell =
        |cell: Option<&str>| clean(cell.and_then(identity::meaningful).unwrap_or_default(), 256);
    let user = user.and_then(identity::user).map(|user| user.key).unwrap_or_default();
    let evidence = Evidence::of(event, format!("DefaultEncryptionType set to {}", cell(value)));
    let alert = Alert::create("K4", format!("K4|{host}"), Severity::Medium)
        .confidence(Confidence::High)
        .seen(event.time(), event.time(), 1)
        .title(text::forced(&host))
        .description(text::FORCED)
        .remediation(text::DECRYPT_REMEDIATION)
        .entity("host", host)
        .entity("user", clean(&user, 256))
        .entity("process", cell(process))
        .attribute("value", cell(value))
        .evidence([evidence]);
    Some(Hit::new(alert))
}
