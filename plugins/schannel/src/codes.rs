//! Names and meanings of the codes that Schannel writes.

/// SEC_E_UNKNOWN_CREDENTIALS: with 36870, the key is there and may not be read.
pub(crate) const UNKNOWN_CREDENTIALS: u32 = 0x8009_030D;
/// NTE_BAD_KEYSET: with 36870, there is no such key.
pub(crate) const BAD_KEYSET: u32 = 0x8009_0016;

/// The name of a status in winerror.h or ntstatus.h.
pub(crate) fn status_name(code: u32) -> Option<&'static str> {
    Some(match code {
        0x8009_0003 => "NTE_BAD_KEY",
        0x8009_000D => "NTE_NO_KEY",
        BAD_KEYSET => "NTE_BAD_KEYSET",
        0x8009_0302 => "SEC_E_UNSUPPORTED_FUNCTION",
        0x8009_0304 => "SEC_E_INTERNAL_ERROR",
        0x8009_0308 => "SEC_E_INVALID_TOKEN",
        0x8009_030C => "SEC_E_LOGON_DENIED",
        UNKNOWN_CREDENTIALS => "SEC_E_UNKNOWN_CREDENTIALS",
        0x8009_030E => "SEC_E_NO_CREDENTIALS",
        0x8009_030F => "SEC_E_MESSAGE_ALTERED",
        0x8009_0322 => "SEC_E_WRONG_PRINCIPAL",
        0x8009_0325 => "SEC_E_UNTRUSTED_ROOT",
        0x8009_0326 => "SEC_E_ILLEGAL_MESSAGE",
        0x8009_0327 => "SEC_E_CERT_UNKNOWN",
        0x8009_0328 => "SEC_E_CERT_EXPIRED",
        0x8009_0330 => "SEC_E_DECRYPT_FAILURE",
        0x8009_0331 => "SEC_E_ALGORITHM_MISMATCH",
        0x8009_0349 => "SEC_E_CERT_WRONG_USAGE",
        0x800B_0109 => "CERT_E_UNTRUSTEDROOT",
        0x8009_2010 => "CRYPT_E_REVOKED",
        0x8009_2012 => "CRYPT_E_NO_REVOCATION_CHECK",
        0x8009_2013 => "CRYPT_E_REVOCATION_OFFLINE",
        0xC000_0064 => "STATUS_NO_SUCH_USER",
        0xC000_006A => "STATUS_WRONG_PASSWORD",
        0xC000_006D => "STATUS_LOGON_FAILURE",
        0xC000_006E => "STATUS_ACCOUNT_RESTRICTION",
        0xC000_0072 => "STATUS_ACCOUNT_DISABLED",
        0xC000_0193 => "STATUS_ACCOUNT_EXPIRED",
        0xC000_0234 => "STATUS_ACCOUNT_LOCKED_OUT",
        _ => return None,
    })
}

/// What an internal error state usually means; nobody documents them.
pub(crate) fn error_state_meaning(state: &str) -> Option<&'static str> {
    Some(match state {
        "552" | "808" | "960" => "a damaged record or a certificate error",
        "1203" => "plain text or a malformed hello on a TLS port",
        "1204" => "no suitable certificate",
        "1205" => "no shared cipher",
        "10010" | "10011" | "10013" => {
            "the protocol is disabled on one side (TLS 1.0 and 1.1 are often removed)"
        }
        _ => return None,
    })
}
