//! Refusals in IIS logs: of the web server, of the SMTP service of IIS 6, and,
//! for devices only, of Exchange's HTTP proxy.

use std::net::IpAddr;

use logwasp_sdk::http::{ActiveSyncQuery, active_sync_query};
use logwasp_sdk::identity::{self, meaningful};
use logwasp_sdk::windows::{FailureClass, win32_class};
use logwasp_sdk::{Cell, Event};

use super::{AGENT_BYTES_MAX, Refused};
use crate::client::{Anonymous, Device, Refusal, Service};
use crate::inventory::Inventory;
use crate::place::{self, NAME_BYTES_MAX, client_ip, word};
use crate::rows::{Iis, Proxy};

/// The port of Exchange's back end, whose client is the front end.
const BACK_END_PORT: &str = "444";
/// The back end's site.
const BACK_END_SITE: &str = "W3SVC2";
/// User agents of health probes.
const PROBES: [&str; 2] = ["AMProbe", "MSEXCHMON"];

/// What a row refuses.
pub(crate) fn refused(event: &Event<'_>, row: &Iis<'_>, inventory: &Inventory) -> Option<Refused> {
    if is_smtp(row) { smtp(event, row) } else { http(event, row, inventory) }
}

/// True for a row of the SMTP service of IIS 6.
pub(crate) fn is_smtp(row: &Iis<'_>) -> bool {
    row.method == Some("AUTH")
        && row.site.and_then(meaningful).is_none_or(|site| site.starts_with("SMTPSVC"))
}

/// True for a path that only Exchange serves.
pub(crate) fn is_exchange(row: &Iis<'_>) -> bool {
    let service = Service::of_path(row.path.unwrap_or_default());
    matches!(service, Service::ActiveSync | Service::Mapi)
}

/// The service logs the client but not the user.
fn smtp(event: &Event<'_>, row: &Iis<'_>) -> Option<Refused> {
    if row.status != Some("535") {
        return None;
    }
    let failure = Anonymous {
        at: event.time(),
        record: event.record(),
        ip: client_ip(row.client?)?,
        service: Service::Smtp,
        delayed: false,
    };
    Some(Refused::Nobody(place::key(row.host.unwrap_or_default()), failure))
}

fn http(event: &Event<'_>, row: &Iis<'_>, inventory: &Inventory) -> Option<Refused> {
    let agent = word(row.agent, AGENT_BYTES_MAX);
    let is_probe = PROBES.iter().any(|probe| agent.starts_with(probe));
    let is_back_end = row.port == Some(BACK_END_PORT) || row.site == Some(BACK_END_SITE);
    if is_probe || is_back_end || is_loopback(row.client) {
        return None;
    }
    let class = win32_class(row.win32?.parse().ok()?)?;
    let query = active_sync_query(row.query.unwrap_or_default());
    let name = row.user.and_then(meaningful).or(query.user.as_deref());
    let user = inventory.account(name)?;
    let refusal = Refusal {
        at: event.time(),
        record: event.record(),
        class,
        server: place::key(row.host.unwrap_or_default()),
        service: Service::of_path(row.path.unwrap_or_default()),
        ip: client(row, inventory),
        device: device(&query),
        agent,
    };
    Some(Refused::User(user, refusal))
}

/// A refused ActiveSync request of the HTTP proxy. It logs the ordinary first leg
/// of a handshake as well, so it names a device and counts for nothing.
pub(crate) fn proxied(
    event: &Event<'_>,
    row: &Proxy<'_>,
    inventory: &Inventory,
) -> Option<(identity::User, Refusal)> {
    let query = active_sync_query(row.query?);
    let user = inventory.account(query.user.as_deref())?;
    let refusal = Refusal {
        at: event.time(),
        record: event.record(),
        class: FailureClass::Other,
        server: place::key(row.server.or(row.host).unwrap_or_default()),
        service: Service::ActiveSync,
        ip: Some(client_ip(row.client?)?),
        device: device(&query),
        agent: word(row.agent, AGENT_BYTES_MAX),
    };
    (!refusal.device.id.is_empty()).then_some((user, refusal))
}

fn device(query: &ActiveSyncQuery) -> Device {
    let text = |cell: &Option<String>| word(cell.as_deref(), NAME_BYTES_MAX);
    Device { id: text(&query.device_id), model: text(&query.device_type) }
}

fn is_loopback(client: Cell<'_>) -> bool {
    client.and_then(identity::ip).is_some_and(|ip| ip.is_loopback())
}

/// The client; behind a load balancer the last address outside the site that
/// `X-Forwarded-For` lists, for what a client writes there itself comes first.
fn client(row: &Iis<'_>, inventory: &Inventory) -> Option<IpAddr> {
    let forwarded: Vec<IpAddr> =
        row.forwarded.unwrap_or_default().split([',', '+', ' ']).filter_map(client_ip).collect();
    let outside = forwarded.iter().rfind(|ip| !inventory.is_internal(**ip));
    outside.or(forwarded.first()).copied().or_else(|| client_ip(row.client?))
}
