//! Is a failed logon the sign of a broken Kerberos key?

use logwasp_sdk::identity::meaningful;
use logwasp_sdk::text::clean;
use logwasp_sdk::windows::status;

use crate::rows::Failure;

/// The configured codes, with the sub-status where one is asked for.
pub(crate) struct Statuses {
    codes: Vec<(u32, Option<u32>)>,
}

impl Statuses {
    pub(crate) fn parse(texts: &[String]) -> Result<Self, String> {
        let wrong = |text: &str| {
            format!(
                "`{text}` in `status_list` is no status; write `0x80090322` or `0xC000006D/0x0`"
            )
        };
        let parse = |text: &String| {
            let (code, sub) =
                text.split_once('/').map_or((text.as_str(), None), |(c, s)| (c, Some(s)));
            let code = status(code).ok_or_else(|| wrong(text))?;
            let sub = sub.map(|sub| status(sub).ok_or_else(|| wrong(text))).transpose()?;
            Ok((code, sub))
        };
        texts.iter().map(parse).collect::<Result<_, String>>().map(|codes| Self { codes })
    }

    fn hold(&self, code: Option<u32>, sub: Option<u32>) -> bool {
        self.codes.iter().any(|(wanted, wanted_sub)| match wanted_sub {
            Some(wanted_sub) => code == Some(*wanted) && sub.unwrap_or(0) == *wanted_sub,
            None => code == Some(*wanted) || sub == Some(*wanted),
        })
    }
}

/// A Kerberos logon over the network, without a user, that failed for its key.
pub(crate) fn is_broken(row: &Failure<'_>, statuses: &Statuses) -> bool {
    let says = |words: &str| row.message.is_some_and(|text| contains(text, words));
    let is_kerberos = [row.package, row.process]
        .into_iter()
        .flatten()
        .any(|cell| cell.trim().eq_ignore_ascii_case("kerberos"))
        || says("kerberos");
    if !is_kerberos || !is_null_sid(row.user_sid) {
        return false;
    }
    let is_network = row.logon_type.and_then(meaningful).is_none_or(|kind| kind == "3");
    let (code, sub) = (row.status.and_then(status), row.sub_status.and_then(status));
    says("invalid key") || (is_network && statuses.hold(code, sub))
}

/// Legacy events have no SID of the user.
fn is_null_sid(sid: Option<&str>) -> bool {
    sid.and_then(meaningful).is_none_or(|sid| {
        let sid = sid.trim_start_matches("%{").trim_end_matches('}');
        sid == "S-1-0-0" || sid.eq_ignore_ascii_case("NULL SID")
    })
}

/// The same in a line of text that quotes the event.
pub(crate) fn is_broken_text(line: &str) -> bool {
    contains(line, "kerberos") && contains(line, "invalid key")
}

fn contains(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|part| part.eq_ignore_ascii_case(words.as_bytes()))
}

pub(crate) fn summary(row: &Failure<'_>) -> String {
    let cells = [
        ("status", row.status),
        ("sub-status", row.sub_status),
        ("account", account(row.luid).or(row.user)),
    ];
    let said: Vec<String> = cells
        .into_iter()
        .filter_map(|(name, cell)| Some(format!("{name} {}", cell.and_then(meaningful)?)))
        .collect();
    let id = row.event_id.unwrap_or("a logon event");
    clean(&format!("{id}: Kerberos logon failed, {}", said.join(", ")), 400)
}

pub(crate) fn line_summary(line: &str) -> String {
    clean(line, 300)
}

/// The three service accounts by their fixed logon ids.
fn account(luid: Option<&str>) -> Option<&'static str> {
    match status(luid?)? {
        0x3e7 => Some("LocalSystem"),
        0x3e4 => Some("NetworkService"),
        0x3e5 => Some("LocalService"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const FAILURE: Failure<'static> = Failure {
        host: Some("HUB01"),
        event_id: Some("4625"),
        user_sid: Some("S-1-0-0"),
        user: Some("-"),
        logon_type: Some("3"),
        package: Some("Kerberos"),
        process: Some("Kerberos"),
        status: Some("0x80090322"),
        sub_status: Some("0x0"),
        luid: None,
        message: None,
    };

    /// Scenario: the failure itself, and one thing changed at a time.
    /// Guarantees: Kerberos, no user, and a listed status or the words are needed.
    #[test]
    fn broken_keys_are_told_from_bad_passwords() {
        let statuses = Statuses::parse(&Config::default().status_list).expect("defaults parse");
        let is = |row: Failure<'_>| is_broken(&row, &statuses);
        assert!(is(FAILURE));
        assert!(is(Failure { status: Some("0xC000006D"), ..FAILURE }));
        assert!(is(Failure {
            status: None,
            message: Some("The error was: Invalid Key"),
            ..FAILURE
        }));
        assert!(is(Failure { user_sid: None, package: Some("-"), ..FAILURE }));
        assert!(!is(Failure {
            status: Some("0xC000006D"),
            sub_status: Some("0xC000006A"),
            ..FAILURE
        }));
        assert!(!is(Failure { user_sid: Some("S-1-5-21-1"), ..FAILURE }));
        assert!(!is(Failure { package: Some("NTLM"), process: Some("NtLmSsp"), ..FAILURE }));
        assert!(!is(Failure { logon_type: Some("2"), ..FAILURE }));
        assert!(Statuses::parse(&["nonsense".to_owned()]).is_err());
    }
}
