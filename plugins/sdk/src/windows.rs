//! Facts about Windows events that several detectors share.

use crate::identity::meaningful;

/// A status as Windows writes it: `0xC000006D`, `0xc000006d`, `3221225581` or
/// `-1073741715`, folded to u32.
pub fn status(text: &str) -> Option<u32> {
    let text = meaningful(text)?;
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok();
    }
    if text.starts_with('-') {
        return text.parse::<i32>().ok().map(i32::cast_unsigned);
    }
    text.parse().ok()
}

/// Why a logon failed, as far as lockouts care.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum FailureClass {
    /// Wrong password: this is what locks accounts.
    BadPassword,
    /// The account is locked out already.
    Locked,
    /// Password or account expired, or the password must change.
    Expired,
    /// The account is disabled.
    Disabled,
    /// There is no such user.
    UnknownUser,
    /// Anything else.
    Other,
}

impl FailureClass {
    /// The class's name in attributes and texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadPassword => "bad_password",
            Self::Locked => "locked",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
            Self::UnknownUser => "unknown_user",
            Self::Other => "other",
        }
    }
}

/// Class of an NTSTATUS pair of 4625 or the status of 4776 and netlogon
/// (MS-ERREF 2.3.1). The inner code decides unless it is zero.
pub fn ntstatus_class(status: u32, sub_status: u32) -> FailureClass {
    let code = if sub_status == 0 { status } else { sub_status };
    match code {
        0xC000_006A | 0xC000_006D => FailureClass::BadPassword,
        0xC000_0234 => FailureClass::Locked,
        0xC000_0071 | 0xC000_0193 | 0xC000_0224 => FailureClass::Expired,
        0xC000_0072 => FailureClass::Disabled,
        0xC000_0064 => FailureClass::UnknownUser,
        _ => FailureClass::Other,
    }
}

/// Class of a Kerberos result code of 4768 and 4771 (RFC 4120, 7.5.9), or `None`
/// for what is no failure of the user: success, pre-authentication required
/// (0x19) and clock skew (0x25). 0x12 is `Disabled` unless a lock is known.
pub fn kerberos_class(result: u32) -> Option<FailureClass> {
    match result {
        0x0 | 0x19 | 0x25 => None,
        0x6 => Some(FailureClass::UnknownUser),
        0x12 => Some(FailureClass::Disabled),
        0x1 | 0x17 => Some(FailureClass::Expired),
        0x18 => Some(FailureClass::BadPassword),
        _ => Some(FailureClass::Other),
    }
}

/// Class of `sc-win32-status` in IIS logs (winerror.h, SSPI), or `None` for the
/// ordinary first legs of a handshake and for success.
pub fn win32_class(win32: u32) -> Option<FailureClass> {
    match win32 {
        0 | 5 | 64 | 995 | 1236 | 0x8009_030E => None,
        1326 | 0x8009_030C => Some(FailureClass::BadPassword),
        1909 => Some(FailureClass::Locked),
        1330 | 1793 | 1907 => Some(FailureClass::Expired),
        1331 => Some(FailureClass::Disabled),
        _ => Some(FailureClass::Other),
    }
}

/// Class of a legacy audit event of Windows 2000 and 2003.
pub fn legacy_class(event_id: u32) -> FailureClass {
    match event_id {
        529 => FailureClass::BadPassword,
        531 => FailureClass::Disabled,
        532 | 535 => FailureClass::Expired,
        539 => FailureClass::Locked,
        _ => FailureClass::Other,
    }
}

/// True for the `Keywords` of an audit failure: hex, a number as JSON shippers
/// print it, or words.
pub fn is_audit_failure(keywords: &str) -> bool {
    const AUDIT_FAILURE: u64 = 0x10_0000_0000_0000;
    let text = keywords.trim();
    let bits = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.starts_with('-') => text.parse::<i64>().ok().map(i64::cast_unsigned),
        None => text.parse().ok(),
    };
    if let Some(bits) = bits {
        return bits & AUDIT_FAILURE != 0;
    }
    let words = text.to_ascii_lowercase().replace('_', " ");
    words.contains("audit failure") || words.contains("failure audit")
}

