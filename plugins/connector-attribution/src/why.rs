//! What is told of decisions when somebody asks.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Cell, Timestamp, explain};

use crate::config::Config;
use crate::delivery::Delivery;
use crate::inventory::Inventory;
use crate::judge::Finding;
use crate::trace::Trace;

/// C1 to C4: a trace row was judged.
pub(crate) fn judged(
    trace: &Trace<'_>,
    findings: &[Finding<'_>],
    config: &Config,
    inventory: &Inventory,
) {
    let rule = findings.first().map_or("", |finding| finding.rule());
    explain(rule, trace.message_id.unwrap_or_default(), || {
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule()).collect();
        match rules.as_slice() {
            [] => format!("{}, silent", silence(trace, config, inventory)),
            rules => format!("the trace row satisfies {}", rules.join(", ")),
        }
    });
}

/// Why no rule speaks for a trace row.
fn silence(trace: &Trace<'_>, config: &Config, inventory: &Inventory) -> String {
    let domain = trace.sender_domain.as_deref();
    if !trace.is_smtp_receive {
        "the trace row is no RECEIVE by SMTP".to_owned()
    } else if !trace.is_on_premises {
        "the inbound connector is not of type OnPremises".to_owned()
    } else if !inventory.knows_domains() {
        "`site.accepted_domains` is empty, so no sender is known to be foreign".to_owned()
    } else if domain.is_some_and(|domain| inventory.is_own_domain(domain)) {
        "the sender is ours, and host and organization fit".to_owned()
    } else if domain.is_none() {
        "there is no sender, as in a bounce".to_owned()
    } else if config.report_inbound_via_hybrid {
        "host and organization fit".to_owned()
    } else {
        "a stranger's mail to us, left out by `report_inbound_via_hybrid = false`".to_owned()
    }
}

/// C5: a delivery that does not wait for its trace.
pub(crate) fn not_waiting(delivery: &Delivery, because: &str) {
    explain("C5", &delivery.message_id, || format!("{because}, silent"));
}

/// C5: a delivery waits for its trace.
pub(crate) fn waiting(message_id: &str, due: Timestamp, config: &Config) {
    explain("C5", message_id, || {
        let (wait, due) = (config.discard_wait, format_timestamp(due));
        format!("accepted by Exchange Online: its trace has {wait}, to {due}, to show it")
    });
}

/// C5: the trace showed the message.
pub(crate) fn shown(message_id: &str) {
    explain("C5", message_id, || "the trace shows it, silent".to_owned());
}

/// C5: the trace went on without the message.
pub(crate) fn lost(message_id: &str, config: &Config) {
    explain("C5", message_id, || {
        format!("the trace went on and did not show it within {}, enough", config.discard_wait)
    });
}

/// A row of a server on premises.
pub(crate) fn no_trace(message_id: Cell<'_>) {
    explain("", message_id.unwrap_or_default(), || {
        "the row is no trace of Exchange Online, so it knows nothing of attribution".to_owned()
    });
}

/// C3: a mail's own word about its tenant.
pub(crate) fn header(message_id: Cell<'_>, tenant: Cell<'_>, hits: usize) {
    explain("C3", message_id.unwrap_or_default(), || match (tenant, hits) {
        (None, _) => "no X-EOPTenantAttributedMessage, silent".to_owned(),
        (Some(_), 0) => "the trace names no other tenant, or was not read yet, silent".to_owned(),
        (Some(tenant), _) => format!("the header names {tenant}, the trace another, enough"),
    });
}

/// C5: a row that is no accepted delivery.
pub(crate) fn no_delivery() {
    explain("C5", "", || {
        "no message that a front door of Exchange Online accepted (250 2.6.0 <id>), silent"
            .to_owned()
    });
}
