//! C3 from two sides: the trace and the message's own header name a tenant each.

use logwasp_sdk::state::{BoundedMap, Keep, Weigh};
use logwasp_sdk::text::{clean, fingerprint};
use logwasp_sdk::{Alert, Confidence, Event, Evidence, Severity, identity};
use serde::{Deserialize, Serialize};

use crate::inventory::{Inventory, tenant_id};
use crate::judge;
use crate::rows::Mail;
use crate::text;
use crate::trace::{Trace, plain_id};

/// The tenant of each message, as trace and header tell it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tenants {
    messages: BoundedMap<u64, Told>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    by_trace: Option<Traced>,
    by_header: Option<String>,
}

/// What the alert needs of the trace row when the header comes later.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Traced {
    tenant: String,
    connector: Option<String>,
    sender_domain: Option<String>,
}

impl Default for Tenants {
    fn default() -> Self {
        Self { messages: BoundedMap::new(0) }
    }
}

impl Tenants {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.messages.set_bytes_max(bytes_max);
    }

    /// Notes the tenant of a trace row; an alert when the header said another one.
    pub(crate) fn trace(
        &mut self,
        trace: &Trace<'_>,
        event: &Event<'_>,
        inventory: &Inventory,
    ) -> Option<Alert> {
        let tenant = trace.tenant.clone().filter(|_| trace.is_smtp_receive)?;
        let key = fingerprint(&[trace.message_id?]);
        let traced = Traced {
            tenant: clean(&tenant, 64),
            connector: trace.connector.map(|name| clean(name, 200)),
            sender_domain: trace.sender_domain.clone(),
        };
        let note = |told: &mut Told| {
            told.by_trace = Some(traced);
            told.by_header.clone()
        };
        let header = self.messages.touch(key, event.time(), Told::default, note).0?;
        if header == tenant || inventory.is_foreign_tenant(&tenant) {
            return None;
        }
        let evidence = Evidence::of(event, text::summary(trace));
        let alert = judge::alert("C3", trace, Severity::High, &evidence);
        Some(disagreement(alert, &tenant, &header))
    }

    /// Notes the tenant of a header; an alert when it is not ours, or not the trace's.
    pub(crate) fn header(
        &mut self,
        row: &Mail<'_>,
        event: &Event<'_>,
        inventory: &Inventory,
    ) -> Vec<Alert> {
        // `<tenant>:<number of the pass>`
        let tenant = row.tenant.and_then(|value| identity::meaningful(value.split(':').next()?));
        let Some(tenant) = tenant.map(tenant_id) else { return Vec::new() };
        let id = row.message_id.and_then(plain_id).unwrap_or_default();
        let note = |told: &mut Told| {
            told.by_header = Some(clean(&tenant, 64));
            told.by_trace.clone()
        };
        let traced = (!id.is_empty())
            .then(|| self.messages.touch(fingerprint(&[id]), event.time(), Told::default, note).0)
            .flatten()
            .filter(|traced| {
                traced.tenant != tenant && !inventory.is_foreign_tenant(&traced.tenant)
            });
        let Some(traced) = traced else { return Vec::new() };
        let evidence = Evidence::of(
            event,
            format!("message {}: header names tenant {}", clean(id, 200), clean(&tenant, 64)),
        );
        let group = judge::group(traced.connector.as_deref(), traced.sender_domain.as_deref());
        let alert = Alert::create("C3", group, Severity::High)
            .confidence(Confidence::High)
            .seen(event.time(), event.time(), 1)
            .entity("connector", traced.connector.unwrap_or_default())
            .entity("tenant", clean(&traced.tenant, 64))
            .entity("message_id", clean(id, 256))
            .attribute("sender_domain", traced.sender_domain.unwrap_or_default())
            .evidence([evidence]);
        vec![disagreement(alert, &traced.tenant, &tenant)]
    }
}

fn disagreement(alert: Alert, by_trace: &str, by_header: &str) -> Alert {
    alert
        .title(text::tenants_disagree(by_trace, by_header))
        .description(
            "The trace of Exchange Online and the message's own X-EOPTenantAttributedMessage name \
             different tenants: on one of its passes the message was attributed to another \
             organization.",
        )
        .remediation(text::REMEDIATION)
        .attribute("header_tenant", clean(by_header, 64))
        .label("data-leak", "true")
}

impl Weigh for Told {
    fn heap_bytes(&self) -> usize {
        let traced = self.by_trace.as_ref().map_or(0, |traced| {
            let names = [&traced.connector, &traced.sender_domain];
            traced.tenant.len() + names.into_iter().flatten().map(String::len).sum::<usize>()
        });
        traced + self.by_header.as_ref().map_or(0, String::len)
    }

    fn keep(&self) -> Keep {
        Keep::Once
    }
}
