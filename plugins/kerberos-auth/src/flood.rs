//! A slow collector of tickets and a flood of clients, for the native tests and the host's.

use logwasp_sdk::testkit::Flood;
use std::net::Ipv4Addr;

use crate::examples::ticket;

/// Nine of ten services of one client, others with one each, the tenth.
pub fn flood() -> Flood {
    let slow = |n: i64| ticket(n, &format!("svc{n}"), "0x17", "10.99.9.9");
    Flood {
        config: |bytes| {
            format!(
                r#"{{"state_bytes_max": {bytes}, "window": "1h", "site": {{"exchange_hosts": ["EXCH01"]}}}}"#
            )
        },
        before: (0..9).map(slow).collect(),
        key: |n| {
            let client = Ipv4Addr::from(0x2d00_0000 + n as u32).to_string();
            vec![ticket(10 + (n / 5_000) as i64, "svc", "0x17", &client)]
        },
        after: vec![slow(500)],
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!(alerts[0].rule, "K2");
        },
    }
}
