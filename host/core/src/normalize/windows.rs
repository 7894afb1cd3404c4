//! Names for the data of Windows events that carry none: classic ones, and those of
//! shippers that only keep the order.
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

/// Events whose data have names that some shippers drop (manifest of
/// `Microsoft-Windows-Security-Auditing`; later versions only append).
const AUDIT: &[u8] = b"Microsoft-Windows-Security-Auditing";

const LOCKED_OUT: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "PrivilegeList",
];

const FAILED_LOGON: Names = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "TargetUserSid",
    "TargetUserName",
    "TargetDomainName",
    "Status",
    "FailureReason",
    "SubStatus",
    "LogonType",
    "LogonProcessName",
    "AuthenticationPackageName",
    "WorkstationName",
    "TransmittedServices",
    "LmPackageName",
    "KeyLength",
    "ProcessId",
    "ProcessName",
    "IpAddress",
    "IpPort",
];

const LOGON: Names = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "TargetUserSid",
    "TargetUserName",
    "TargetDomainName",
    "TargetLogonId",
    "LogonType",
    "LogonProcessName",
    "AuthenticationPackageName",
    "WorkstationName",
    "LogonGuid",
    "TransmittedServices",
    "LmPackageName",
    "KeyLength",
    "ProcessId",
    "ProcessName",
    "IpAddress",
    "IpPort",
    "ImpersonationLevel",
    "RestrictedAdminMode",
    "TargetOutboundUserName",
    "TargetOutboundDomainName",
    "VirtualAccount",
    "TargetLinkedLogonId",
    "ElevatedToken",
];

const LOGOFF: Names =
    &["TargetUserSid", "TargetUserName", "TargetDomainName", "TargetLogonId", "LogonType"];

const EXPLICIT_LOGON: Names = &[
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "LogonGuid",
    "TargetUserName",
    "TargetDomainName",
    "TargetLogonGuid",
    "TargetServerName",
    "TargetInfo",
    "ProcessId",
    "ProcessName",
    "IpAddress",
    "IpPort",
];

const TGT: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "TargetSid",
    "ServiceName",
    "ServiceSid",
    "TicketOptions",
    "Status",
    "TicketEncryptionType",
    "PreAuthType",
    "IpAddress",
    "IpPort",
    "CertIssuerName",
    "CertSerialNumber",
    "CertThumbprint",
    "ResponseTicket",
    "AccountSupportedEncryptionTypes",
    "AccountAvailableKeys",
    "ServiceSupportedEncryptionTypes",
    "ServiceAvailableKeys",
    "DCSupportedEncryptionTypes",
    "DCAvailableKeys",
    "ClientAdvertizedEncryptionTypes",
    "SessionKeyEncryptionType",
    "PreAuthEncryptionType",
];

const SERVICE_TICKET: Names = &[
    "TargetUserName",
    "TargetDomainName",
    "ServiceName",
    "ServiceSid",
    "TicketOptions",
    "TicketEncryptionType",
    "IpAddress",
    "IpPort",
    "Status",
    "LogonGuid",
    "TransmittedServices",
    "RequestTicketHash",
    "ResponseTicketHash",
];

const PREAUTH_FAILED: Names = &[
    "TargetUserName",
    "TargetSid",
    "ServiceName",
    "TicketOptions",
    "Status",
    "PreAuthType",
    "IpAddress",
    "IpPort",
    "CertIssuerName",
    "CertSerialNumber",
    "CertThumbprint",
];

/// The names of an event's data, in order.
fn names(provider: &[u8], event_id: u32) -> Option<Names> {
    Some(match (provider, event_id) {
        (b"Security", 529..=536 | 539) => LOGON_FAILURE,
        (b"Security", 537) => LOGON_FAILURE_WITH_STATUS,
        (b"Security", 644 | 671 | 627 | 628) => ACCOUNT_CHANGE,
        (b"Security", 675) => PREAUTH_FAILURE,
        (b"Security", 680 | 681) | (AUDIT, 4776) => CREDENTIAL_VALIDATION,
        (AUDIT, 4624) => LOGON,
        (AUDIT, 4625) => FAILED_LOGON,
        (AUDIT, 4634) => LOGOFF,
        (AUDIT, 4648) => EXPLICIT_LOGON,
        (AUDIT, 4723 | 4724 | 4740 | 4767) => LOCKED_OUT,
        (AUDIT, 4768) => TGT,
        (AUDIT, 4769) => SERVICE_TICKET,
        (AUDIT, 4771) => PREAUTH_FAILED,
        (b"Schannel", 36870) => &["Type", "ErrorCode", "ErrorStatus"],
        (b"Schannel", 36871) => &["Type", "ErrorState"],
        (b"Schannel", 36874) => &["Protocol"],
        (b"Schannel", 36887) => &["AlertDesc"],
        (b"Schannel", 36888) => &["AlertDesc", "ErrorState", "TargetName"],
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
