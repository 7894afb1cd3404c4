//! The message templates of the events that detectors read: labels in the order of
//! the text, and the names that Event XML has for their values. Labels repeat
//! between sections, so the order counts ("Appendix L: Events to Monitor" and the
//! pages of each audit event, Microsoft Learn; Windows 2000/2003: KB299475).

use super::sentences::SENTENCES;

/// A label, and the field whose value follows it. A heading has no field.
pub(super) type Entry = (&'static str, &'static str);

/// How the text of an event is laid out.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) ids: &'static [u32],
    pub(super) provider: &'static str,
    /// What the text begins with.
    pub(super) titles: &'static [&'static str],
    pub(super) entries: &'static [Entry],
}

const AUDIT: &str = "Microsoft-Windows-Security-Auditing";
const CLASSIC: &str = "Security";

const SUBJECT_ID: Entry = ("Security ID", "SubjectUserSid");
const SUBJECT_NAME: Entry = ("Account Name", "SubjectUserName");
const SUBJECT_DOMAIN: Entry = ("Account Domain", "SubjectDomainName");
const SUBJECT_LOGON: Entry = ("Logon ID", "SubjectLogonId");
const SUBJECT: Entry = ("Subject", "");
const ADDITIONAL: Entry = ("Additional Information", "");
const PRIVILEGES: Entry = ("Privileges", "PrivilegeList");
const NETWORK: Entry = ("Network Information", "");
const CLIENT_ADDRESS: Entry = ("Client Address", "IpAddress");
const CLIENT_PORT: Entry = ("Client Port", "IpPort");
const TICKET_OPTIONS: Entry = ("Ticket Options", "TicketOptions");
const ENCRYPTION: Entry = ("Ticket Encryption Type", "TicketEncryptionType");
const PRE_AUTH: Entry = ("Pre-Authentication Type", "PreAuthType");
const SERVICE: Entry = ("Service Information", "");
const SERVICE_NAME: Entry = ("Service Name", "ServiceName");
const SERVICE_ID: Entry = ("Service ID", "ServiceSid");
const CERTIFICATE: Entry = ("Certificate Information", "");
const ISSUER: Entry = ("Certificate Issuer Name", "CertIssuerName");
const SERIAL: Entry = ("Certificate Serial Number", "CertSerialNumber");
const THUMBPRINT: Entry = ("Certificate Thumbprint", "CertThumbprint");

const FAILED_LOGON: &[Entry] = &[
    SUBJECT,
    SUBJECT_ID,
    SUBJECT_NAME,
    SUBJECT_DOMAIN,
    SUBJECT_LOGON,
    ("Logon Type", "LogonType"),
    ("Account For Which Logon Failed", ""),
    ("Security ID", "TargetUserSid"),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ("Failure Information", ""),
    ("Failure Reason", "FailureReason"),
    ("Status", "Status"),
    ("Sub Status", "SubStatus"),
    ("Process Information", ""),
    ("Caller Process ID", "ProcessId"),
    ("Caller Process Name", "ProcessName"),
    NETWORK,
    ("Workstation Name", "WorkstationName"),
    ("Source Network Address", "IpAddress"),
    ("Source Port", "IpPort"),
    ("Detailed Authentication Information", ""),
    ("Logon Process", "LogonProcessName"),
    ("Authentication Package", "AuthenticationPackageName"),
    ("Transited Services", "TransmittedServices"),
    ("Package Name (NTLM only)", "LmPackageName"),
    ("Key Length", "KeyLength"),
];

