//! From a sighting to its alert: what the operator reads.

use logwasp_sdk::text::clean;
use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Alert, Event, Evidence, Severity, Timestamp};

use crate::places::{ONLINE, Place, Places, names};
use crate::reply::Origin;
use crate::sighting::Sighting;

/// Participants named in a title.
const TITLE_BYTES_MAX: usize = 300;

pub(crate) fn alert(
    sighting: Sighting,
    group: String,
    first_bounce: Option<Timestamp>,
    event: &Event<'_>,
    places: &Places,
) -> Alert {
    let participants = names(&sighting.places).join(", ");
    let domain = sighting.recipient_domain();
    let latest = Evidence::of(event, sighting.summary.clone());
    let first_seen =
        sighting.earlier.iter().map(|evidence| evidence.time).fold(event.time(), i64::min);
    let mut alert = Alert::create(sighting.rule, group, sighting.severity)
        .confidence(sighting.confidence)
        .seen(first_seen, event.time(), 1)
        .title(title(&sighting, domain.as_deref()))
        .description(description(&sighting, first_bounce))
        .remediation(remediation(&sighting, domain.as_deref(), places))
        .entity("message_id", sighting.message_id.clone().unwrap_or_default())
        .entity("tenant", sighting.tenant.clone().unwrap_or_default());
    let own = |place: &&Place| matches!(place, Place::Own(_));
    for place in sighting.places.iter().filter(own).take(4) {
        alert = alert.entity("host", place.name());
    }
    alert = alert
        .attribute("origin", sighting.origin.map_or("", Origin::name))
        .attribute("participants", clean(&participants, 1_000))
        .attribute("sender", sighting.sender.unwrap_or_default())
        .attribute("recipient", sighting.recipient.unwrap_or_default())
        .attribute("recipient_domain", domain.unwrap_or_default())
        .attribute("reply", sighting.reply.unwrap_or_default());
    if sighting.has_marks && sighting.rule != "L3" {
        alert = alert.attribute("also", "L3");
    }
    if sighting.passes > 0 {
        alert = alert.attribute("passes", sighting.passes);
    }
    if let Some(period) = sighting.period_s {
        alert = alert.attribute("period_s", period);
    }
    if let Some(at) = first_bounce {
        alert = alert.attribute("first_ndr", format_timestamp(at));
    }
    alert.evidence(sighting.earlier.into_iter().chain([latest]))
}

fn title(sighting: &Sighting, domain: Option<&str>) -> String {
    let display = |place: &Place| match place {
        Place::Online => "Exchange Online".to_owned(),
        other => other.name().to_owned(),
    };
    let who: Vec<String> = sighting.places.iter().map(display).collect();
    let between = match who.as_slice() {
        [] => String::new(),
        [one] => format!(" at {one}"),
        _ => format!(" between {}", who.join(" and ")),
    };
    let to = domain.map(|domain| format!(" for {domain}")).unwrap_or_default();
    let flood = if sighting.severity == Severity::Critical { ", queues are flooding" } else { "" };
    format!("{}{to}{flood}", clean(&format!("Mail loop{between}"), TITLE_BYTES_MAX))
}

fn description(sighting: &Sighting, first_bounce: Option<Timestamp>) -> String {
    let mut text = vec![match sighting.rule {
        "L1" => format!(
            "A message was ended for its hop count: `{}`.",
            sighting.reply.as_deref().unwrap_or_default()
        ),
        "L2" => format!(
            "One server received the same message {} times by SMTP, and it was sent on to another \
             host in between. No bounce exists yet.",
            sighting.passes
        ),
        _ => format!("The headers of a message show repeated passes: {}.", sighting.summary),
    }];
    match sighting.origin {
        Some(Origin::OnPremises) => {
            text.push("5.4.6 is written by Exchange on premises.".to_owned());
        }
        Some(Origin::ExchangeOnline) => {
            text.push("5.4.14 is written by Exchange Online.".to_owned());
        }
        None => {}
    }
    if sighting.passes > 1 {
        text.push(format!("{} passes are seen.", sighting.passes));
    }
    if let Some(period) = sighting.period_s {
        text.push(format!("It comes back about every {period} s."));
    }
    if let Some(at) = first_bounce {
        text.push(format!("The first bounce is of {}.", format_timestamp(at)));
    }
    text.join(" ")
}

fn remediation(sighting: &Sighting, domain: Option<&str>, places: &Places) -> String {
    let mut text = Vec::new();
    if domain.is_some_and(|domain| places.accepts_domain(domain)) {
        text.push(
            "The recipient's domain is ours: check RemoteRoutingAddress (targetAddress) of the \
             recipient; it must be the tenant's mail.onmicrosoft.com address, not the primary \
             domain. Check on both sides whether the recipient exists, and the type of the accepted \
             domain.",
        );
    }
    let is_online = names(&sighting.places).contains(&ONLINE);
    if is_online && sighting.is_anonymous {
        text.push(
            "Exchange Online took the message for anonymous: check the identity of the inbound \
             connector (TlsSenderCertificateName against the certificate really sent).",
        );
    }
    if is_online {
        text.push(
            "With centralized transport Exchange Online sends such mail back: check \
             RouteAllMessagesViaOnPremises of the outbound connector, and switch it off until the \
             inbound connector recognises our servers.",
        );
    }
    text.push(
        "Suspend the queue between the participants while you look; compare their send connectors \
         and MX records for the recipient's domain.",
    );
    text.join(" ")
}
