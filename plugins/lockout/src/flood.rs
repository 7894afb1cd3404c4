//! A slow job and a flood of accounts, for the native tests and the host's.

use logwasp_sdk::testkit::Flood;

use crate::examples::write;

/// An application tries one account each minute; others are guessed once each; then
/// the account is locked out.
pub fn flood() -> Flood {
    let slow = |n: i64| write::smtp_auth(60 * n, "EXCH01", "10.1.2.3", "user1");
    let locked = write::locked(990, "DC01", "user1", "EXCH01");
    Flood {
        config: |bytes| format!(r#"{{"state_bytes_max": {bytes}}}"#),
        before: (0..5).map(slow).collect(),
        key: |n| {
            let second = 300 + (n / 5_000) as i64;
            vec![write::ntlm(second, "DC01", &format!("guess{n}"), "0xc0000064", "KALI")]
        },
        after: (9..17).map(slow).chain([locked]).collect(),
        check: |alerts| {
            assert_eq!(alerts.len(), 1, "{alerts:#?}");
            assert_eq!(alerts[0].attribute_value("kind"), Some("smtp_auth"));
            assert_eq!(alerts[0].attribute_value("period_s"), Some("60"));
        },
    }
}
