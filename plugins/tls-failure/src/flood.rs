//! A slow peer and a flood of peers, for the native tests and the host's.

use std::net::Ipv4Addr;

use logwasp_sdk::testkit::Flood;

use crate::examples::failed;

/// Nine of ten failures of one peer, others with one each, the tenth.
pub fn flood() -> Flood {
    let slow = |second| failed(second, "198.51.100.7:25", "SocketError");
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: (0..9).map(slow).collect(),
        key: |n| {
            let ip = Ipv4Addr::from(0x2d00_0000 + n as u32);
            vec![failed(10 + (n / 5_000) as i64, &format!("{ip}:25"), "SocketError")]
        },
        after: vec![slow(500)],
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!((alerts[0].rule.as_str(), alerts[0].count), ("F1", 10));
        },
    }
}
