//! A slow probe and a flood of addresses, for the native tests and the host's.

use std::net::Ipv4Addr;

use logwasp_sdk::testkit::{Flood, TestEvent};

fn refused(second: i64, ip: &str) -> TestEvent {
    let fields = [
        ("direction", "receive"),
        ("event", ">"),
        ("server", "EXCH01"),
        ("connector", "Default Frontend EXCH01"),
        ("local_ip", "10.0.0.25"),
        ("ip", ip),
        ("rcpts", "a@fabrikam.com"),
        ("reply", "550 5.7.1 Unable to relay"),
    ];
    TestEvent::new("exchange-smtp-session", second, "EXCH01", &fields)
}

/// Three of five refusals of one address, others once each, the fourth and fifth.
pub fn flood() -> Flood {
    let slow = |second| refused(second, "198.51.100.77");
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}, "window": "1h"}}"#),
        before: (0..3).map(slow).collect(),
        key: |n| {
            let ip = Ipv4Addr::from(0x2d00_0000 + n as u32).to_string();
            vec![refused(10 + (n / 5_000) as i64, &ip)]
        },
        after: (1_000..1_002).map(slow).collect(),
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!((alerts[0].rule.as_str(), alerts[0].count), ("R4", 5));
        },
    }
}
