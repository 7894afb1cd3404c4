//! A slow address and a flood of addresses, for the native tests and the host's.

use std::net::Ipv4Addr;

use logwasp_sdk::testkit::Flood;

use crate::examples::{BUSY, replied};

/// Four of five replies to one address, others with one each, the fifth.
pub fn flood() -> Flood {
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: (0..4).map(|second| replied(second, BUSY)).collect(),
        key: |n| {
            let ip = Ipv4Addr::from(0x2d00_0000 + n as u32);
            let reply = format!("451 4.7.500 Server busy. Please try again later from [{ip}].");
            vec![replied(10 + (n / 5_000) as i64, &reply)]
        },
        after: vec![replied(500, BUSY)],
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!((alerts[0].rule.as_str(), alerts[0].count), ("Q1", 5));
        },
    }
}
