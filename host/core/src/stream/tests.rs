//! The laws of streams, on logs that are made up.

mod resume;

use proptest::prelude::*;

use super::*;
use crate::decode::recognize;
use crate::event::Kind;
use crate::format::Format;
use crate::interest::{ConditionSpec, Interest, Subscription, SubscriptionSpec};
use crate::time::TimeQuality;

/// What a stream gave, in the order in which it came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Position, time, and projected columns of every match.
    matched: Vec<String>,
    probes: Vec<Probe>,
    damaged: Vec<(u64, &'static str)>,
}

struct Recorder<'p> {
    plan: &'p Plan,
    seen: Seen,
}

impl Visitor for Recorder<'_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let mut found = Vec::new();
        self.plan.interest().matching(event, arena, &mut found);
        for index in &found {
            let columns = &self.plan.interest().subscriptions()[*index].columns;
            let cells: Vec<_> = columns
                .iter()
                .map(|column| column.project(event, arena).map(String::from_utf8_lossy))
                .collect();
            let (position, quality) = (place.position, event.time_quality);
            self.seen
                .matched
                .push(format!("{position} {index} {} {quality:?} {cells:?}", event.time));
        }
        !found.is_empty()
    }

    fn probe(&mut self, probe: &Probe) {
        self.seen.probes.push(probe.clone());
    }

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        self.seen.damaged.push((damaged.position, damaged.reason));
    }
}

fn subscription(
    kind: Kind,
    field: &str,
    op: &str,
    values: &[&str],
    ignore_case: bool,
) -> Subscription {
    let condition = ConditionSpec {
        field: field.to_owned(),
        op: op.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
        ignore_case,
        negate: false,
    };
    let columns = [
        "@host",
        "@event_id",
        "TargetUserName",
        "sc-status",
        "data",
        "message",
        "Data[*]",
        "data/thumbprint",
        "custom-data/S:FromEntity[*]",
        "cs-uri-query/User",
        "user",
        "Reason",
    ];
    Subscription::compile(&SubscriptionSpec {
        kind: kind.name().to_owned(),
        all_of: vec![condition],
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
    })
    .unwrap()
}

fn interest() -> Interest {
    Interest::new(vec![
        subscription(Kind::WindowsEvent, "@event_id", "any-of", &["4740", "4625"], false),
        subscription(Kind::WindowsEvent, "TargetUserName", "contains", &["admin"], true),
        subscription(Kind::Iis, "sc-win32-status", "any-of", &["1326", "1909"], false),
        subscription(Kind::Iis, "cs-username", "prefix", &["CONTOSO\\"], false),
        subscription(Kind::ExchangeSmtp, "data", "contains", &["5.7.1 "], false),
        subscription(Kind::ExchangeSmtp, "context", "contains", &["LogonDenied"], true),
        subscription(Kind::Syslog, "message", "contains", &["Unable to \"relay\""], true),
        subscription(Kind::Syslog, "msg", "contains", &["login=failed"], false),
        subscription(Kind::Syslog, "user/name", "equals", &["root"], true),
        subscription(Kind::Syslog, "@host", "any-of", &["fw01"], false),
        subscription(Kind::Text, "message", "contains", &["5.7.1"], false),
        subscription(Kind::Json, "user/name", "equals", &["root"], false),
        subscription(Kind::ExchangeTracking, "event-id", "equals", &["RECEIVE"], false),
        subscription(
            Kind::ExchangeTracking,
            "custom-data/S:FromEntity",
            "equals",
            &["HybridOnPrem"],
            false,
        ),
        subscription(Kind::ExchangeImapPop, "context/Msg", "contains", &["LogonDenied"], false),
        subscription(Kind::ExchangeHttpProxy, "UrlQuery/User", "equals", &["contoso\\user1"], true),
        subscription(Kind::ExchangeOwaIm, "Code", "equals", &["TlsFailure"], false),
        subscription(Kind::Netlogon, "status", "any-of", &["0xC000006A", "0xC0000234"], true),
        subscription(Kind::MailHeaders, "body", "contains", &["5.7.1"], false),
    ])
}

