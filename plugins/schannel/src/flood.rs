//! A slow certificate logon and a flood of users, for the native tests and the host's.

use logwasp_sdk::testkit::Flood;

use crate::examples::schannel_logon;

/// Two of three failures of one user, others once each, the third.
pub fn flood() -> Flood {
    let slow = |second| schannel_logon(second, "EXCH01", "svc_cert", "0xc0000072");
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: vec![slow(0), slow(1)],
        key: |n| {
            let second = 2 + (n / 5_000) as i64;
            vec![schannel_logon(second, "EXCH01", &format!("user{n}"), "0xc0000064")]
        },
        after: vec![slow(500)],
        check: |alerts| {
            let slow = alerts.iter().find(|alert| alert.entity_value("user") == Some("svc_cert"));
            assert_eq!(slow.map(|alert| alert.count), Some(3), "{alerts:#?}");
        },
    }
}
