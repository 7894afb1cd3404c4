//! C1 to C4: one trace row, judged on its own.

use logwasp_sdk::{Alert, Confidence, Evidence, Severity, domain, identity, text::clean};

use crate::config::Config;
use crate::inventory::Inventory;
use crate::text;
use crate::trace::Trace;
use crate::why;

/// What one row speaks for, the first rule first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding<'a> {
    /// C1: neither sender nor recipient is ours.
    ForeignSender { recipient: &'a str },
    /// C1, low: a stranger's mail to us.
    InboundViaHybrid,
    /// C2: a sibling of the host that may come in.
    WrongHost { allowed: &'a str },
    /// C3: another tenant than ours.
    ForeignTenant,
    /// C4: the organization does not fit.
    WrongOrganization,
}

impl Finding<'_> {
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::ForeignSender { .. } | Self::InboundViaHybrid => "C1",
            Self::WrongHost { .. } => "C2",
            Self::ForeignTenant => "C3",
            Self::WrongOrganization => "C4",
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::ForeignSender { .. } | Self::ForeignTenant => Severity::High,
            Self::WrongHost { .. } | Self::WrongOrganization => Severity::Medium,
            Self::InboundViaHybrid => Severity::Low,
        }
    }
}

/// The alert of a row, when a rule speaks.
pub(crate) fn judge(
    trace: &Trace<'_>,
    evidence: &Evidence,
    config: &Config,
    inventory: &Inventory,
) -> Option<Alert> {
    let findings = findings(trace, config, inventory);
    why::judged(trace, &findings, config, inventory);
    let first = *findings.first()?;
    let severity = findings.iter().map(|finding| finding.severity()).max()?;
    let also: Vec<&str> = findings.iter().skip(1).map(|finding| finding.rule()).collect();
    let mut alert = alert(first.rule(), trace, severity, evidence)
        .title(text::title(first, trace))
        .description(text::description(&findings, trace))
        .remediation(text::REMEDIATION)
        .attribute("also", also.join(","));
    for finding in &findings {
        alert = match finding {
            Finding::ForeignSender { recipient } => {
                let domain = identity::mail_domain(recipient).unwrap_or_default();
                alert.attribute("recipient_domain", clean(&domain, 255)).label("data-leak", "true")
            }
            Finding::InboundViaHybrid => alert.label("inbound_via_hybrid", "true"),
            Finding::WrongHost { allowed } => alert.attribute("allowed_host", allowed),
            Finding::ForeignTenant => alert.label("data-leak", "true"),
            Finding::WrongOrganization => alert,
        };
    }
    Some(alert)
}

/// An alert with everything that a trace row tells.
pub(crate) fn alert(
    rule: &str,
    trace: &Trace<'_>,
    severity: Severity,
    evidence: &Evidence,
) -> Alert {
    let cell = |text: Option<&str>| clean(text.unwrap_or_default(), 256);
    let sender_domain = trace.sender_domain.as_deref();
    Alert::create(rule, group(trace.connector, sender_domain), severity)
        .confidence(Confidence::High)
        .seen(evidence.time, evidence.time, 1)
        .entity("connector", cell(trace.connector))
        .entity("host", cell(trace.host.as_deref()))
        .entity("src_ip", cell(trace.host_ip))
        .entity("tenant", cell(trace.tenant.as_deref()))
        .entity("message_id", cell(trace.message_id))
        .attribute("sender", cell(trace.sender))
        .attribute("sender_domain", cell(sender_domain))
        .attribute("recipient", cell(trace.recipients.first().copied()))
        .attribute("oorg", cell(trace.oorg.as_deref()))
        .attribute("proxied_host", cell(trace.host.as_deref()))
        .evidence([evidence.clone()])
}

/// One incident per connector and sender domain.
pub(crate) fn group(connector: Option<&str>, sender_domain: Option<&str>) -> String {
    let connector = clean(connector.unwrap_or("-"), 200);
    format!("{connector}|{}", clean(sender_domain.unwrap_or("-"), 200))
}

fn findings<'a>(
    trace: &'a Trace<'a>,
    config: &Config,
    inventory: &'a Inventory,
) -> Vec<Finding<'a>> {
    if !trace.is_smtp_receive {
        return Vec::new();
    }
    if trace.tenant.as_deref().is_some_and(|id| inventory.is_foreign_tenant(id)) {
        // What another tenant's connector lets in is not ours to judge further.
        return vec![Finding::ForeignTenant];
    }
    if !trace.is_on_premises {
        return Vec::new();
    }
    let sender = foreign_sender(trace, config, inventory);
    let host = trace.host.as_deref().and_then(|host| inventory.sibling(host));
    let host = host.map(|allowed| Finding::WrongHost { allowed });
    let organization =
        is_wrong_organization(trace, inventory).then_some(Finding::WrongOrganization);
    [sender, host, organization].into_iter().flatten().collect()
}

/// A bounce has no sender and can be anybody's.
fn foreign_sender<'a>(
    trace: &'a Trace<'a>,
    config: &Config,
    inventory: &Inventory,
) -> Option<Finding<'a>> {
    let domain = trace.sender_domain.as_deref()?;
    if !inventory.knows_domains() || inventory.is_own_domain(domain) {
        return None;
    }
    let is_foreign = |address: &&&str| {
        identity::mail_domain(address).is_some_and(|domain| !inventory.is_own_domain(&domain))
    };
    match trace.recipients.iter().find(is_foreign) {
        Some(recipient) => Some(Finding::ForeignSender { recipient }),
        None => config.report_inbound_via_hybrid.then_some(Finding::InboundViaHybrid),
    }
}

/// An allowed host of an own organization fits, whatever domain its name is in.
fn is_wrong_organization(trace: &Trace<'_>, inventory: &Inventory) -> bool {
    let Some(oorg) = trace.oorg.as_deref().filter(|_| inventory.knows_domains()) else {
        return false;
    };
    if !inventory.is_own_domain(oorg) {
        return true;
    }
    trace.host.as_deref().is_some_and(|host| {
        host.contains('.')
            && !inventory.is_allowed_host(host)
            && domain::organizational(oorg) != domain::organizational(host)
    })
}