const LOGON: &[Entry] = &[
    SUBJECT,
    SUBJECT_ID,
    SUBJECT_NAME,
    SUBJECT_DOMAIN,
    SUBJECT_LOGON,
    ("Logon Information", ""),
    ("Logon Type", "LogonType"),
    ("Restricted Admin Mode", "RestrictedAdminMode"),
    ("Remote Credential Guard", "RemoteCredentialGuard"),
    ("Virtual Account", "VirtualAccount"),
    ("Elevated Token", "ElevatedToken"),
    ("Impersonation Level", "ImpersonationLevel"),
    ("New Logon", ""),
    ("Security ID", "TargetUserSid"),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ("Logon ID", "TargetLogonId"),
    ("Linked Logon ID", "TargetLinkedLogonId"),
    ("Network Account Name", "TargetOutboundUserName"),
    ("Network Account Domain", "TargetOutboundDomainName"),
    ("Logon GUID", "LogonGuid"),
    ("Process Information", ""),
    ("Process ID", "ProcessId"),
    ("Process Name", "ProcessName"),
    NETWORK,
    ("Workstation Name", "WorkstationName"),
    ("Source Network Address", "IpAddress"),
    ("Source Port", "IpPort"),
    ("Detailed Authentication Information", ""),
    ("Logon Process", "LogonProcessName"),
    ("Authentication Package", "AuthenticationPackageName"),
    ("Transited Services", "TransmittedServices"),
    ("Package Name (NTLM only)", "LmPackageName"),
    ("Key Length", "KeyLength"),
];

const LOGOFF: &[Entry] = &[
    SUBJECT,
    ("Security ID", "TargetUserSid"),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ("Logon ID", "TargetLogonId"),
    ("Logon Type", "LogonType"),
];

const EXPLICIT_LOGON: &[Entry] = &[
    SUBJECT,
    SUBJECT_ID,
    SUBJECT_NAME,
    SUBJECT_DOMAIN,
    SUBJECT_LOGON,
    ("Logon GUID", "LogonGuid"),
    ("Account Whose Credentials Were Used", ""),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ("Logon GUID", "TargetLogonGuid"),
    ("Target Server", ""),
    ("Target Server Name", "TargetServerName"),
    ("Additional Information", "TargetInfo"),
    ("Process Information", ""),
    ("Process ID", "ProcessId"),
    ("Process Name", "ProcessName"),
    NETWORK,
    ("Network Address", "IpAddress"),
    ("Port", "IpPort"),
];

const LOCKED_OUT: &[Entry] = &[
    SUBJECT,
    SUBJECT_ID,
    SUBJECT_NAME,
    SUBJECT_DOMAIN,
    SUBJECT_LOGON,
    ("Account That Was Locked Out", ""),
    ("Security ID", "TargetSid"),
    ("Account Name", "TargetUserName"),
    ADDITIONAL,
    ("Caller Computer Name", "TargetDomainName"),
];

const ACCOUNT_CHANGE: &[Entry] = &[
    SUBJECT,
    SUBJECT_ID,
    SUBJECT_NAME,
    SUBJECT_DOMAIN,
    SUBJECT_LOGON,
    ("Target Account", ""),
    ("Security ID", "TargetSid"),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ADDITIONAL,
    PRIVILEGES,
];

const TGT: &[Entry] = &[
    ("Account Information", ""),
    ("Account Name", "TargetUserName"),
    ("Supplied Realm Name", "TargetDomainName"),
    ("User ID", "TargetSid"),
    SERVICE,
    SERVICE_NAME,
    SERVICE_ID,
    NETWORK,
    CLIENT_ADDRESS,
    CLIENT_PORT,
    ADDITIONAL,
    TICKET_OPTIONS,
    ("Result Code", "Status"),
    ENCRYPTION,
    PRE_AUTH,
    CERTIFICATE,
    ISSUER,
    SERIAL,
    THUMBPRINT,
];

const SERVICE_TICKET: &[Entry] = &[
    ("Account Information", ""),
    ("Account Name", "TargetUserName"),
    ("Account Domain", "TargetDomainName"),
    ("Logon GUID", "LogonGuid"),
    SERVICE,
    SERVICE_NAME,
    SERVICE_ID,
    NETWORK,
    CLIENT_ADDRESS,
    CLIENT_PORT,
    ADDITIONAL,
    TICKET_OPTIONS,
    ENCRYPTION,
    ("Failure Code", "Status"),
    ("Transited Services", "TransmittedServices"),
];

const PRE_AUTH_FAILED: &[Entry] = &[
    ("Account Information", ""),
    ("Security ID", "TargetSid"),
    ("Account Name", "TargetUserName"),
    SERVICE,
    SERVICE_NAME,
    NETWORK,
    CLIENT_ADDRESS,
    CLIENT_PORT,
    ADDITIONAL,
    TICKET_OPTIONS,
    ("Failure Code", "Status"),
    PRE_AUTH,
    CERTIFICATE,
    ISSUER,
    SERIAL,
    THUMBPRINT,
];

