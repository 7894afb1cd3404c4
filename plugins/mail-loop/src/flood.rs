//! A slow loop and a flood of messages, for the native tests and the host's.

use logwasp_sdk::testkit::{Flood, TestEvent};

use crate::examples::{EOP, tracking};

const RECIPIENT: &str = "test@contoso.mail.onmicrosoft.com";

fn receive(second: i64) -> TestEvent {
    tracking(second, "RECEIVE", "SMTP", "gateway", "Exchange2013", RECIPIENT)
}

/// Three of four visits of one message, others with one each, the fourth.
pub fn flood() -> Flood {
    let visit = |pass: i64| {
        let send = tracking(60 * pass + 2, "SEND", "SMTP", "Exchange2013", EOP, RECIPIENT);
        [receive(60 * pass), send]
    };
    Flood {
        config: |bytes| {
            format!(
                r#"{{"state_bytes_max": {bytes}, "site": {{"exchange_hosts": ["Exchange2013"]}}}}"#
            )
        },
        before: (0..3).flat_map(visit).collect(),
        key: |n| {
            let mut event = receive(200 + (n / 5_000) as i64);
            event.fields.retain(|(name, _)| name != "message-id");
            event.fields.push(("message-id".to_owned(), format!("<m{n}@contoso.com>")));
            vec![event]
        },
        after: vec![receive(500)],
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!(alerts[0].attribute_value("passes"), Some("4"));
        },
    }
}