/// Reads `log` in chunks of the given sizes, round and round.
fn read(log: &str, plan: &Plan, asked: Option<Format>, sizes: &[usize]) -> (Seen, Ledger) {
    read_with(log, plan, asked, sizes, |_, _, _| 0, |stream| stream)
}

/// What may happen between two chunks: the stream goes silent; and another reader
/// goes on.
fn read_with<'p>(
    log: &str,
    plan: &'p Plan,
    asked: Option<Format>,
    sizes: &[usize],
    silence: impl Fn(&mut Stream<'p>, &[u8], &mut Recorder<'p>) -> usize,
    mut between: impl FnMut(Stream<'p>) -> Stream<'p>,
) -> (Seen, Ledger) {
    let log = log.replace(FILLER, &format!("{}\n", "nothing of interest ".repeat(1_500)));
    let log = log.as_bytes();
    let recognized = recognize(&log[..log.len().min(4096)], asked);
    let origin = Origin {
        reference_nanos: 1_795_219_200_000_000_000,
        zones: Zones::all_in(jiff::tz::TimeZone::UTC),
        encoding: Encoding::Utf8,
    };
    let mut stream = Stream::new(plan, recognized, origin);
    let mut recorder = Recorder { plan, seen: Seen::default() };
    let (mut start, mut end) = (0, 0);
    for size in sizes.iter().cycle() {
        end = (end + size).min(log.len());
        // The end of a file shows only after its last byte.
        let at_end = end == log.len() && start == end || *size == usize::MAX;
        start += stream.feed(&log[start..end], at_end, &mut recorder);
        if at_end {
            break;
        }
        start += silence(&mut stream, &log[start..end], &mut recorder);
        stream = between(stream);
        assert_eq!(stream.position(), start as u64);
        if end == log.len() {
            start += stream.feed(&log[start..end], true, &mut recorder);
            break;
        }
    }
    assert_eq!(start, log.len(), "everything is consumed at the end");
    let ledger = stream.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    (recorder.seen, ledger)
}

/// Stands for a line so long that probes stand elsewhere than at the start.
const FILLER: &str = "FILLER\n";

/// Rows and headers of several logs of Exchange.
fn exchange(csv: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![
        6 => csv,
        1 => Just("#Fields: date-time,server-hostname,event-id,message-id,recipient-address,custom-data\n".to_owned()),
        2 => "2026-11-20T09:14:03Z,EX,(RECEIVE|SEND),<1>,a,(S:A=1;S:FromEntity=HybridOnPrem|\"S:A=1; S:FromEntity=x\"|)\r\n",
        1 => Just("date-time,server-hostname,event-id,message-id,recipient-address,custom-data\n".to_owned()),
        1 => Just("#Log-type: IMAP4 Log\n#fields: dateTime,sessionId,seqNumber,sIp,cIp,user,command,context\n".to_owned()),
        1 => Just("2026-11-20T09:14:03Z,1,2,::1:993,a:1,u,login,\"R=\"\"NO\"\";Msg=\"\"LogonDenied\"\"\"\n".to_owned()),
        1 => Just("#Fields: DateTime,UrlQuery,ClientIpAddress,ServerHostName,HttpStatus,BackEndStatus,ProxyAction\n".to_owned()),
        1 => "2026-11-20T09:14:03Z,\\?User=Contoso%5C(user1|user2),1.1.1.1,EX,401,,\n",
        1 => Just("#Fields: Timestamp,Agent,SmtpResponse\n".to_owned()),
        1 => Just("2026-11-20T09:14:03Z,A,550 5.7.1 no\n".to_owned()),
    ]
    .boxed()
}

/// Records of an instant messaging log.
fn owa_im() -> BoxedStrategy<String> {
    prop_oneof![
        "2026-11-20T09:14:03Z,1,\"ERROR:UCWEB Failure: Code=(TlsFailure|x), SubCode=y, Reason=z(\nat W)?\"\n",
        Just("#Fields: time,user,text\n".to_owned()),
        Just("2026-11-20T09:14:03Z,anna,signed in\n".to_owned()),
        Just("continued\n".to_owned()),
    ]
    .boxed()
}

