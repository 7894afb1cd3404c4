//! SMTP sessions as Exchange logs them: a refusal can only be judged with the rows
//! before it.

/// How a log begins; of an even length.
pub(super) const HEADER: &str = "#Software: Microsoft Exchange Server\r\n#Version: 15.0.0.10\r\n\
     #Log-type: SMTP Receive Protocol Log\r\n#Date: 2026-11-20T09:00:00.000Z\r\n\
     #Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,\
     event,data,context\r\n";
const _: () = assert!(HEADER.len().is_multiple_of(2), "positions tell whole lines");

/// Rows of a session at most.
pub(super) const ROWS_MAX: i64 = 16;

/// A session of one of three peers: Exchange Online, a stranger, one of our hosts. It
/// ends with refusals.
pub(super) fn session(number: u64, peer: u64, begin_nanos: i64) -> String {
    let (address, name) = match peer {
        0 => ("40.107.110.97", "NAM04-CO1-obe.outbound.protection.outlook.com"),
        1 => ("198.51.100.20", "mx0.fabrikam.com"),
        _ => ("10.0.7.20", "app01.contoso.com"),
    };
    let mut rows = vec![
        ("+", String::new()),
        ("*", "SMTPSubmit SMTPAcceptAnySender AcceptRoutingHeaders".to_owned()),
        (">", "220 EXCHANGE2013.contoso.com Microsoft ESMTP MAIL Service ready".to_owned()),
        ("<", format!("EHLO {name}")),
        (">", format!("250  EXCHANGE2013.contoso.com Hello [{address}] SIZE 37748736")),
        ("<", format!("MAIL FROM:<clint{number}@contoso.com> SIZE=14000")),
        (">", "250 2.1.0 Sender OK".to_owned()),
    ];
    for recipient in 0..=number % 3 {
        let refusal = "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain";
        rows.push(("<", format!("RCPT TO:<kunde{recipient}@fabrikam{number}.com>")));
        rows.push((">", refusal.to_owned()));
    }
    rows.push(("<", "QUIT".to_owned()));
    rows.push(("-", String::new()));
    let row = |(index, (event, data)): (usize, &(&str, String))| {
        // Milliseconds are all that these logs tell.
        let nanos = (begin_nanos / 1_000_000 + index as i64) * 1_000_000;
        let time = jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("a time");
        let row = format!(
            "{time:.3},EXCHANGE2013\\Default Frontend EXCHANGE2013,08DE1F0A5E{number:06},{index},\
             10.0.0.13:25,{address}:40000,{event},{data},"
        );
        let end = if row.len().is_multiple_of(2) { "\r\n" } else { " \r\n" };
        row + end
    };
    rows.iter().enumerate().map(row).collect::<Vec<_>>().concat()
}
