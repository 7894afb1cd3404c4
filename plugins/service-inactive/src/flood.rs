//! A slow refusal and a flood of servers, for the native tests and the host's.

use logwasp_sdk::testkit::Flood;

use crate::examples::{INACTIVE, UNAVAILABLE, greets};

/// Two of three refusals of one server, others with one each, the third.
pub fn flood() -> Flood {
    let slow = |second| greets(second, "EXCH01", "10.0.0.26", INACTIVE);
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: vec![slow(0), slow(1)],
        key: |n| vec![greets(2 + (n / 50_000) as i64, &format!("E{n}"), "10.0.0.9", UNAVAILABLE)],
        after: vec![slow(60)],
        check: |alerts| {
            let slow = alerts.iter().find(|alert| alert.rule == "S1");
            assert_eq!(slow.map(|alert| alert.count), Some(3), "{alerts:#?}");
        },
    }
}
