//! What the operator should do next.

use crate::cause::Cause;
use crate::chain::Kind;
use crate::verdict::Verdict;

/// What to do.
pub(crate) fn remediation(verdict: &Verdict<'_>) -> String {
    let attribution = &verdict.attribution;
    let machine = attribution.shown();
    let source = attribution.source_ip().map_or_else(|| machine.to_owned(), |ip| ip.to_string());
    match (verdict.judgement.cause, attribution.kind) {
        (Cause::Spraying, _) => format!(
            "Block {source}, look for accounts that it logged on to, and change their passwords."
        ),
        (Cause::Guessing, _) => "Block the addresses, stop publishing the service or put a second \
            factor before it, and check the account for successful logons from outside."
            .to_owned(),
        (Cause::StaleMobile, _) => "Update the password on the device or remove the account from \
            it; if nobody can, block the device with a mobile device access rule \
            (Set-CASMailbox -ActiveSyncBlockedDeviceIDs)."
            .to_owned(),
        (Cause::StaleApp, Kind::Client | Kind::InferredClient) => format!(
            "Ask the owner of {source} to replace the stored credentials by those of a service \
             account."
        ),
        (_, Kind::ExchangeUnknown) => format!(
            "On {machine}, enable protocol logging on the receive connectors \
             (Set-ReceiveConnector -ProtocolLoggingLevel Verbose) and for IMAP and POP, collect \
             these logs, and search them for the moments of the failures."
        ),
        (_, Kind::Intermediary) => {
            format!("Search the log of {machine} for the user and the moments of the failures.")
        }
        (_, Kind::NonDomainDevice) => blank(verdict),
        (Cause::UserError, _) => format!("Help the user on {machine}; no further step is needed."),
        (_, Kind::Workstation) => workstation(machine),
        (_, Kind::ExternalIp) => format!(
            "Find out which published service {machine} reaches, and whether the user is behind it."
        ),
        (_, _) => format!(
            "Ask the user for programs and devices behind {source} that store the password, and \
             update it there."
        ),
    }
}

fn blank(verdict: &Verdict<'_>) -> String {
    let dc = match verdict.dc_with_failures.as_str() {
        "" => "the domain controllers".to_owned(),
        dc => dc.to_owned(),
    };
    format!(
        "Check what stores the password and is no domain member: mobile phones, proxy servers, \
         Java and Linux services, printers. On {dc}, enable netlogon logging \
         (nltest /dbflag:0x2080ffff) to see through which server the logons come."
    )
}

fn workstation(machine: &str) -> String {
    format!(
        "On {machine}, look for the stored password: Credential Manager, services, scheduled \
         tasks, mapped drives, disconnected sessions."
    )
}