const VALIDATION: &[Entry] = &[
    ("Authentication Package", "PackageName"),
    ("Logon Account", "TargetUserName"),
    ("Logon account", "TargetUserName"),
    ("Source Workstation", "Workstation"),
    ("Error Code", "Status"),
];

const SPECIAL_PRIVILEGES: &[Entry] =
    &[SUBJECT, SUBJECT_ID, SUBJECT_NAME, SUBJECT_DOMAIN, SUBJECT_LOGON, PRIVILEGES];

const CLASSIC_FAILURE: &[Entry] = &[
    ("Reason", "FailureReason"),
    ("User Name", "TargetUserName"),
    ("Domain", "TargetDomainName"),
    ("Logon Type", "LogonType"),
    ("Logon Process", "LogonProcessName"),
    ("Authentication Package", "AuthenticationPackageName"),
    ("Workstation Name", "WorkstationName"),
    ("Status code", "Status"),
    ("Substatus code", "SubStatus"),
    ("Caller User Name", "SubjectUserName"),
    ("Caller Domain", "SubjectDomainName"),
    ("Caller Logon ID", "SubjectLogonId"),
    ("Caller Process ID", "ProcessId"),
    ("Transited Services", "TransmittedServices"),
    ("Source Network Address", "IpAddress"),
    ("Source Port", "IpPort"),
];

const CLASSIC_LOCKED_OUT: &[Entry] = &[
    ("Target Account Name", "TargetUserName"),
    ("Caller Machine Name", "TargetDomainName"),
    ("Target Account ID", "TargetSid"),
    ("Caller User Name", "SubjectUserName"),
    ("Caller Domain", "SubjectDomainName"),
    ("Caller Logon ID", "SubjectLogonId"),
];

const CLASSIC_CHANGE: &[Entry] = &[
    ("Target Account Name", "TargetUserName"),
    ("Target Domain", "TargetDomainName"),
    ("Target Account ID", "TargetSid"),
    ("Caller User Name", "SubjectUserName"),
    ("Caller Domain", "SubjectDomainName"),
    ("Caller Logon ID", "SubjectLogonId"),
    PRIVILEGES,
];

const CLASSIC_TGT: &[Entry] = &[
    ("User Name", "TargetUserName"),
    ("Supplied Realm Name", "TargetDomainName"),
    ("User ID", "TargetSid"),
    SERVICE_NAME,
    SERVICE_ID,
    TICKET_OPTIONS,
    ("Result Code", "Status"),
    ENCRYPTION,
    PRE_AUTH,
    CLIENT_ADDRESS,
];

const CLASSIC_TICKET: &[Entry] = &[
    ("User Name", "TargetUserName"),
    ("User Domain", "TargetDomainName"),
    SERVICE_NAME,
    SERVICE_ID,
    TICKET_OPTIONS,
    ENCRYPTION,
    CLIENT_ADDRESS,
    ("Failure Code", "Status"),
    ("Logon GUID", "LogonGuid"),
    ("Transited Services", "TransmittedServices"),
];

const CLASSIC_PRE_AUTH: &[Entry] = &[
    ("User Name", "TargetUserName"),
    ("User ID", "TargetSid"),
    SERVICE_NAME,
    PRE_AUTH,
    ("Failure Code", "Status"),
    CLIENT_ADDRESS,
];

const CLASSIC_VALIDATION: &[Entry] = &[
    ("Logon attempt by", "PackageName"),
    ("Logon account", "TargetUserName"),
    ("Source Workstation", "Workstation"),
    ("Error Code", "Status"),
];

const fn audit(
    ids: &'static [u32],
    titles: &'static [&'static str],
    entries: &'static [Entry],
) -> Template {
    Template { ids, provider: AUDIT, titles, entries }
}

const fn classic(
    ids: &'static [u32],
    titles: &'static [&'static str],
    entries: &'static [Entry],
) -> Template {
    Template { ids, provider: CLASSIC, titles, entries }
}

