//! What the fuzz targets hold: the laws of the core, on the fuzzer's bytes.

use bumpalo::Bump;
use logwasp_core::decode::{Recognized, recognize};
use logwasp_core::event::{Event, Kind};
use logwasp_core::evtx;
pub use logwasp_core::format::Format;
use logwasp_core::frame::Framing;
use logwasp_core::interest::{ConditionSpec, Interest, Subscription, SubscriptionSpec};
use logwasp_core::ledger::Ledger;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::session::{Candidate, Gatherer, Texts};
use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Stream, Visitor};
use logwasp_core::time::{YearReference, Zones, dated};

/// What a stream gave.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    matched: Vec<(u64, i64, Vec<Option<Vec<u8>>>)>,
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
            let cells = columns.iter().map(|c| c.project(event, arena).map(<[u8]>::to_vec));
            self.seen.matched.push((place.position, event.time, cells.collect()));
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

fn subscription(kind: Kind, field: &str, op: &str, values: &[&str], ignore_case: bool) -> Subscription {
    let condition = ConditionSpec {
        field: field.into(),
        op: op.into(),
        values: values.iter().map(|&v| v.into()).collect(),
        ignore_case,
        negate: false,
    };
    let columns = ["@host", "@provider", "@event_id", "TargetUserName", "Data[*]", "data", "message", "data/thumbprint", "data/issuer", "custom-data/S:A[*]", "custom-data/S:A/B", "cs-uri-query/User", "cs-uri-query/DeviceId", "UrlQuery/User", "context/R"];
    Subscription::compile(&SubscriptionSpec {
        kind: kind.name().into(),
        all_of: vec![condition],
        columns: columns.iter().map(|&c| c.into()).collect(),
    })
    .expect("it compiles")
}

fn interest() -> Interest {
    Interest::new(vec![
        subscription(Kind::WindowsEvent, "@event_id", "any-of", &["4740", "1"], false),
        subscription(Kind::WindowsEvent, "TargetUserName", "contains", &["adm"], true),
        subscription(Kind::Iis, "sc-win32-status", "any-of", &["1326"], false),
        subscription(Kind::ExchangeSmtp, "data", "contains", &["5.7"], false),
        subscription(Kind::Syslog, "message", "contains", &["rel\"ay"], true),
        subscription(Kind::Syslog, "msg", "contains", &["a=b|c"], false),
        subscription(Kind::Syslog, "user/name", "equals", &["root"], true),
        subscription(Kind::Syslog, "@host", "any-of", &["fw01"], false),
        subscription(Kind::Text, "message", "contains", &["rel"], false),
        subscription(Kind::Json, "user/name", "equals", &["root"], false),
        subscription(Kind::MailHeaders, "Received", "present", &[], false),
        subscription(Kind::MailHeaders, "body", "contains", &["5.7"], false),
        subscription(Kind::ExchangeTracking, "custom-data/S:A", "contains", &["abc"], false),
        subscription(Kind::ExchangeConnectivity, "description", "contains", &["4.3.2"], false),
        subscription(Kind::ExchangeHttpProxy, "UrlQuery/User", "prefix", &["u"], true),
        subscription(Kind::ExchangeImapPop, "context/R", "contains", &["NO "], false),
        subscription(Kind::ExchangeOwaIm, "Code", "equals", &["TlsFailure"], false),
        subscription(Kind::Netlogon, "status", "equals", &["0xC000006A"], true),
    ])
}

fn origin() -> Origin {
    Origin {
        reference_nanos: 1_795_219_200_000_000_000,
        zones: Zones::all_in(jiff::tz::TimeZone::UTC),
        encoding: Encoding::Utf8,
    }
}

