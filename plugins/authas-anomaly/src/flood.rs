//! Slow trouble of three kinds and a flood of servers, for the native tests and the host's.

use logwasp_sdk::testkit::{Flood, TestEvent};
use logwasp_sdk::{Activity, Alert};

use crate::examples::{ANONYMOUS, hybrid_block, mail_event};

fn line(second: i64, message: &str) -> TestEvent {
    TestEvent::new("syslog", second, "gw01", &[("message", message)])
}

/// A stranger's message that is internal.
fn stranger(second: i64) -> TestEvent {
    line(
        second,
        "X-MS-Exchange-Organization-AuthAs: Internal; \
         X-MS-Exchange-Organization-AuthSource: mx.fabrikam.com; client-ip=198.51.100.9",
    )
}

/// A message that a server, by its number, stamped.
fn server(second: i64, number: u64, mechanism: &str) -> TestEvent {
    let message = format!(
        "X-MS-Exchange-Organization-AuthAs: Anonymous; \
         X-MS-Exchange-Organization-AuthSource: mx{number}.fabrikam.com; \
         X-MS-Exchange-Organization-AuthMechanism: {mechanism}"
    );
    line(second, &message)
}

fn own(second: i64) -> TestEvent {
    let id = format!("{second}@contoso.com");
    mail_event(second, &hybrid_block("clint@contoso.com", &id, ANONYMOUS))
}

/// A stranger, own mail that breaks and a mechanism that was learned; other servers
/// once each; the stranger and own mail again, and another mechanism.
pub fn flood() -> Flood {
    Flood {
        config: |bytes| {
            format!(
                r#"{{"state_bytes_max": {bytes}, "site": {{"accepted_domains": ["contoso.com"],
                "exchange_hosts": ["Exchange2013"], "gateways": ["gw01"]}}}}"#
            )
        },
        before: [stranger(0), stranger(1), own(2), own(3)]
            .into_iter()
            .chain((0..50).map(|_| server(5, 0, "07")))
            .collect(),
        key: |n| vec![server(10 + (n / 5_000) as i64, n + 1, "07")],
        after: vec![stranger(400), own(401), server(402, 0, "0a")],
        check: |alerts| {
            let known = |rule: &str, activity: Activity| {
                let of = |alert: &&Alert| alert.rule == rule && alert.activity == activity;
                alerts.iter().rev().find(of).map(|alert| alert.count)
            };
            assert_eq!(known("A2", Activity::Update), Some(3), "{alerts:#?}");
            assert_eq!(known("A1", Activity::Update), Some(3), "{alerts:#?}");
            assert_eq!(known("A4", Activity::Create), Some(1), "{alerts:#?}");
        },
    }
}
