//! K2: tickets encrypted with RC4.

use logwasp_sdk::state::{BoundedMap, Keep, Weigh};
use logwasp_sdk::text::{clean, fingerprint};
use logwasp_sdk::time::DAY;
use logwasp_sdk::{
    Alert, Confidence, Duration, Event, Evidence, Hosts, Severity, Timestamp, identity, windows,
};
use serde::{Deserialize, Serialize};

use crate::Hit;
use crate::config::Config;
use crate::inventory::Inventory;
use crate::rows::Ticket;
use crate::text;
use crate::why;

/// One alert per service and day.
pub(crate) const DAILY: Duration = Duration::days(1);
/// An AES ticket proves for so long that the service can use AES.
const AES_NANOS: i64 = 7 * DAY;
/// One client that asks for so many services with RC4 within the window collects them.
const SERVICES_MIN: usize = 10;
/// Services told apart per client.
const SERVICES_MAX: usize = 64;

#[derive(Serialize, Deserialize)]
pub(crate) struct Tickets {
    /// When a service last got an AES ticket.
    aes: BoundedMap<String, Seen>,
    clients: BoundedMap<String, Client>,
}

#[derive(Serialize, Deserialize)]
struct Seen(Timestamp);

/// Services that a client lately asked for with RC4.
#[derive(Default, Serialize, Deserialize)]
struct Client {
    services: Vec<(u64, Evidence)>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self { aes: BoundedMap::new(0), clients: BoundedMap::new(0) }
    }
}

impl Tickets {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.aes.set_bytes_max(bytes_max / 4);
        self.clients.set_bytes_max(bytes_max / 4 * 3);
    }

    pub(crate) fn ticket(
        &mut self,
        row: &Ticket<'_>,
        event: &Event<'_>,
        config: &Config,
        inventory: &Inventory,
        learned: &Hosts,
    ) -> Vec<Hit> {
        let Some(service) = row.service.and_then(identity::meaningful) else { return Vec::new() };
        if row.status.and_then(windows::status) != Some(0) {
            return Vec::new();
        }
        let host = inventory.service(service, learned);
        match row.etype.and_then(windows::status) {
            Some(0x11 | 0x12) => {
                if let Some(host) = host {
                    self.note_aes(host, event.time());
                }
                Vec::new()
            }
            Some(0x17 | 0x18) => {
                if host.is_none() {
                    why::other_service(row);
                }
                let weak = host.and_then(|host| self.weak(&host, service, row, event));
                weak.into_iter().chain(self.collect(service, row, event, config)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn note_aes(&mut self, host: String, at: Timestamp) {
        self.aes.touch(host, at, || Seen(at), |seen| seen.0 = seen.0.max(at));
    }

    /// RC4 for an Exchange server that can use AES.
    fn weak(&self, host: &str, service: &str, row: &Ticket<'_>, event: &Event<'_>) -> Option<Hit> {
        let has_keys = row.keys.is_some_and(|keys| keys.to_ascii_uppercase().contains("AES"));
        let seen = self.aes.get(&host.to_owned());
        let got_aes = seen.is_some_and(|seen| (0..=AES_NANOS).contains(&(event.time() - seen.0)));
        why::weak(host, has_keys || got_aes);
        if !has_keys && !got_aes {
            return None;
        }
        let (confidence, proof) = if has_keys {
            (Confidence::High, "ServiceAvailableKeys")
        } else {
            (Confidence::Medium, "an AES ticket within 7 days")
        };
        let client = client(row).unwrap_or_default();
        let evidence = Evidence::of(event, text::ticket(service, &client, row.etype));
        let alert = Alert::create("K2", format!("K2|{host}"), Severity::Medium)
            .confidence(confidence)
            .seen(event.time(), event.time(), 1)
            .title(text::weak_ticket(host))
            .description(text::weak_ticket_description(proof))
            .remediation(text::TICKET_REMEDIATION)
            .entity("host", host)
            .entity("src_ip", ip(row))
            .entity("user", user(row))
            .attribute("service", clean(service, 256))
            .attribute("encryption_type", clean(row.etype.unwrap_or_default(), 16))
            .attribute("proof", proof)
            .attribute("dc", row.host.and_then(identity::host).unwrap_or_default())
            .evidence([evidence]);
        Some(Hit { is_daily: true, ..Hit::new(alert) })
    }

    /// One client that asks for many services with RC4.
    fn collect(
        &mut self,
        service: &str,
        row: &Ticket<'_>,
        event: &Event<'_>,
        config: &Config,
    ) -> Option<Hit> {
        if service.to_ascii_lowercase().starts_with("krbtgt") {
            // The ticket of every session; nobody cracks that key.
            return None;
        }
        let client = client(row)?;
        let at = event.time();
        let evidence = Evidence::of(event, text::ticket(service, &client, row.etype));
        let service = fingerprint(&[&service.to_lowercase()]);
        let note = |asked: &mut Client| {
            asked.note(service, evidence, at, config);
            asked.services.iter().map(|(_, evidence)| evidence.clone()).collect::<Vec<_>>()
        };
        let asked = self.clients.touch(client.clone(), at, Client::default, note).0;
        why::collected(&client, asked.len(), SERVICES_MIN, config);
        if asked.len() < SERVICES_MIN {
            return None;
        }
        let first = asked.iter().map(|evidence| evidence.time).min()?;
        let alert = Alert::create("K2", format!("K2 client|{client}"), Severity::High)
            .confidence(Confidence::Medium)
            .seen(first, at, asked.len() as u64)
            .title(text::collected(&client, asked.len()))
            .description(text::COLLECTED)
            .remediation(text::COLLECTED_REMEDIATION)
            .entity("src_ip", ip(row))
            .entity("user", user(row))
            .attribute("services", asked.len())
            .attribute("dc", row.host.and_then(identity::host).unwrap_or_default())
            .attack("T1558.003")
            .evidence(asked);
        Some(Hit::new(alert))
    }
}

impl Client {
    fn note(&mut self, service: u64, evidence: Evidence, at: Timestamp, config: &Config) {
        let window = config.window.nanos();
        self.services.retain(|(known, seen)| *known != service && at - seen.time <= window);
        if self.services.len() >= SERVICES_MAX {
            self.services.remove(0);
        }
        self.services.push((service, evidence));
    }
}

fn ip(row: &Ticket<'_>) -> String {
    let ip = row.ip.and_then(identity::ip).filter(|ip| !ip.is_loopback());
    ip.map(|ip| ip.to_string()).unwrap_or_default()
}

fn user(row: &Ticket<'_>) -> String {
    row.user.and_then(identity::user).map(|user| clean(&user.key, 256)).unwrap_or_default()
}

/// Who asked: an address, else a user.
fn client(row: &Ticket<'_>) -> Option<String> {
    [ip(row), user(row)].into_iter().find(|name| !name.is_empty())
}

impl Weigh for Seen {
    fn heap_bytes(&self) -> usize {
        0
    }

    fn keep(&self) -> Keep {
        Keep::Several
    }
}

impl Weigh for Client {
    fn heap_bytes(&self) -> usize {
        let texts: usize = self.services.iter().map(|(_, evidence)| evidence.summary.len()).sum();
        self.services.capacity() * size_of::<(u64, Evidence)>() + texts
    }

    fn keep(&self) -> Keep {
        match self.services.len() {
            0 | 1 => Keep::Once,
            n if 2 * n <= SERVICES_MIN => Keep::Several,
            _ => Keep::Protected,
        }
    }
}
