//! Lines of OWA's instant messaging log.
//!
//! ```text
//! ...ERROR:UCWEB Failure: Code=TlsFailure, SubCode=TlsRemoteDisconnected, Reason=\r\n A: x ---> B: y\r\n at ...
//! ```
//!
//! `\r\n` is written as four characters; the exceptions are nested from the left to
//! the right, the stack follows.

use logwasp_sdk::identity::meaningful;
use logwasp_sdk::text::clean;

/// One failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure<'a> {
    /// `TlsFailure`, ...
    pub(crate) code: &'a str,
    /// `TlsRemoteDisconnected`, ...
    pub(crate) sub_code: Option<&'a str>,
    /// Type and message of the innermost exception.
    pub(crate) innermost: Option<String>,
}

/// Reads the failure in `line`.
pub(crate) fn failure(line: &str) -> Option<Failure<'_>> {
    let (_, rest) = line.split_once(crate::rows::IM_FAILURE)?;
    let (head, reason) = rest.split_once("Reason=").unwrap_or((rest, ""));
    Some(Failure {
        code: value(head, "Code=")?,
        sub_code: value(head, "SubCode="),
        innermost: innermost(reason),
    })
}

/// The word behind `name`, which no other word ends with.
fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let (at, _) = head.match_indices(name).find(|(at, _)| {
        !head.get(..*at).unwrap_or_default().ends_with(|c: char| c.is_ascii_alphanumeric())
    })?;
    let rest = head.get(at + name.len()..)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    rest.get(..end).and_then(meaningful)
}

/// How much of a reason is read; real chains are shorter.
const REASON_BYTES_MAX: usize = 16 * 1024;

fn innermost(reason: &str) -> Option<String> {
    let reason = logwasp_sdk::text::shorten(reason, REASON_BYTES_MAX);
    let last = reason.rsplit(" ---> ").next()?;
    let line = last.split("\\r\\n").map(str::trim).find(|line| !line.is_empty())?;
    let line = line.lines().next()?.trim_matches([' ', '"']);
    meaningful(line).map(|line| clean(line, 250))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the chain of a broken TLS connection, a plain reason, no reason.
    /// Guarantees: codes and the innermost exception are found; other lines are no
    /// failures.
    #[test]
    fn failures_are_read() {
        let found = failure(crate::examples::IM_LINE).expect("a failure");
        assert_eq!((found.code, found.sub_code), ("TlsFailure", Some("TlsRemoteDisconnected")));
        assert_eq!(
            found.innermost.as_deref(),
            Some(
                "System.Net.Sockets.SocketException: An existing connection was forcibly closed \
                 by the remote host"
            )
        );
        let plain =
            failure("x,ERROR:UCWEB Failure: SubCode=B, Code=A, Reason=\"timeout\"\r\n at x");
        let plain = plain.expect("a failure");
        assert_eq!((plain.code, plain.sub_code), ("A", Some("B")));
        assert_eq!(plain.innermost.as_deref(), Some("timeout"));
        let bare = failure("UCWEB Failure: Code=Timeout").expect("a failure");
        assert_eq!((bare.code, bare.sub_code, bare.innermost), ("Timeout", None, None));
        for line in ["", "UCWEB Failure", "UCWEB Failure: SubCode=x", "Code=TlsFailure"] {
            assert_eq!(failure(line), None, "{line}");
        }
    }
}
