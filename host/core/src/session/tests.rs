//! Sessions gathered across files and windows.

use super::*;
use crate::interest::{ConditionSpec, SubscriptionSpec};

/// Files held in memory.
struct Memory(Vec<Vec<u8>>);

impl Texts for Memory {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn length(&mut self, file: usize) -> u64 {
        self.0[file].len() as u64
    }

    fn window(&mut self, file: usize, from: u64, to: u64) -> &[u8] {
        let text = &self.0[file];
        &text[(from as usize).min(text.len())..(to as usize).min(text.len())]
    }
}

const HEADER: &str = "#Software: Microsoft Exchange Server\r\n#Log-type: SMTP Receive Protocol Log\r\n\
    #Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\r\n";

/// Rows of one session, a second apart.
fn session(id: &str, rows: &[(&str, &str, &str)]) -> Vec<String> {
    let row = |(sequence, (event, data, context)): (usize, &(&str, &str, &str))| {
        format!(
            "2026-11-20T09:20:{sequence:02}.000Z,EXCH01\\Default Frontend EXCH01,{id},{sequence},10.0.0.25:25,10.1.9.7:51877,{event},{data},{context}\r\n"
        )
    };
    rows.iter().enumerate().map(row).collect()
}

const REFUSED: [(&str, &str, &str); 12] = [
    ("+", "", ""),
    (">", "220 mail.contoso.com Microsoft ESMTP MAIL Service ready", ""),
    ("<", "EHLO erp.contoso.com", ""),
    (">", "250  mail.contoso.com Hello [10.1.9.7] SIZE", ""),
    (
        "*",
        " CN=erp.contoso.com CN=CA 0700204CC3051A9E 5D440E75FE29C4D5A223314BB0EC1DCBEB1A0903 2021-02-05T19:00:00.000Z 2022-02-05T18:59:59.000Z erp.contoso.com",
        "Remote certificate Subject",
    ),
    ("<", "MAIL FROM:<erp@contoso.com> SIZE=1 XOORG=contoso.com", ""),
    (">", "250 2.1.0 Sender OK", ""),
    ("<", "RCPT TO:<inside@contoso.com>", ""),
    ("<", "RCPT TO:<kunde@fabrikam.com>", ""),
    (">", "250 2.1.5 Recipient OK", ""),
    (">", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", ""),
    ("-", "", "Local"),
];

/// Two sessions whose rows take turns.
fn interleaved() -> String {
    let ours = session("08DE1F0A5C0000A1", &REFUSED);
    let others = session("08DE1F0A5C0000A2", &REFUSED);
    let rows: String = ours.iter().zip(&others).map(|(a, b)| format!("{a}{b}")).collect();
    format!("{HEADER}{rows}")
}

fn facts_of(files: Vec<String>, file: usize, needle: &str) -> Facts {
    let offset = files[file].find(needle).unwrap();
    let offset = files[file][..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let mut texts = Memory(files.into_iter().map(String::into_bytes).collect());
    let candidate = Candidate {
        file,
        offset: offset as u64,
        time: 1_795_166_411_000_000_000,
        session_id: b"08DE1F0A5C0000A1",
        connector: b"EXCH01\\Default Frontend EXCH01",
    };
    let mut gatherer = Gatherer::default();
    let first = gatherer.gather(&mut texts, &candidate);
    assert_eq!(first, gatherer.gather(&mut texts, &candidate), "what is remembered is the same");
    (*first).clone()
}

fn fields(facts: &Facts) -> Vec<String> {
    let mut event = Event::default();
    facts.push_to(&mut event);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    event.fields.iter().map(|f| format!("{}={}", text(f.name), text(f.value.spelled()))).collect()
}

/// Scenario: a refusal inside a session whose rows are mixed with another's.
/// Guarantees: exactly the session's facts, from its first row to its last.
#[test]
fn a_session_is_gathered() {
    let facts = facts_of(vec![interleaved()], 0, "550 5.7.54");
    assert_eq!(
        fields(&facts),
        [
            "direction=receive",
            "server=EXCH01",
            "connector=Default Frontend EXCH01",
            "ip=10.1.9.7",
            "local_ip=10.0.0.25",
            "ehlo=erp.contoso.com",
            "peer_name=erp.contoso.com",
            "tls_subject=CN=erp.contoso.com",
            "mail_from=erp@contoso.com",
            "xoorg=contoso.com",
            "rcpts=inside@contoso.com",
            "rcpts=kunde@fabrikam.com",
            "accepted_rcpts=inside@contoso.com",
        ]
    );
}

/// Scenario: the same session cut between two files, and far from its candidate.
/// Guarantees: the same facts.
#[test]
fn a_session_goes_over_files_and_far() {
    let whole = facts_of(vec![interleaved()], 0, "550 5.7.54");
    let text = interleaved();
    let middle = text.find("MAIL FROM").unwrap();
    let middle = text[..middle].rfind('\n').unwrap() + 1;
    let cut = vec![text[..middle].to_owned(), format!("{HEADER}{}", &text[middle..])];
    assert_eq!(facts_of(cut, 1, "550 5.7.54"), whole);

    let filler = session("08DE1F0A5C0000FF", &[(">", "250 ok", ""); 60]).concat().repeat(100);
    let far = format!("{}{filler}{}", &text[..middle], &text[middle..]);
    assert_eq!(facts_of(vec![far], 0, "550 5.7.54"), whole);
}

/// Scenario: the rows of the session are older than a session can be.
/// Guarantees: they are not taken for the session's.
#[test]
fn a_session_has_an_end() {
    let text = interleaved();
    let old = text.replace("2026-11-20T09:20:0", "2026-11-20T07:20:0");
    let filler = session("08DE1F0A5C0000FF", &[(">", "250 ok", ""); 60])
        .concat()
        .replace("09:20", "07:30")
        .repeat(20);
    let cut = old.find("2026-11-20T09:20:10").unwrap();
    let log = format!("{}{filler}{}", &old[..cut], &old[cut..]);
    let facts = facts_of(vec![log], 0, "550 5.7.54");
    let facts = fields(&facts);
    assert!(facts.contains(&"ip=10.1.9.7".to_owned()), "{facts:?}");
    assert!(!facts.iter().any(|fact| fact.starts_with("ehlo=")), "{facts:?}");
}

/// Scenario: an older build writes one row per attribute of a certificate; a
/// frontend names its client; an authentication fails.
/// Guarantees: these facts are found as well.
#[test]
fn other_rows_are_understood() {
    let rows = session(
        "08DE1F0A5C0000A1",
        &[
            ("+", "", ""),
            ("*", "", "Remote certificate"),
            ("*", "CN=gw.contoso.com", "Certificate subject"),
            ("*", "CN=CA", "Certificate issuer name"),
            ("<", "XPROXY SID=08DE IP=203.0.113.9 PORT=1 DOMAIN=x", ""),
            ("*", "", "Inbound AUTH LOGIN failed because of LogonDenied"),
            ("*", "", "User Name: user1@contoso.com"),
            ("-", "", "Remote"),
        ],
    );
    let facts = facts_of(vec![format!("{HEADER}{}", rows.concat())], 0, "failed because");
    let facts = fields(&facts);
    for fact in [
        "tls_subject=CN=gw.contoso.com",
        "ip=203.0.113.9",
        "auth_error=LogonDenied",
        "auth_user=user1@contoso.com",
    ] {
        assert!(facts.contains(&fact.to_owned()), "{fact}: {facts:?}");
    }
}

/// Scenario: session subscriptions with conditions on the row and on the session.
/// Guarantees: only the row's conditions decide who is a candidate, in the right
/// direction.
#[test]
fn candidates_are_told_by_their_row() {
    let condition = |field: &str, value: &str| ConditionSpec {
        field: field.to_owned(),
        op: "contains".to_owned(),
        values: vec![value.to_owned()],
        ignore_case: false,
        negate: false,
    };
    let subscription = Subscription::compile(&SubscriptionSpec {
        kind: "exchange-smtp-session".to_owned(),
        all_of: vec![condition("reply", "5.7.54"), condition("ip", "10.1.")],
        columns: vec!["ip".to_owned()],
    })
    .unwrap();
    let arena = Bump::new();
    let row = |direction: &'static str, event_cell: &'static str, data: &'static str| {
        let mut row = Event { kind: Kind::ExchangeSmtp, ..Event::default() };
        for (name, value) in [("direction", direction), ("event", event_cell), ("data", data)] {
            row.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
        row
    };
    let is = |row: &Event<'static>| is_candidate([&subscription].into_iter(), row, &arena);
    assert!(is(&row("receive", ">", "550 5.7.54 x")));
    assert!(is(&row("send", "<", "550 5.7.54 x")));
    assert!(!is(&row("receive", "<", "550 5.7.54 x")));
    assert!(!is(&row("receive", ">", "see 5.7.54 x")));
    let without_row = SubscriptionSpec {
        kind: "exchange-smtp-session".to_owned(),
        all_of: vec![condition("ip", "10.1.")],
        columns: vec![],
    };
    assert!(Subscription::compile(&without_row).is_err());
}
