//! A row of the extended trace of Exchange Online.

use logwasp_sdk::{identity, mail, tracking};

use crate::inventory::{host_name, tenant_id};
use crate::rows;

/// What a trace row says about a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace<'a> {
    /// Exchange Online took the message in by SMTP.
    pub(crate) is_smtp_receive: bool,
    /// The message was sent from inside Exchange Online.
    pub(crate) is_hosted: bool,
    pub(crate) message_id: Option<&'a str>,
    pub(crate) sender: Option<&'a str>,
    pub(crate) sender_domain: Option<String>,
    /// Domains of the recipients, in their order.
    pub(crate) recipients: Vec<&'a str>,
    /// The inbound connector, or what the row has instead.
    pub(crate) connector: Option<&'a str>,
    pub(crate) is_on_premises: bool,
    pub(crate) tenant: Option<String>,
    pub(crate) oorg: Option<String>,
    /// The host that handed the message in, in the words of Exchange Online.
    pub(crate) host: Option<String>,
    pub(crate) host_ip: Option<&'a str>,
}

impl<'a> Trace<'a> {
    /// Reads a row; `None` for what a server on premises wrote, which knows nothing
    /// of attribution.
    pub(crate) fn read(row: &rows::Trace<'a>) -> Option<Self> {
        let data = tracking::custom_data(row.custom_data.unwrap_or_default());
        if !is_online(row, &data) {
            return None;
        }
        let member =
            |name| data.member("InboundConnectorData", name).and_then(identity::meaningful);
        let value = |key| data.get(key).and_then(identity::meaningful);
        let entity = value("FromEntity").unwrap_or_default();
        let connector_type = member("ConnectorType");
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        Some(Self {
            is_smtp_receive: row.event_id.is_some_and(|id| is(id, "RECEIVE"))
                && row.source.is_none_or(|source| is(source, "SMTP")),
            is_hosted: is(entity, "Hosted"),
            message_id: row.message_id.and_then(plain_id),
            sender: row.sender.and_then(identity::meaningful),
            sender_domain: row.sender.and_then(identity::mail_domain),
            recipients: recipients(row.recipients.unwrap_or_default()),
            connector: member("Name").or_else(|| row.connector.and_then(identity::meaningful)),
            // The connector's type is the better word; the entity follows from it.
            is_on_premises: connector_type
                .map_or_else(|| is(entity, "HybridOnPrem"), |kind| is(kind, "OnPremises")),
            tenant: member("TenantId").map(tenant_id),
            oorg: value("Oorg").map(str::to_lowercase),
            host: value("ProxiedClientHostname").map(host_name),
            host_ip: value("ProxiedClientIPAddress")
                .or_else(|| row.original_client_ip.and_then(identity::meaningful)),
        })
    }
}

/// A message id without brackets and blanks; its case counts.
pub(crate) fn plain_id(id: &str) -> Option<&str> {
    identity::meaningful(id.trim().trim_matches(['<', '>']))
}

fn recipients(cell: &str) -> Vec<&str> {
    cell.split(';').filter_map(identity::meaningful).collect()
}

/// True when a server of Exchange Online wrote the row. On premises neither the
/// tenant column is filled nor does a forest of Exchange Online occur.
fn is_online(row: &rows::Trace<'_>, data: &tracking::CustomData<'_>) -> bool {
    let hop = |key: &str| {
        data.all(key).any(|value| {
            let name = value.split('(').next().unwrap_or_default().trim();
            mail::is_exchange_online(name) || name.to_lowercase().ends_with(".prod.outlook.com")
        })
    };
    row.tenant.and_then(identity::meaningful).is_some()
        || data.get("InboundConnectorData").is_some()
        || [row.client_hostname, row.server_hostname]
            .into_iter()
            .flatten()
            .any(mail::is_exchange_online)
        || ["FirstForestHop", "ProxyHop1", "AccountForest"].into_iter().any(hop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: rows::Trace<'static> = rows::Trace {
        event_id: Some("RECEIVE"),
        source: Some("SMTP"),
        client_hostname: None,
        server_hostname: Some("EXCH01"),
        connector: None,
        message_id: Some("<m1@contoso.com>"),
        recipients: Some("a@fabrikam.com;b@contoso.com"),
        sender: Some("Erp@Contoso.com"),
        tenant: Some(""),
        original_client_ip: None,
        custom_data: Some("S:FirstForestHop=EXCH01.contoso.com;S:DeliveryPriority=Normal"),
    };

    /// Scenario: a row on premises, and rows that Exchange Online marks in each way.
    /// Guarantees: only the latter are a trace.
    #[test]
    fn the_trace_is_told_from_tracking() {
        assert_eq!(Trace::read(&EMPTY), None);
        for row in [
            rows::Trace { tenant: Some("1111"), ..EMPTY },
            rows::Trace { client_hostname: Some("X.mail.protection.outlook.com"), ..EMPTY },
            rows::Trace { custom_data: Some("S:AccountForest=E.PROD.OUTLOOK.COM"), ..EMPTY },
            rows::Trace {
                custom_data: Some("S:ProxyHop1=X.mail.protection.outlook.com(10.1.1.1)"),
                ..EMPTY
            },
        ] {
            let trace = Trace::read(&row).expect("it is one");
            assert_eq!(trace.message_id, Some("m1@contoso.com"));
            assert_eq!(trace.sender_domain.as_deref(), Some("contoso.com"));
            assert_eq!(trace.recipients, ["a@fabrikam.com", "b@contoso.com"]);
        }
    }

    /// Scenario: the entity says hybrid, the connector's type partner.
    /// Guarantees: the type decides; without it the entity.
    #[test]
    fn the_connectors_type_decides() {
        let read = |data| {
            let row = rows::Trace { tenant: Some("1"), custom_data: Some(data), ..EMPTY };
            Trace::read(&row).expect("a trace").is_on_premises
        };
        assert!(!read(
            "S:InboundConnectorData=Name=x;ConnectorType=Partner;S:FromEntity=HybridOnPrem"
        ));
        assert!(read("S:FromEntity=HybridOnPrem"));
        assert!(!read("S:FromEntity=Internet"));
    }
}
