//! Logs of Exchange read frame by frame, as a stream does.

use super::*;
use crate::event::{Kind, Selector};
use crate::frame::{Frame, Framing};
use crate::time::{YearReference, Zones};

/// Reads a log; of each event the kind, the host and the columns asked for. Damage
/// is its reason, lines that a frame has beside its record are `left`.
fn read(log: &str, columns: &[&str]) -> Vec<String> {
    let (arena, log) = (Bump::new(), log.as_bytes());
    let zones = Zones::all_in(jiff::tz::TimeZone::UTC);
    let context = Context { arena: &arena, zones: &zones, year: YearReference { nanos: 0 } };
    let (mut state, mut names, mut event) = (State::default(), None, Event::default());
    let (mut all, mut at) = (Vec::new(), 0);
    while let Ok(start) = Framing::DatedLines.start_at_or_after(log, at) {
        let Frame::Complete { content, next } = Framing::DatedLines.frame_at(log, start, true)
        else {
            panic!("a frame at the end of the stream is complete");
        };
        let frame = &log[content];
        match decode(frame, &context, &mut state, &mut names, &mut event) {
            Ok((decoded, length)) => {
                if decoded == Decoded::Event {
                    let text = |column: &&str| {
                        let column = Selector::parse(column).unwrap();
                        let text = column.project(&event, &arena).unwrap_or(b"(none)");
                        String::from_utf8(text.to_vec()).unwrap()
                    };
                    let columns = ["@kind", "@host"].iter().chain(columns).map(text);
                    all.push(columns.collect::<Vec<_>>().join("|"));
                }
                if length < frame.len() {
                    all.push("left".to_owned());
                }
            }
            Err(damage) => all.push(damage.reason.to_owned()),
        }
        at = next;
    }
    all
}

/// Scenario: the extended trace of Exchange Online, every cell quoted.
/// Guarantees: it is a tracking log with the servers' names.
#[test]
fn traces_of_exchange_online_are_tracking_logs() {
    let log = "\"date_time_utc\",\"client_ip\",\"server_hostname\",\"event_id\",\"message_id\",\"recipient_address\",\"custom_data\"\r\n\
               \"2021-02-03T10:11:12.345Z\",\"10.1.1.1\",\"AM0\",\"RECEIVE\",\"<a@b>\",\"p@x\",\"S:FromEntity=HybridOnPrem;S:Oorg=v.de\"\r\n";
    let columns = ["event-id", "date-time", "custom-data/S:FromEntity", "custom-data/S:Oorg"];
    assert_eq!(
        read(log, &columns),
        ["exchange-tracking|AM0|RECEIVE|2021-02-03T10:11:12.345Z|HybridOnPrem|v.de"]
    );
}

/// Scenario: headers that come again with other columns, as data, and with other
/// letters, and rows cut off.
/// Guarantees: the newest header counts, its repetition is no row, a cut row is
/// damage and nothing after it is lost.
#[test]
fn headers_come_again() {
    let names =
        "DateTime,UrlQuery,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,ProxyAction";
    let log = format!(
        "#Log-Type: HttpProxy Logs\n#Fields: {names}\n{names}\n\
         2026-11-20T09:13:58.120Z,?User=a%5Cb,1.1.1.1,EX1,401,,\n{names}\n2026-11-20T09:13:58.120Z,?User=c\n\
         # fields: date-time,session,source,destination,direction,description\n\
         2026-11-20T09:33:05.000Z,08DE,SMTP,x,+,QueueLength=12\njunk\n"
    );
    assert_eq!(
        read(&log, &["HttpStatus", "UrlQuery/user", "Destination"]),
        [
            "exchange-httpproxy|EX1|401|a\\b|(none)",
            "the row has fewer cells than columns",
            "exchange-connectivity|(none)|(none)|(none)|x",
            "left",
        ]
    );
}

/// Scenario: rows of IMAP4, agent, protocol and instant messaging logs.
/// Guarantees: kind, host and nested fields of each; a log of no kind is text.
#[test]
fn each_log_has_its_kind() {
    let imap = "#Log-type: IMAP4 Log\n\
        #Fields: dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid\n\
        2026-11-20T09:15:00Z,0A01,2,[fe80::1]:993,10.1.1.70:50001,,1,17,21,login,user1 *****,\"R=\"\"a2 NO LOGIN failed.\"\";Msg=\"\"LogonDenied\"\"\",\n";
    assert_eq!(
        read(imap, &["context/R", "context/Msg", "parameters"]),
        ["exchange-imap-pop|fe80::1|a2 NO LOGIN failed.|LogonDenied|user1 *****"]
    );
    let agents = "#Log-type: Agent Log\n#Fields: Timestamp,SessionId,Agent,SmtpResponse\n\
        2022-09-13T14:38:59.177Z,1,Inbound Trust Agent,550 5.7.1 no\n";
    assert_eq!(
        read(agents, &["Agent", "message"]),
        [
            "text|(none)|Inbound Trust Agent|2022-09-13T14:38:59.177Z,1,Inbound Trust Agent,550 5.7.1 no"
        ]
    );
    let send = "#Log-type: SMTP Send Protocol Log\n#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n\
        2026-11-20T09:13:58Z,Out,08DE,1,10.0.0.25:1,b:25,*,AB12,Certificate thumbprint\n";
    assert_eq!(
        read(send, &["direction", "data/thumbprint", "data/subject"]),
        ["exchange-smtp|10.0.0.25|send|AB12|(none)"]
    );
    let im = "#Log-type: OWA Instant Messaging Log\n#Fields: date-time,text\n2026-11-20T09:13:58Z,\"UCWEB Failure: Code=A\nb\"\n";
    assert_eq!(read(im, &["Code", "text"]), ["exchange-owa-im|(none)|A|UCWEB Failure: Code=A\nb"]);
    assert_eq!(Log::Other.kind(), Kind::Text);
}
