//! What the operator reads.

use logwasp_sdk::Duration;
use logwasp_sdk::text::clean;

use crate::delivery::Delivery;
use crate::judge::Finding;
use crate::trace::Trace;

/// Names in a title.
const NAME_BYTES_MAX: usize = 120;

pub(crate) const REMEDIATION: &str = "Exchange Online works as designed here: whoever comes in with the certificate name of an \
     inbound connector of type OnPremises is taken for that organization, whatever sender and \
     recipient are. Set TlsSenderCertificateName of the inbound connector to one exact name, no \
     wildcard. Give each connector of the gateway a certificate of its own: one for the own \
     tenant, another, publicly trusted one for the Internet. Then compare `Get-InboundConnector | \
     fl Name,ConnectorType,TlsSenderCertificateName` with the `Sending certificate` lines of the \
     send log. A domain of ours that is new, or a subsidiary's, belongs into accepted_domains.";

fn name(text: Option<&str>) -> String {
    clean(text.unwrap_or("an unknown organization"), NAME_BYTES_MAX)
}

pub(crate) fn title(finding: Finding<'_>, trace: &Trace<'_>) -> String {
    let sender = name(trace.sender_domain.as_deref());
    let oorg = name(trace.oorg.as_deref());
    let host = clean(trace.host.as_deref().unwrap_or("an unnamed host"), NAME_BYTES_MAX);
    match finding {
        Finding::ForeignSender { .. } => format!("Mail of {sender} attributed to tenant of {oorg}"),
        Finding::InboundViaHybrid => {
            format!("Mail of {sender} comes in through the hybrid connector")
        }
        Finding::WrongHost { allowed } => {
            format!("Hybrid mail enters through {host} instead of {}", name(Some(allowed)))
        }
        Finding::ForeignTenant => {
            format!(
                "Mail of {sender} attributed to foreign tenant {}",
                name(trace.tenant.as_deref())
            )
        }
        Finding::WrongOrganization => {
            format!("Organization {oorg} does not fit the hybrid host {host}")
        }
    }
}

pub(crate) fn description(findings: &[Finding<'_>], trace: &Trace<'_>) -> String {
    let connector = clean(trace.connector.unwrap_or("an unnamed connector"), NAME_BYTES_MAX);
    let host = clean(trace.host.as_deref().unwrap_or("an unnamed host"), NAME_BYTES_MAX);
    let is_foreign = findings.iter().any(|f| matches!(f, Finding::ForeignSender { .. }));
    let mut text =
        vec![format!("The message came from {host} through the connector `{connector}`.")];
    for finding in findings {
        text.push(match finding {
            Finding::ForeignSender { .. } => "Neither its sender nor its recipient is in an accepted \
                domain, yet Exchange Online treated it as mail of our organization: rules, journaling \
                and mailboxes of our tenant may have seen it."
                .to_owned(),
            Finding::InboundViaHybrid => "Its sender is a stranger and its recipient ours. That is \
                normal when a gateway on premises takes all mail in."
                .to_owned(),
            Finding::WrongHost { allowed } if is_foreign => format!(
                "The host is not the one that may come in ({}); it shares only the parent domain. A \
                 wildcard TLS sender certificate name on the connector matches both.",
                name(Some(allowed))
            ),
            Finding::WrongHost { allowed } => format!(
                "Only {} may come in; the host shares its parent domain. A wildcard TLS sender \
                 certificate name on the connector lets strangers' mail through the same way.",
                name(Some(allowed))
            ),
            Finding::ForeignTenant => format!(
                "The tenant {} is none of ours: our trace shows mail that was attributed to another \
                 organization.",
                name(trace.tenant.as_deref())
            ),
            Finding::WrongOrganization => format!(
                "Exchange Online took it for mail of {}, which is not the organization of that host.",
                name(trace.oorg.as_deref())
            ),
        });
    }
    text.join(" ")
}

pub(crate) fn summary(trace: &Trace<'_>) -> String {
    let said = [
        ("from", trace.sender),
        ("to", trace.recipients.first().copied()),
        ("host", trace.host.as_deref()),
        ("Oorg", trace.oorg.as_deref()),
        ("tenant", trace.tenant.as_deref()),
        ("message id", trace.message_id),
    ];
    let words: Vec<String> = said
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", clean(value?, 120))))
        .collect();
    clean(&words.join(", "), 500)
}

pub(crate) fn accepted(delivery: &Delivery) -> String {
    let id = clean(&delivery.message_id, 200);
    clean(&format!("{} accepted <{id}> for {}", delivery.peer, delivery.recipients.join(", ")), 500)
}

pub(crate) fn tenants_disagree(by_trace: &str, by_header: &str) -> String {
    let (trace, header) = (name(Some(by_trace)), name(Some(by_header)));
    format!("Tenant mismatch: the trace says {trace}, the message's header {header}")
}

pub(crate) fn lost(sender_domain: &str, recipient_domain: &str) -> String {
    let (sender, recipient) = (name(Some(sender_domain)), name(Some(recipient_domain)));
    format!(
        "Mail of {sender} to {recipient} accepted by Exchange Online but never traced (possible \
         tenant attribution discard)"
    )
}

pub(crate) fn lost_description(peer: &str, wait: Duration, shared: bool) -> String {
    let certificate = if shared {
        "The same certificate is sent on the connector to our own tenant and on the one to the \
         Internet: Exchange Online takes the mail for our tenant's and drops it."
    } else {
        "Typical cause: one certificate on both gateway connectors, to the own tenant and to the \
         Internet. Compare the thumbprints in the `Sending certificate` lines of the send log."
    };
    format!(
        "{} accepted the message with 250, but the trace shows no RECEIVE of it within {wait}, \
         although newer rows came. Nobody gets a bounce. {certificate}",
        clean(peer, NAME_BYTES_MAX)
    )
}
