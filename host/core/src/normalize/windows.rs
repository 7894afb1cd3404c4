//! Names for the data of classic Windows events, which carry none.
//!
//! The audit events of Windows 2000 and 2003 get the names of their successors
//! (id + 4096). The orders are those of the message templates ("Windows 2000
//! Security Event Descriptions", KB299475 and KB301677).

use bumpalo::Bump;

use crate::bytes::digits;
use crate::event::{Event, Field};

type Names = &'static [&'static str];

const LOGON_FAILURE: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "LogonType",
    "LogonProcessName",
    "AuthenticationPackageName",
    "WorkstationName",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "ProcessId",
    "TransmittedServices",
    "IpAddress",
    "IpPort",
];

const LOGON_FAILURE_WITH_STATUS: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "LogonType",
    "LogonProcessName",
    "AuthenticationPackageName",
    "WorkstationName",
    "Status",
    "SubStatus",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "ProcessId",
    "TransmittedServices",
    "IpAddress",
    "IpPort",
];

const ACCOUNT_CHANGE: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];

const PREAUTH_FAILURE: Names =
    &["TargetUserName", "TargetSid", "ServiceName", "PreAuthType", "Status", "IpAddress"];

const CREDENTIAL_VALIDATION: Names = &["PackageName", "TargetUserName", "Workstation", "Status"];

const SMTP_AUTH_FAILURE: Names = &["Error", "Connector", "Mechanism", "IpAddress"];

/// The names of a classic event's data, in order.
fn names(provider: &[u8], event_id: u32) -> Option<Names> {
    Some(match (provider, event_id) {
        (b"Security", 529..=536 | 539) => LOGON_FAILURE,
        (b"Security", 537) => LOGON_FAILURE_WITH_STATUS,
        (b"Security", 644 | 671 | 627 | 628) => ACCOUNT_CHANGE,
        (b"Security", 675) => PREAUTH_FAILURE,
        (b"Security", 680 | 681) => CREDENTIAL_VALIDATION,
        (b"MSExchangeTransport" | b"MSExchangeFrontEndTransport", 1035) => SMTP_AUTH_FAILURE,
        _ => return None,
    })
}

/// Names the unnamed data of classic events whose order is known.
pub(crate) fn name_classic_fields<'c>(event: &mut Event<'c>, arena: &'c Bump) {
    // Winlogbeat calls unnamed data `param1`, `param2`, ...
    let is_unnamed = |field: &Field<'_>| {
        field.name == b"Data"
            || field.name.strip_prefix(b"param").is_some_and(|number| digits(number).is_some())
    };
    if !event.fields.first().is_some_and(is_unnamed) {
        return;
    }
    let provider = event.provider.map(|value| value.text(arena)).unwrap_or_default();
    let Some(names) = names(provider, event.event_id) else { return };
    for (field, name) in event.fields.iter_mut().zip(names) {
        if is_unnamed(field) {
            field.name = name.as_bytes();
        }
    }
}
