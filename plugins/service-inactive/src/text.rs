//! What alerts say.

use logwasp_sdk::book::{Facts, Seen};
use logwasp_sdk::text::clean;
use logwasp_sdk::time::format_timestamp;

use crate::sighting::Kind;

/// The host takes titles of 512 bytes.
const TITLE_BYTES_MAX: usize = 400;

pub(crate) fn title(kind: Kind, facts: &Facts) -> String {
    let host = facts.first("host").unwrap_or("an unnamed server");
    let title = match kind {
        Kind::NotActive => format!("Transport inactive on {host}"),
        Kind::NotAvailable => format!("Transport not available on {host}"),
    };
    clean(&title, TITLE_BYTES_MAX)
}

pub(crate) fn description(kind: Kind, facts: &Facts, seen: &Seen, is_planned: bool) -> String {
    let first = format_timestamp(seen.first);
    let mut text = vec![match seen.count {
        1 => format!("One connection was refused at {first}."),
        n => {
            format!("{n} connections were refused from {first} to {}.", format_timestamp(seen.last))
        }
    }];
    text.push(match kind {
        Kind::NotActive => {
            "The server answers `421 4.3.2 Service not active` instead of a greeting: a component \
             state that it needs is inactive, and mail to it waits."
                .to_owned()
        }
        Kind::NotAvailable => {
            "The server answers `421 4.3.2 Service not available` instead of a greeting: it is \
             shutting down, or a receive connector of the transport service (Hub) of its own is \
             bound to port 25, which belongs to the frontend."
                .to_owned()
        }
    });
    if let Some(at) = facts.first("component_set_at") {
        let fact = |name| facts.first(name).unwrap_or("?");
        let what =
            if is_planned { "The server was put into maintenance" } else { "A state was set" };
        text.push(format!(
            "{what} by {} at {at}: component {}, state {}, requester {}.",
            fact("component_set_by"),
            fact("component"),
            fact("component_state"),
            fact("component_requester"),
        ));
    }
    text.join(" ")
}

pub(crate) fn remediation(kind: Kind, is_planned: bool) -> &'static str {
    match kind {
        Kind::NotActive if is_planned => {
            "Nothing while the maintenance lasts. Afterwards: Set-ServerComponentState -Component \
             ServerWideOffline -State Active -Requester Maintenance."
        }
        Kind::NotActive => {
            "Run Get-ServerComponentState on the server. Then Set-ServerComponentState -Component \
             ServerWideOffline -State Active -Requester Maintenance; if that changes nothing, the \
             same with -Requester Functional. Restart the transport services. After an update of \
             Exchange this is how an interrupted setup shows."
        }
        Kind::NotAvailable => {
            "Check whether the server is being restarted; this ends by itself. Otherwise look for \
             receive connectors with the role HubTransport on port 25 (Get-ReceiveConnector) and \
             make them FrontendTransport, then restart the transport services."
        }
    }
}
