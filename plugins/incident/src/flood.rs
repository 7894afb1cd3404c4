//! One half of a story and a flood of alerts, for the native tests and the host's.

use logwasp_sdk::testkit::Flood;

use crate::examples::{anonymous, parents, throttled, tls_failed};

/// Own mail that is anonymous, failures of TLS on as many hosts, throttling.
pub fn flood() -> Flood {
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: vec![anonymous(0, "a1")],
        key: |n| {
            let second = 10 + (n / 1_000) as i64;
            vec![tls_failed(second, &format!("f{n}"), "F1", &format!("mx{n}"))]
        },
        after: vec![throttled(2_000, "q1")],
        check: |alerts| {
            let parents = parents(alerts);
            assert_eq!(parents.len(), 1, "{alerts:#?}");
            assert_eq!(parents[0].attribute_value("children"), Some("a1,q1"));
        },
    }
}
