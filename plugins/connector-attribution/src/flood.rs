//! Slow trouble of two kinds and a flood of messages, for the native tests and the host's.

use logwasp_sdk::testkit::{Flood, TestEvent};
use logwasp_sdk::time::SECOND;
use logwasp_sdk::{Activity, Alert};

use crate::examples::{TENANT, accepted, custom_data, trace};

const HOST: &str = "smtpo365.contoso.com";

/// A stranger's message through the hybrid connector.
fn foreign(time: &str, sender: &str, id: &str) -> TestEvent {
    trace(time, id, sender, "b@example.org", &custom_data(HOST, "OnPremises", TENANT))
}

/// A delivery on a connector of its own.
fn delivered(time: &str, id: &str, connector: &str) -> TestEvent {
    let mut event = accepted(time, id, "a@fabrikam.com");
    for (_, value) in event.fields.iter_mut().filter(|(name, _)| name == "connector") {
        connector.clone_into(value);
    }
    event
}

/// The key's rows begin at 09:33.
fn later(mut event: TestEvent, n: u64) -> TestEvent {
    event.time += (n / 5_000) as i64 * SECOND;
    event
}

/// Two strange messages of one sender and two lost messages of one connector; others
/// with one each; the third of that sender, and the third lost.
pub fn flood() -> Flood {
    Flood {
        config: |bytes| {
            format!(
                r#"{{"state_bytes_max": {bytes}, "site": {{"accepted_domains": ["contoso.com"]}}}}"#
            )
        },
        before: vec![
            delivered("09:00:00", "lost1@contoso.com", "Slow"),
            delivered("09:00:00", "lost2@contoso.com", "Slow"),
            foreign("09:00:01", "a@slow.example", "s1@slow.example"),
            foreign("09:31:00", "a@slow.example", "s2@slow.example"),
            delivered("09:32:00", "lost3@contoso.com", "Slow"),
        ],
        key: |n| {
            let id = format!("m{n}@contoso.com");
            let event = if n % 2 == 0 {
                delivered("09:33:00", &id, "Outbound to Internet")
            } else {
                foreign("09:33:00", &format!("a@x{n}.example"), &id)
            };
            vec![later(event, n)]
        },
        after: vec![foreign("10:02:30", "a@slow.example", "s3@slow.example")],
        check: |alerts| {
            let known = |rule: &str| {
                let of = |alert: &&Alert| alert.rule == rule && alert.activity == Activity::Update;
                alerts.iter().filter(of).map(|alert| alert.count).max()
            };
            assert_eq!((known("C1"), known("C5")), (Some(3), Some(3)), "{alerts:#?}");
        },
    }
}