/// Lines of netlogon.log.
fn netlogon() -> BoxedStrategy<String> {
    prop_oneof![
        "11/20 09:14:03 \\[LOGON\\] (\\[12\\] )?(C: )?SamLogon: Network logon of C\\\\u from (W)?( \\(via R\\))? (Entered|Returns 0x(C000006A|c0000234|0))\r\n",
        Just("[LOGON] SamLogon: Network logon of u from W Returns 0xC000006A\n".to_owned()),
        Just("11/20 09:14:03 [CRITICAL] 0xC000006A\n".to_owned()),
        Just("junk 0xC000006A\n".to_owned()),
    ]
    .boxed()
}

/// Lines of a mailbox.
fn mail() -> BoxedStrategy<String> {
    prop_oneof![
        Just("From a Fri Nov 20 10:12:09 2026\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("Received: by x;\n Fri, 20 Nov 2026 10:12:09 +0000\n".to_owned()),
        Just(">From 550 5.7.1\r\n".to_owned()),
        Just("From here\n".to_owned()),
    ]
    .boxed()
}

/// A rendered message, of a wanted event, another, or none.
fn message() -> impl Strategy<Value = String> {
    "(A user account was locked out|An account failed to log on|An account was logged off|x)"
        .prop_map(|title| format!("{title}.  Subject:  Account Name: Admin  Account That Was Locked Out:  Account Name: adMin"))
}

/// The lines of agents behind a header's host.
fn agents() -> impl Strategy<Value = String> {
    prop_oneof![
        ("(4740|4624|5)", message()).prop_map(|(id, text)| format!(
            "MSWinEventLog\t1\tSecurity\t8\tFri Nov 20 09:14:03 2026\t{id}\tp\tN/A\tN/A\tSuccess Audit\tDC01\tc\t\t{text}\t8"
        )),
        ("(4740|4624)", message()).prop_map(|(id, text)| format!("MSWinEventLog#0111#011Security#0118#011Fri Nov 20 09:14:03 2026#011{id}#011p#011{text}")),
        ("(4740|4624)", message()).prop_map(|(id, text)| format!("WinEvtLog: Security: AUDIT({id}): p: u: d: c: {text}")),
        ("(4740|4624)", message()).prop_map(|(id, text)| format!("EvntSLog: [AUS] Fri Nov 20 09:14:03 2026: h/Security ({id}) - \"{text}\"")),
        message().prop_map(|text| format!("app: {text}")),
    ]
}

/// Blocks of text, and lines that look like parts of them.
fn blocks() -> impl Strategy<Value = String> {
    prop_oneof![
        ("(4740|4624|36887)", message()).prop_map(|(id, text)| format!("Log Name: Security\r\nSource: s\nDate: 11/20/2026 9:14:03 AM\nEvent ID:  {id}\r\nDescription:\n{text}\n")),
        ("(4740|4624)", message()).prop_map(|(id, text)| format!("11/20/2026 09:14:03 AM\nLogName=Security\nEventCode={id}\nMessage={text}\n\tUser Name: Admin\n")),
        message().prop_map(|text| format!("{}\n\n", text.replace("  ", "\n\t"))),
        Just("Event ID: 4740\n".to_owned()),
        Just("Source: x\n".to_owned()),
        Just("11/20/2026 09:14:03\n".to_owned()),
        Just("An account failed to log on".to_owned()),
        Just("text\n".to_owned()),
    ]
}

/// One record, a directive, or garbage of each format.
fn piece(format: Format) -> BoxedStrategy<String> {
    let event_xml = prop_oneof![
        (prop_oneof![Just(4740), Just(4625), Just(4624)], "(user1|Admin|&#97;dmin|<|x&amp;y)").prop_map(
            |(id, user)| format!(
                "<Event xmlns='x'><System><EventID>{id}</EventID><TimeCreated SystemTime='2026-11-20T09:14:03Z'/>\
                 <Computer>DC01</Computer></System><EventData><Data Name='TargetUserName'>{user}</Data></EventData></Event>\n"
            )
        ),
        Just("<Event><System><EventID>4740</EventID>\n".to_owned()),
        Just("junk >4740< \n".to_owned()),
        Just("<Events>".to_owned()),
    ];
    let json = prop_oneof![
        (prop_oneof![Just("4740"), Just("\"4625\""), Just("4624"), Just("474\\u0030")], "(user1|Admin|\\\\u0061dmin)").prop_map(
            |(id, user)| format!(
                "{{\"@timestamp\":\"2026-11-20T09:14:03Z\",\"winlog\":{{\"event_id\": {id},\"event_data\":{{\"TargetUserName\":\"{user}\"}}}}}}\n"
            )
        ),
        Just("{\"user\":{\"name\":\"root\"},\"time\":\"2026-11-20T09:14:03Z\"}\n".to_owned()),
        "(Admin|user1)".prop_map(|user| format!("{{\"EventID\":4740,\"SourceName\":\"S\",\"TargetUserName\":\"{user}\"}}\n")),
        "(4740|4624|1073746564)".prop_map(|id| format!("{{\"EventID\":{id},\"SourceName\":\"S\",\"ComputerName\":\"c\"}}\n")),
        "(4740|4624)".prop_map(|id| format!("{{\"win\":{{\"system\":{{\"eventID\":\"{id}\"}},\"eventdata\":{{\"targetUserName\":\"Admin\"}}}}}}\n")),
        "(4740|4624)".prop_map(|id| format!("{{\"Id\":{id},\"ProviderName\":\"p\",\"LogName\":\"l\"}}\n")),
        ("(<|\\\\u003[cC])", "(4740|&#52;740|&\\\\u002352;740|4624)", "(Admin|&#65;dmin|\\\\u0026#65;dmin)").prop_map(|(begin, id, user)| format!(
            "{{\"data\":\"{begin}Event xmlns='x'><System><EventID>{id}\\u003c/EventID></System><EventData><Data Name='TargetUserName'>{user}</Data></EventData></Event>\"}}\n"
        )),
        Just("{\"winlog\":\n".to_owned()),
    ];
    let w3c = prop_oneof![
        ("(CONTOSO.user1|-)", prop_oneof![Just(1326), Just(13260), Just(0)]).prop_map(
            |(user, win32)| format!(
                "2026-11-20 09:14:03 10.0.0.25 {} 401 {win32} 7\r\n",
                user.replace('.', "\\")
            )
        ),
        Just(
            "#Fields: date time s-ip cs-username sc-status sc-win32-status time-taken\n".to_owned()
        ),
        Just("#Fields: sc-win32-status date time\n".to_owned()),
        Just("#Fields: time sc-win32-status\n".to_owned()),
        "#Date: 2026-11-2[01] 12:00:00\n",
        "(23:59:59|00:00:01|12:00:00) (1326|0)\n",
        Just("1326 2026-11-20 09:14:03\n".to_owned()),
        Just("2026-11-20 garbage\n".to_owned()),
    ];
    let csv = prop_oneof![
        "(EHLO x|550 5.7.1 Unable|\"a, b\"|\"open|\"two\nlines 5.7.1 x\")".prop_map(|data| format!(
            "2026-11-20T09:14:03.000Z,EX\\C,08DE,1,10.0.0.25:25,10.1.2.3:5,<,{data},\r\n"
        )),
        Just("2026-11-20T09:14:03.000Z,EX\\C,08DE,1,a:25,b:5,*,,failed because of LOGONDENIED\n".to_owned()),
        Just("#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n".to_owned()),
        Just("junk 5.7.1 \n".to_owned()),
    ];
    let text = prop_oneof![
        Just("<13>Nov 20 09:14:03 mx app: unable TO \"relay\"\n".to_owned()),
        Just("2026-11-20T09:14:03Z said 550 5.7.1 no\n".to_owned()),
        Just("550 5.7.1 without a time\n".to_owned()),
        Just("nothing\n".to_owned()),
        "[ -~]{0,20}\n",
    ];
    let blank = prop_oneof![Just("\n".to_owned()), Just("\0\0".to_owned()), Just(" ".to_owned())];
    let own = match format {
        Format::WinEventXml => event_xml.boxed(),
        Format::WinEventJson => json.boxed(),
        Format::WinEventText => blocks().boxed(),
        Format::W3c => w3c.boxed(),
        Format::ExchangeCsv => exchange(csv.boxed()),
        Format::OwaIm => owa_im(),
        Format::Netlogon => netlogon(),
        Format::Mail => mail(),
        Format::Syslog => prop_oneof![
            2 => text,
            1 => event_xml.prop_map(|xml| format!("<13>Nov 20 09:14:03 h app: {xml}")),
            1 => json.prop_map(|json| format!("<13>Nov 20 09:14:03 h app: {json}")),
            1 => w3c.prop_map(|row| format!("<13>Nov 20 09:14:03 h iis: {row}")),
            1 => csv.clone().prop_map(|row| format!("<13>Nov 20 09:14:03 h ex: {row}")),
            1 => netlogon().prop_map(|row| format!("<13>Nov 20 09:14:03 h nl: {row}")),
            1 => exchange(csv.boxed()).prop_map(|row| format!("<13>Nov 20 09:14:03 h ex: {row}")),
            2 => agents().prop_map(|line| format!("<13>Nov 20 09:14:03 h {line}\n")),
            1 => "(4740|4624)".prop_map(|id| format!("<13>1 2026-11-20T09:14:03Z h a - - [NXLOG@14506 EventID=\"{id}\" TargetUserName=\"Admin\"] m\n")),
            2 => messages(),
        ]
        .boxed(),
        _ => text.boxed(),
    };
    prop_oneof![12 => own, 1 => blank, 1 => Just(FILLER.to_owned())].boxed()
}

/// Syslog messages with members, of devices, of versions, and behind counts.
fn messages() -> impl Strategy<Value = String> {
    let cef = "CEF:0\\|v\\|p\\|1\\|2\\|n\\|5\\|(dvchost=fw01 )?msg=(login\\\\=failed|login=failed|ok) src=10.0.0.1";
    let json = "(@cee:)?\\{\"user\":\\{\"name\":\"(root|r\\\\u006fot|R\\\\u004FOT|x)\"\\},\"msg\":\"login(=|\\\\u003d)failed\"\\}";
    let leef = "LEEF:2.0\\|v\\|p\\|1\\|2\\|\\^\\|msg=login=failed\\^a=b";
    let cisco = "(77: )?(fw01: )?[*.]?Nov 20 09:14:0[0-9](.000)?( UTC)?: %ASA-6-302013: Built";
    let header = "(<13>Nov 20 09:14:03 (fw01|h) (app: )?|<13>1 2026-11-20T09:14:03Z fw01 a - - (\\[x@1 k=\"a\\\\]b\"\\]|-|\\[open) |<13>|<999>|)";
    let message = prop_oneof![cef, json, leef, cisco, "last message repeated 3 times"];
    (header, message, prop_oneof![4 => Just(0_u8), 1 => Just(1), 1 => Just(2)]).prop_map(
        |(header, message, counted)| match counted {
            0 => format!("{header}{message}\n"),
            // A right count, and one that is too long.
            counted => {
                let octets = header.len() + message.len() + usize::from(counted) - 1;
                format!("{octets} {header}{message}")
            }
        },
    )
}

fn any_log() -> impl Strategy<Value = (Format, String)> {
    let formats = [
        Format::WinEventXml,
        Format::WinEventJson,
        Format::WinEventText,
        Format::W3c,
        Format::ExchangeCsv,
        Format::OwaIm,
        Format::Netlogon,
        Format::Mail,
        Format::Syslog,
        Format::Text,
    ];
    prop::sample::select(formats.to_vec()).prop_flat_map(|format| {
        let pieces = proptest::collection::vec(piece(format), 0..24);
        // Mails are frames only in a mailbox.
        let first = if format == Format::Mail { "From a 10:12:09\n" } else { "" };
        (Just(format), pieces.prop_map(move |pieces| [first, &pieces.concat()].concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    /// Scenario: any log, cut into chunks of any sizes.
    /// Guarantees: law 1 - the same matches, probes, damage and accounts.
    #[test]
    fn chunking_is_invisible((format, log) in any_log(), sizes in proptest::collection::vec(1_usize..5_000, 1..6)) {
        for prefilter in [false, true] {
            let plan = Plan::new(interest(), prefilter);
            let whole = read(&log, &plan, Some(format), &[usize::MAX]);
            let parts = read(&log, &plan, Some(format), &sizes);
            prop_assert_eq!(whole, parts);
        }
    }

    /// Scenario: any log, with and without the prefilter.
    /// Guarantees: law 2 - the same matches and probes; law 7 - every byte is
    /// accounted for, and nothing is skipped when everything is decoded.
    #[test]
    fn the_prefilter_only_saves_work((format, log) in any_log()) {
        let (full, full_ledger) = read(&log, &Plan::new(interest(), false), Some(format), &[usize::MAX]);
        let (scan, scan_ledger) = read(&log, &Plan::new(interest(), true), Some(format), &[usize::MAX]);
        prop_assert_eq!(&full.matched, &scan.matched);
        prop_assert_eq!(&full.probes, &scan.probes);
        prop_assert_eq!(full_ledger.bytes_skipped, 0);
        prop_assert_eq!(full_ledger.bytes_in, scan_ledger.bytes_in);
        prop_assert_eq!(full_ledger.events_matched, scan_ledger.events_matched);
    }
}

/// Scenario: streams that once read differently in small chunks: blanks before a
/// line, a line behind a directive that continues it, and a record cut off inside
/// its event id.
/// Guarantees: law 1 for them.
#[test]
fn once_chunking_was_visible() {
    let cut = "<Event xmlns='x'><System><EventID>47<Event xmlns='x'></Event>\n<Event x";
    let logs = [
        (Format::Text, "\0\0\0\0\0\0\0\0\0\0text 5.7.1\n".to_owned()),
        (
            Format::ExchangeCsv,
            "#Fields: date-time,data\nab\n#Software: x\n#Version: y\n".to_owned(),
        ),
        (Format::WinEventXml, format!("<Event xmlns='x'>{cut}")),
    ];
    for (format, log) in &logs {
        let plan = Plan::new(interest(), true);
        let whole = read(log, &plan, Some(*format), &[usize::MAX]);
        for size in 1..log.len() {
            assert_eq!(whole, read(log, &plan, Some(*format), &[size]), "{format:?} {size}");
        }
    }
}

/// Scenario: good records around garbage, a cut-off record and a 5 MB line.
/// Guarantees: law 5 - the good ones are all read, the bad ones are counted where
/// they stand.
#[test]
fn damage_is_a_value() {
    let event = |id: u32| {
        format!("<Event xmlns='x'><System><EventID>{id}</EventID></System><EventData/></Event>\n")
    };
    let cut = event(4740).replace("</System><EventData/></Event>\n", "");
    let log =
        [event(4740), "garbage\n".to_owned(), event(4625), cut, event(4740), event(4740)].concat();
    let plan = Plan::new(interest(), false);
    let (seen, ledger) = read(&log, &plan, None, &[usize::MAX]);
    assert_eq!((seen.matched.len(), ledger.damaged, ledger.decoded), (4, 2, 4));
    assert_eq!(seen.damaged[0], (event(4740).len() as u64, "text outside of a record"));

    let long = format!("{{\"x\":\"{}\"}}\n", "y".repeat(5 << 20));
    let good = "{\"winlog\":{\"event_id\":4740}}\n";
    let log = [good, &long, good].concat();
    for prefilter in [false, true] {
        let plan = Plan::new(interest(), prefilter);
        let (seen, ledger) = read(&log, &plan, None, &[100_000]);
        assert_eq!(seen.matched.len(), 2);
        assert_eq!(ledger.damaged, 1, "{prefilter}");
        assert_eq!(seen.damaged[0].0, good.len() as u64);
    }
}

/// Scenario: records without a time, after one that has one, and before any.
/// Guarantees: the time is inherited or the file's, and says so.
#[test]
fn times_are_never_invented() {
    let log = "550 5.7.1 first\n2026-11-20T09:14:03Z x\n550 5.7.1 second\n";
    let plan = Plan::new(interest(), true);
    let (seen, _) = read(log, &plan, Some(Format::Text), &[usize::MAX]);
    assert!(seen.matched[0].contains("Receipt"), "{:?}", seen.matched);
    assert!(
        seen.matched[1].contains("Receipt"),
        "only probed times are inherited: {:?}",
        seen.matched
    );
    let log = "2026-11-20T09:14:03Z x\n550 5.7.1 second\n";
    let (seen, _) = read(log, &plan, Some(Format::Text), &[usize::MAX]);
    assert!(seen.matched[0].contains("Inherited"), "{:?}", seen.matched);
    assert_eq!(seen.probes[0].time_quality, TimeQuality::Exact);
}
