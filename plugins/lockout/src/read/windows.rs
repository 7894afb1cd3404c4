//! Failed logons in Windows events and in netlogon.log.

use logwasp_sdk::identity::{self, meaningful};
use logwasp_sdk::windows::{FailureClass, kerberos_class, legacy_class, ntstatus_class, status};
use logwasp_sdk::{Cell, Event};

use crate::failure::Failure;
use crate::inventory::Inventory;
use crate::place::{NAME_BYTES_MAX, client_ip, clip, shown, word};
use crate::rows::{Kerberos, Logon, Netlogon, Ntlm};

/// A failed logon of an account that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The account.
    pub user: identity::User,
    /// Its domain, empty when the record does not say.
    pub domain: String,
    /// The failure.
    pub failure: Failure,
}

/// 4625, 529-537, 539.
pub(crate) fn logon(event: &Event<'_>, row: &Logon<'_>, inventory: &Inventory) -> Option<Failed> {
    let id = audit_id(row.event_id, row.provider)?;
    let class = match id {
        529..=539 => legacy_class(u32::from(id)),
        _ => ntstatus_class(
            row.status.and_then(status).unwrap_or(0),
            row.sub_status.and_then(status).unwrap_or(0),
        ),
    };
    let failure = Failure {
        workstation: shown(row.workstation.unwrap_or_default()),
        ip: row.ip.and_then(client_ip),
        process: process(row),
        logon_type: row.kind.and_then(|text| text.trim().parse().ok()).unwrap_or(0),
        ..failure(event, id, row.host, class)
    };
    failed(row.user, row.domain, failure, inventory)
}

/// 4771, 675, 4768.
pub(crate) fn kerberos(
    event: &Event<'_>,
    row: &Kerberos<'_>,
    inventory: &Inventory,
) -> Option<Failed> {
    let id = audit_id(row.event_id, row.provider)?;
    let class = kerberos_class(status(row.status?)?)?;
    let failure = Failure { ip: row.ip.and_then(client_ip), ..failure(event, id, row.host, class) };
    failed(row.user, None, failure, inventory)
}

/// 4776, 680, 681.
pub(crate) fn ntlm(event: &Event<'_>, row: &Ntlm<'_>, inventory: &Inventory) -> Option<Failed> {
    let id = audit_id(row.event_id, row.provider)?;
    let code = status(row.status?).filter(|&code| code != 0)?;
    let failure = Failure {
        workstation: shown(row.workstation.unwrap_or_default()),
        ..failure(event, id, row.host, ntstatus_class(code, 0))
    };
    failed(row.user, None, failure, inventory)
}

/// A `Returns` line of netlogon.log.
pub(crate) fn netlogon(
    event: &Event<'_>,
    row: &Netlogon<'_>,
    inventory: &Inventory,
) -> Option<Failed> {
    let code = status(row.status?).filter(|&code| code != 0)?;
    let failure = Failure {
        workstation: shown(row.workstation.unwrap_or_default()),
        via: shown(row.via.unwrap_or_default()),
        ..failure(event, 0, None, ntstatus_class(code, 0))
    };
    failed(row.user, row.domain, failure, inventory)
}

/// The event's number, when it is an audit event: other providers use the same
/// numbers for other things.
pub(crate) fn audit_id(event_id: Cell<'_>, provider: Cell<'_>) -> Option<u16> {
    let is_audit = provider
        .and_then(meaningful)
        .is_none_or(|provider| provider.to_ascii_lowercase().contains("security"));
    event_id?.parse().ok().filter(|_| is_audit)
}

fn failure(event: &Event<'_>, event_id: u16, host: Cell<'_>, class: FailureClass) -> Failure {
    Failure {
        at: event.time(),
        record: event.record(),
        class,
        event_id,
        reporter: shown(host.unwrap_or_default()),
        workstation: String::new(),
        via: String::new(),
        ip: None,
        process: String::new(),
        logon_type: 0,
    }
}

fn failed(
    user: Cell<'_>,
    domain: Cell<'_>,
    failure: Failure,
    inventory: &Inventory,
) -> Option<Failed> {
    let user = inventory.account(user)?;
    let domain = match word(domain, NAME_BYTES_MAX) {
        empty if empty.is_empty() => word(user.domain_hint.as_deref(), NAME_BYTES_MAX),
        domain => domain,
    };
    Some(Failed { user, domain, failure })
}

/// The program that tried the logon; old servers tell only its number.
fn process(row: &Logon<'_>) -> String {
    let name = row.process.and_then(meaningful).and_then(|path| path.rsplit(['\\', '/']).next());
    if let Some(name) = name {
        return clip(name, NAME_BYTES_MAX).to_owned();
    }
    match row.process_id.and_then(status) {
        Some(pid) if pid != 0 => format!("pid {pid}"),
        _ => String::new(),
    }
}
