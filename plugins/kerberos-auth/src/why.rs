//! What is told of decisions when somebody asks.

use logwasp_sdk::{Cell, Timestamp, explain};

use crate::config::Config;
use crate::rows::Ticket;

/// K1: failed logons on a server, and what proves them.
pub(crate) fn judged(host: &str, failures: usize, min: usize, companions: usize, config: &Config) {
    explain("K1", host, || {
        let window = config.window;
        let counted = format!(
            "{failures} of {min} failed Kerberos logons with a broken key, {companions} \
             companions within {window}"
        );
        let is_enough = failures > 0 && (companions > 0 || failures >= min);
        format!("{counted}, {}", if is_enough { "enough" } else { "silent" })
    });
}

/// K1: a failed logon that does not count.
pub(crate) fn no_failure(host: Cell<'_>, is_own: bool) {
    explain("K1", host.unwrap_or_default(), || match is_own {
        true => "the failed logon is no sign of a broken key: another package, account, logon \
                 type, or a status beside `status_list`, silent"
            .to_owned(),
        false => "the host is no known Exchange server, silent".to_owned(),
    });
}

/// K2: a ticket with RC4.
pub(crate) fn weak(host: &str, is_proven: bool) {
    explain("K2", host, || match is_proven {
        true => "an RC4 ticket although the service can use AES, enough".to_owned(),
        false => "an RC4 ticket, but nothing shows that the service can use AES, silent".to_owned(),
    });
}

/// K2: a ticket with RC4 for no Exchange server.
pub(crate) fn other_service(row: &Ticket<'_>) {
    explain("K2", row.service.unwrap_or_default(), || {
        "an RC4 ticket, but the service is no known Exchange server's".to_owned()
    });
}

/// K2: services that one client asked for.
pub(crate) fn collected(client: &str, services: usize, min: usize, config: &Config) {
    explain("K2", client, || {
        let verdict = if services < min { "silent" } else { "enough" };
        format!(
            "{services} of {min} services asked for with RC4 within {}, {verdict}",
            config.window
        )
    });
}

/// K3: errors of a domain controller.
pub(crate) fn etypes(dc: &str, count: u64, recent: usize, max: usize, is_late: bool) {
    explain("K3", dc, || match is_late {
        true => "a late error begins no summary, silent".to_owned(),
        false => {
            format!("{count} errors so far, {recent} of {max} within an hour: summed up daily")
        }
    });
}

/// K4: a change of the registry that does not count.
pub(crate) fn no_value(host: Cell<'_>) {
    explain("K4", host.unwrap_or_default(), || {
        "not DefaultEncryptionType of an Exchange server, or its deletion, silent".to_owned()
    });
}

/// K5: refusals between own servers.
pub(crate) fn refusals(count: usize, min: usize, at: Timestamp) {
    explain("K5", "K5", || {
        let verdict = if count < min { "silent" } else { "enough" };
        let at = logwasp_sdk::time::format_timestamp(at);
        format!("{count} of {min} refusals between own servers within 5m before {at}, {verdict}")
    });
}

/// K5: a refusal of somebody else.
pub(crate) fn foreign_refusal(ip: Cell<'_>) {
    explain("K5", ip.unwrap_or_default(), || {
        "a refusal, but not between Exchange servers of ours, silent".to_owned()
    });
}

/// K1: an error that names no server of ours.
pub(crate) fn nobody_named(server: Cell<'_>) {
    explain("K1", server.unwrap_or_default(), || {
        "KRB_AP_ERR_MODIFIED that names no known Exchange server, silent".to_owned()
    });
}

/// A clock that differs explains failures, and is none.
pub(crate) fn skew(host: Cell<'_>) {
    explain("", host.unwrap_or_default(), || {
        "a clock differs (0x25): kept to explain K1 and K5, silent".to_owned()
    });
}