/// All templates. A title without an id of its own (`529` and its kin) names the
/// first id that its template has, unless the text says more.
pub(super) const TEMPLATES: &[Template] = &[
    audit(&[4625], &["An account failed to log on"], FAILED_LOGON),
    audit(&[4624], &["An account was successfully logged on"], LOGON),
    audit(&[4634], &["An account was logged off"], LOGOFF),
    audit(&[4648], &["A logon was attempted using explicit credentials"], EXPLICIT_LOGON),
    audit(&[4672], &["Special privileges assigned to new logon"], SPECIAL_PRIVILEGES),
    audit(&[4740], &["A user account was locked out"], LOCKED_OUT),
    audit(&[4767], &["A user account was unlocked"], ACCOUNT_CHANGE),
    audit(&[4723], &["An attempt was made to change an account's password"], ACCOUNT_CHANGE),
    audit(&[4724], &["An attempt was made to reset an account's password"], ACCOUNT_CHANGE),
    audit(&[4768], &["A Kerberos authentication ticket (TGT) was requested"], TGT),
    audit(&[4769], &["A Kerberos service ticket was requested"], SERVICE_TICKET),
    audit(&[4771], &["Kerberos pre-authentication failed"], PRE_AUTH_FAILED),
    audit(
        &[4776],
        &[
            "The computer attempted to validate the credentials for an account",
            "The domain controller attempted to validate the credentials for an account",
        ],
        VALIDATION,
    ),
    audit(
        &[4777],
        &["The domain controller failed to validate the credentials for an account"],
        VALIDATION,
    ),
    classic(
        &[529, 530, 531, 532, 533, 534, 535, 536, 537, 539],
        &["Logon Failure:"],
        CLASSIC_FAILURE,
    ),
    classic(&[644], &["User Account Locked Out:"], CLASSIC_LOCKED_OUT),
    classic(&[671], &["User Account Unlocked:"], CLASSIC_CHANGE),
    classic(&[627], &["Change Password Attempt:"], CLASSIC_CHANGE),
    classic(&[628], &["User Account password set:"], CLASSIC_CHANGE),
    classic(
        &[672, 676],
        &["Authentication Ticket Request:", "Authentication Ticket Granted:"],
        CLASSIC_TGT,
    ),
    classic(&[673, 677], &["Service Ticket Request:", "Service Ticket Granted:"], CLASSIC_TICKET),
    classic(&[675], &["Pre-authentication failed:"], CLASSIC_PRE_AUTH),
    classic(&[680, 681], &["Logon attempt by:"], CLASSIC_VALIDATION),
];

/// What the reason of a classic logon failure begins with.
pub(super) const REASONS: &[(&str, u32)] = &[
    ("Unknown user name or bad password", 529),
    ("Account logon time restriction violation", 530),
    ("Account currently disabled", 531),
    ("The specified user account has expired", 532),
    ("User not allowed to logon at this computer", 533),
    ("The user has not been granted the requested", 534),
    ("The specified account's password has expired", 535),
    ("The NetLogon component is not active", 536),
    ("An unexpected error occurred during logon", 537),
    ("An error occurred during logon", 537),
    ("Account locked out", 539),
];

/// Where the explanations begin that hold no data.
pub(super) const EXPLANATIONS: &[&str] = &[
    "This event is generated when",
    "Certificate information is only provided",
    "Pre-authentication types, ticket options",
    "Token Elevation Type indicates",
];

/// What tools show instead of a provider's name, and that name.
pub(super) const SHOWN: [(&str, &str); 2] = [
    ("Microsoft Windows security auditing.", AUDIT),
    ("Microsoft Windows security auditing", AUDIT),
];

/// Sources, and the texts that tell them without their names, for the scan.
pub(crate) fn sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_template = |template: &'static Template| {
        template.titles.iter().map(|title| (template.provider, *title))
    };
    let shown = SHOWN.iter().map(|(shown, provider)| (*provider, *shown));
    let sentences = SENTENCES.iter().map(|sentence| (sentence.provider, sentence.title));
    TEMPLATES.iter().flat_map(of_template).chain(sentences).chain(shown)
}

/// The titles of an event, for the scan.
pub(crate) fn titles(id: u32) -> impl Iterator<Item = &'static str> {
    let of_id = TEMPLATES.iter().filter(move |template| template.ids.contains(&id));
    let sentences = SENTENCES.iter().filter(move |sentence| sentence.id == id);
    of_id
        .flat_map(|template| template.titles.iter().copied())
        .chain(sentences.map(|sentence| sentence.title))
}
