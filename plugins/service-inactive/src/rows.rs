//! What the detector reads.

use logwasp_sdk::{Condition, Subscription, absent, contains, equals, rows};

rows! {
    /// What the detector reads.
    pub(crate) enum Row<'a> {
        /// A refused connection, or one that works again, in an SMTP protocol log.
        Smtp on "exchange-smtp" {
            host: "@host",
            connector: "connector-id",
            session: "session-id",
            sequence: "sequence-number",
            local: "local-endpoint",
            remote: "remote-endpoint",
            direction: "direction",
            event: "event",
            data: "data",
        }
        /// A row of the connectivity log that quotes the refusal.
        Connectivity on "exchange-connectivity" {
            session: "session",
            destination: "Destination",
            destination_lower: "destination",
            text: "description",
        }
        /// A row of the message tracking log that quotes it.
        Tracking on "exchange-tracking" { text: "recipient-status" }
        /// A management command that changes the state of a component.
        Command on "windows-event" {
            event_id: "@event_id",
            host: "@host",
            data: "Data[*]",
            by: "Data#3",
            message: "Message",
        }
        /// A log that only an Exchange server writes: its host is one.
        Coverage on "coverage" { host: "@host" }
    }
}

/// Start of both refusals.
pub(crate) const REFUSAL: &str = "421 4.3.2 Service not";
/// The greeting and the acceptance of a server that works. The first has these words
/// unless the banner was changed; the second has them always.
const WORKS: [&str; 2] = ["ESMTP MAIL Service ready", "Queued mail for delivery"];
/// The command that takes a server out of service and back.
pub(crate) const SET_STATE: &str = "Set-ServerComponentState";

pub(crate) fn subscriptions() -> Vec<Subscription> {
    vec![
        Smtp::subscribe([contains("data", [REFUSAL])]),
        Smtp::subscribe([contains("data", WORKS)]),
        Connectivity::subscribe([contains("description", [REFUSAL])]),
        Tracking::subscribe([contains("recipient-status", [REFUSAL])]),
        Command::subscribe(management([contains("Data", [SET_STATE])])),
        Command::subscribe(management([absent("Data"), contains("Message", [SET_STATE])])),
        Coverage::subscribe([equals("exchange", "true")]),
    ]
}

/// The event id, 1, is no condition: as one it would bring every event with that
/// common id here.
fn management<const N: usize>(what: [Condition; N]) -> Vec<Condition> {
    let mut all = vec![equals("@channel", "MSExchange Management")];
    all.extend(what);
    all
}
