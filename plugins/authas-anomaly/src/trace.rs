//! Rows of the extended trace of Exchange Online, and of message tracking.
//!
//! They are weak evidence: no header stands in them, only what the server noted
//! about the host it took the message from.

use logwasp_sdk::{identity, mail, tracking};

use crate::message::{Hop, Message, Origin, keep, word};
use crate::rows::Trace;

pub(crate) fn read(row: &Trace<'_>) -> Message {
    let data = tracking::custom_data(row.custom_data.unwrap_or_default());
    let code = row.message_info.and_then(tracking::auth_code);
    let mut message = Message {
        origin: Origin::Trace,
        id: row.message_id.and_then(|id| keep(id.trim_matches(['<', '>', ' ']))),
        auth_as: code.map(|code| if code.internal { "Internal" } else { "Anonymous" }.to_owned()),
        auth_mechanism: code.map(|code| code.mechanism.to_lowercase()),
        directionality: row.directionality.and_then(word),
        from_entity: data.get("FromEntity").and_then(word),
        oorg: data.get("Oorg").and_then(word),
        attributed_tenant: row.tenant.and_then(word),
        connector: data
            .member("InboundConnectorData", "Name")
            .or(row.connector)
            .and_then(identity::meaningful)
            .map(|name| crate::text::shorten(name, 256)),
        ..Message::default()
    };
    if let Some(address) = row.sender.and_then(mail::address) {
        message.set_sender(&address);
    }
    message.hops.push(Hop {
        from: data.get("ProxiedClientHostname").and_then(word),
        from_ip: data
            .get("ProxiedClientIPAddress")
            .or(row.original_client_ip)
            .and_then(identity::ip),
        by: front_door(row, &data),
        ..Hop::default()
    });
    message
}

/// The server of Exchange Online that took the message in. Without one the row is
/// of a server on premises, which cannot know what Exchange Online concluded.
fn front_door(row: &Trace<'_>, data: &tracking::CustomData<'_>) -> Option<String> {
    let candidates = [data.get("ProxyHop1"), row.client_hostname, data.get("FirstForestHop")];
    candidates
        .into_iter()
        .flatten()
        // `HE1EUR01FT049.mail.protection.outlook.com(10.152.0.221)`
        .filter_map(|name| word(name.split('(').next()?))
        .find(|name| mail::is_exchange_online(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a row of the extended trace, and one of a server on premises.
    /// Guarantees: the facts; only Exchange Online has a front door.
    #[test]
    fn rows_become_facts() {
        let row = Trace {
            message_id: Some("<m1@contoso.com>"),
            sender: Some("Erp@Contoso.com"),
            client_hostname: Some("HE1EUR01FT049.mail.protection.outlook.com"),
            original_client_ip: Some("203.0.113.9"),
            connector: Some("AM0PR01MB0001\\Default AM0PR01MB0001"),
            message_info: Some("0cA: "),
            directionality: Some("Incoming"),
            tenant: Some("1111"),
            custom_data: Some("S:FromEntity=Internet;S:ProxiedClientHostname=exch01.contoso.com"),
        };
        let message = read(&row);
        assert!(message.is_anonymous() && message.is_from_internet());
        assert_eq!(message.sender_domain.as_deref(), Some("contoso.com"));
        assert_eq!(message.hops[0].from.as_deref(), Some("exch01.contoso.com"));
        assert_eq!(message.hops[0].from_ip, identity::ip("203.0.113.9"));
        assert!(message.hops[0].by.is_some());
        let on_prem = Trace { client_hostname: Some("gateway"), ..row };
        assert_eq!(read(&on_prem).hops[0].by, None);
    }
}