/// SEC_E_UNTRUSTED_ROOT: the status of Schannel's certificate-mapping noise.
pub const SEC_E_UNTRUSTED_ROOT: u32 = 0x8009_0325;

/// True when a 4625 comes from Schannel.
pub fn is_schannel_logon(logon_process: Option<&str>, package: Option<&str>) -> bool {
    let is = |cell: Option<&str>, name: &str| {
        cell.is_some_and(|text| text.trim().eq_ignore_ascii_case(name))
    };
    is(logon_process, "Schannel") && is(package, "Microsoft Unified Security Protocol Provider")
}

/// True when a 4625 is Schannel's certificate-mapping noise: no user, and a
/// sub-status among `noise_substatus`. Such records count for nothing else.
pub fn is_schannel_noise(
    logon_process: Option<&str>,
    package: Option<&str>,
    user: Option<&str>,
    sub_status: Option<&str>,
    noise_substatus: &[u32],
) -> bool {
    is_schannel_logon(logon_process, package)
        && user.and_then(meaningful).is_none()
        && sub_status.and_then(status).is_some_and(|code| noise_substatus.contains(&code))
}

/// Name of a TLS alert (RFC 8446, 6; RFC 5246, 7.2).
pub fn tls_alert_name(alert: u32) -> &'static str {
    match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: one status in every spelling that occurs.
    /// Guarantees: one number; what is no number is none.
    #[test]
    fn statuses_fold_to_one_number() {
        for text in ["0xC000006D", "0xc000006d", "3221225581", "-1073741715", " 0xc000006d "] {
            assert_eq!(status(text), Some(0xC000_006D), "{text}");
        }
        for text in ["", "-", "%%2313", "0x", "99999999999"] {
            assert_eq!(status(text), None, "{text}");
        }
    }

    /// Scenario: the codes that TLS stacks write.
    /// Guarantees: each falls into its class; handshakes into none.
    #[test]
    fn failures_have_classes() {
        assert_eq!(ntstatus_class(0xC000_006D, 0xC000_0064), FailureClass::UnknownUser);
        assert_eq!(ntstatus_class(0xC000_006D, 0), FailureClass::BadPassword);
        assert_eq!(ntstatus_class(0xC000_0234, 0), FailureClass::Locked);
        assert_eq!(kerberos_class(0x18), Some(FailureClass::BadPassword));
        assert_eq!((kerberos_class(0x19), kerberos_class(0x25)), (None, None));
        assert_eq!(win32_class(2_148_074_254), None);
        assert_eq!(win32_class(2_148_074_252), Some(FailureClass::BadPassword));
        assert_eq!(legacy_class(539), FailureClass::Locked);
    }

    /// Scenario: the audit keywords in every coat.
    /// Guarantees: failures are told from successes.
    #[test]
    fn audit_failures_are_recognised() {
        for text in [
            "0x8010000000000000",
            "-9218868437227405312",
            "9227875636482146304",
            "Audit Failure",
            "AUDIT_FAILURE",
            "Failure Audit",
        ] {
            assert!(is_audit_failure(text), "{text}");
        }
        for text in ["0x8020000000000000", "-9214364837600034816", "Audit Success", "", "-"] {
            assert!(!is_audit_failure(text), "{text}");
        }
    }

    /// Scenario: the noise of the certificate mapping, and its neighbours.
    /// Guarantees: a user, another package or another status is not noise.
    #[test]
    fn schannel_noise_is_recognised() {
        let package = Some("Microsoft Unified Security Protocol Provider");
        let noise = |process, user, sub| {
            is_schannel_noise(process, package, user, sub, &[SEC_E_UNTRUSTED_ROOT])
        };
        assert!(noise(Some("Schannel  "), Some(""), Some("0x80090325")));
        assert!(noise(Some("schannel"), None, Some("2148074277")));
        assert!(!noise(Some("Schannel"), Some("svc_cert"), Some("0x80090325")));
        assert!(!noise(Some("NtLmSsp "), Some(""), Some("0x80090325")));
        assert!(!noise(Some("Schannel"), Some(""), Some("0xc0000064")));
    }
}