enum Reader<'p> {
    Text(Box<Stream<'p>>),
    Evtx(Box<evtx::Reader<'p>>),
}

impl<'p> Reader<'p> {
    fn new(plan: &'p Plan, recognized: Recognized) -> Self {
        match recognized.format {
            Format::Evtx => Self::Evtx(Box::new(evtx::Reader::new(plan, origin()))),
            _ => Self::Text(Box::new(Stream::new(plan, recognized, origin()))),
        }
    }

    fn feed(&mut self, buf: &[u8], at_end: bool, visitor: &mut dyn Visitor) -> usize {
        match self {
            Self::Text(stream) => stream.feed(buf, at_end, visitor),
            Self::Evtx(reader) => reader.feed(buf, at_end, visitor),
        }
    }

    fn ledger(&self) -> Ledger {
        match self {
            Self::Text(stream) => stream.ledger(),
            Self::Evtx(reader) => reader.ledger(),
        }
    }
}

fn read(bytes: &[u8], plan: &Plan, recognized: Recognized, step: usize) -> (Seen, Ledger) {
    let mut reader = Reader::new(plan, recognized);
    let mut recorder = Recorder { plan, seen: Seen::default() };
    let (mut start, mut end) = (0, 0);
    while end < bytes.len() {
        end = (end + step).min(bytes.len());
        start += reader.feed(&bytes[start..end], false, &mut recorder);
    }
    start += reader.feed(&bytes[start..], true, &mut recorder);
    assert_eq!(start, bytes.len(), "everything is consumed");
    let ledger = reader.ledger();
    assert!(ledger.is_balanced(), "{ledger:?}");
    (recorder.seen, ledger)
}

/// Law 1 and law 7: the same in every chunking, and balanced.
pub fn read_any(format: Format, bytes: &[u8]) {
    let recognized = recognize(bytes, Some(format));
    for prefilter in [false, true] {
        let plan = Plan::new(interest(), prefilter);
        let whole = read(bytes, &plan, recognized, usize::MAX / 2);
        assert_eq!(whole, read(bytes, &plan, recognized, 7));
        assert_eq!(whole, read(bytes, &plan, recognized, 300));
    }
}

/// Any bytes in frames with octet counts.
pub fn read_counted(bytes: &[u8]) {
    let recognized = Recognized { framing: Framing::Octets, ..Recognized::plain(Format::Syslog) };
    let plan = Plan::new(interest(), true);
    let whole = read(bytes, &plan, recognized, usize::MAX / 2);
    assert_eq!(whole, read(bytes, &plan, recognized, 1));
    assert_eq!(whole, read(bytes, &plan, recognized, 300));
}

/// Any line has a time or none, and what follows the stamp is the line's end.
pub fn date_lines(bytes: &[u8]) {
    let reference = YearReference { nanos: 1_795_219_200_000_000_000 };
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some(found) = dated(line, &reference) {
            assert!(line.ends_with(found.rest));
        }
    }
}

/// Whatever the bytes look like, they can be read.
pub fn read_recognized(bytes: &[u8]) {
    let plan = Plan::new(interest(), true);
    read(bytes, &plan, recognize(bytes, None), 4_096);
}

/// Law 2.
pub fn same_with_and_without_scan(bytes: &[u8]) {
    for format in Format::ALL {
        let recognized = recognize(bytes, Some(format));
        let (full, _) = read(bytes, &Plan::new(interest(), false), recognized, 1 << 20);
        let (scan, _) = read(bytes, &Plan::new(interest(), true), recognized, 1 << 20);
        assert_eq!(full.matched, scan.matched, "{}", format.name());
        assert_eq!(full.probes, scan.probes, "{}", format.name());
    }
}

struct Memory<'b>(&'b [u8]);

impl Texts for Memory<'_> {
    fn count(&self) -> usize {
        2
    }

    fn length(&mut self, _: usize) -> u64 {
        self.0.len() as u64
    }

    fn window(&mut self, _: usize, from: u64, to: u64) -> &[u8] {
        let at = |offset: u64| (offset as usize).min(self.0.len());
        &self.0[at(from)..at(to).max(at(from))]
    }
}

/// Sessions can be gathered from any row start.
pub fn gather_anywhere(bytes: &[u8]) {
    let starts = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).take(4);
    for offset in std::iter::once(0).chain(starts) {
        let candidate = Candidate {
            file: 1,
            offset: offset as u64,
            time: 1_795_166_411_000_000_000,
            session_id: b"08DE",
            connector: b"EX\\C",
        };
        Gatherer::default().gather(&mut Memory(bytes), &candidate);
    }
}
