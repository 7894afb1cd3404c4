//! Intake: the bytes of one file, from where they come to matched rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bumpalo::Bump;
use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};
use logwasp_core::decode::recognize;
use logwasp_core::event::{Event, Kind};
use logwasp_core::format::Format;
use logwasp_core::interest::Interest;
use logwasp_core::limits::RECOGNIZE_BYTES_MAX;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::session;
use logwasp_core::stream::{Damaged, Encoding, Origin, Place, Visitor};
use logwasp_core::time::{SECOND, TimeQuality, Zones};

use super::figures::Read;
use super::source_record::{SourceRecord, Span, Whose};
use crate::pipeline::coverage;
use crate::pipeline::harvest::{COVERAGE_PART, RECORD_PART, SESSION_PART};
use crate::pipeline::order::RowKey;
use crate::pipeline::read::AnyStream;
use crate::pipeline::row;
use crate::pipeline::sessions::Sessions;
use crate::record::reference;
use crate::source::stdin::Aside;

/// A probe further ahead of the present than this was written by a wrong clock.
const SKEW_MAX: i64 = 5 * 60 * SECOND;
/// Findings that are told in the log, one by one.
const TOLD_MAX: u64 = 10;

/// What all streams of a source share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'p> {
    pub(super) plan: &'p Plan,
    pub(super) zones: &'p Zones,
    pub(super) format: Option<Format>,
    /// Files end where they end now: sessions may be looked at as a whole.
    pub(super) once: bool,
    /// The present.
    pub(super) now_nanos: i64,
}

/// The stream of one file.
pub(super) struct Intake<'p> {
    pub(super) number: u32,
    pub(super) record: SourceRecord,
    /// None before the format was recognised.
    reader: Option<AnyStream<'p>>,
    /// Before that: bytes as they came. Then: text that was not consumed.
    kept: Vec<u8>,
    utf16: Option<Decoder>,
    modified_nanos: Option<i64>,
    opened_nanos: i64,
    /// When bytes came last, by the clock that never goes back.
    pub(super) last_bytes: Duration,
    /// What was whole was taken since.
    is_flushed: bool,
    /// Something is to be committed.
    pub(super) is_changed: bool,
    pub(super) spans: BTreeMap<Whose, Span>,
    pub(super) spans_changed: BTreeSet<Whose>,
    /// Hosts whose time lies in the future.
    pub(super) skewed: BTreeSet<String>,
    sessions: Option<Sessions>,
    /// What cannot be read again where it came from.
    aside: Option<Aside>,
    damage_told: u64,
    /// Rows of this run.
    rows: u64,
}

/// A matched row.
pub(super) type Row = (RowKey, Vec<u8>);

impl<'p> Intake<'p> {
    /// The stream of a file, from where its record says.
    pub(super) fn new(
        shared: Shared<'p>,
        number: u32,
        mut record: SourceRecord,
        spans: BTreeMap<Whose, Span>,
        modified_nanos: Option<i64>,
        now: Duration,
    ) -> Self {
        let state = record.state.take();
        let is_utf16 = matches!(
            &state,
            Some(crate::pipeline::read::AnyState::Text(text)) if text.encoding() == Encoding::Utf16
        );
        let utf16 = is_utf16.then(|| utf16_decoder(record.is_big_endian));
        let resume = |state| AnyStream::resume(shared.plan, state, shared.zones.clone());
        Self {
            number,
            reader: state.map(resume),
            record,
            kept: Vec::new(),
            utf16,
            modified_nanos,
            opened_nanos: shared.now_nanos,
            last_bytes: now,
            is_flushed: true,
            is_changed: true,
            spans,
            spans_changed: BTreeSet::new(),
            skewed: BTreeSet::new(),
            sessions: None,
            aside: None,
            damage_told: 0,
            rows: 0,
        }
    }

    /// What was read in this run.
    pub(super) fn read(&self) -> Read {
        let ledger = self.reader.as_ref().map(AnyStream::ledger).unwrap_or_default();
        Read { ledger, rows: self.rows }
    }

    /// The record as it is now.
    pub(super) fn committed(&mut self) -> &SourceRecord {
        self.record.state = self.reader.as_ref().map(AnyStream::state);
        if let Some(reader) = &self.reader {
            self.record.offset = reader.position();
        }
        &self.record
    }

    /// Goes on with what another intake of the same stream had left.
    pub(super) fn go_on(&mut self, kept: Vec<u8>, utf16: Option<Decoder>) {
        self.is_flushed = kept.is_empty();
        self.kept = kept;
        self.utf16 = utf16;
    }

    /// What is left for that one.
    pub(super) fn rest(&mut self) -> (Vec<u8>, Option<Decoder>) {
        (std::mem::take(&mut self.kept), self.utf16.take())
    }

    /// Where the same bytes can be read again.
    pub(super) fn put_aside(&mut self, aside: Aside) {
        self.aside = Some(aside);
    }

    /// Takes bytes in.
    pub(super) fn bytes(
        &mut self,
        bytes: &[u8],
        shared: Shared<'p>,
        now: Duration,
        out: &mut Vec<Row>,
    ) {
        self.last_bytes = now;
        self.is_flushed = false;
        if self.reader.is_none() {
            self.kept.extend_from_slice(bytes);
            if self.kept.len() >= RECOGNIZE_BYTES_MAX {
                self.begin(shared, out);
            }
            return;
        }
        self.text(bytes, shared, out);
    }

    /// Nothing has come for a while: what is whole is taken.
    pub(super) fn flush(&mut self, shared: Shared<'p>, out: &mut Vec<Row>) {
        if std::mem::replace(&mut self.is_flushed, true) {
            return;
        }
        if self.reader.is_none() {
            if !says_what_it_is(&self.kept) {
                return;
            }
            self.begin(shared, out);
        }
        self.feed(shared, Feed::Silence, out);
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self, shared: Shared<'p>, out: &mut Vec<Row>) {
        if self.reader.is_none() {
            self.begin(shared, out);
        }
        self.feed(shared, Feed::End, out);
        self.is_changed = true;
    }

    /// True when something waits for more bytes.
    pub(super) fn waits(&self) -> bool {
        !self.is_flushed
    }

    /// Recognises the format.
    fn begin(&mut self, shared: Shared<'p>, out: &mut Vec<Row>) {
        let raw = std::mem::take(&mut self.kept);
        let (encoding, mark) = match raw.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8Bom, 3),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => (Encoding::Utf16, 2),
            _ => (Encoding::Utf8, 0),
        };
        if encoding == Encoding::Utf16 {
            self.record.is_big_endian = raw.first() == Some(&0xfe);
            self.utf16 = Some(utf16_decoder(self.record.is_big_endian));
        }
        let text = raw.get(mark..).unwrap_or_default();
        let mut beginning = Vec::new();
        match &mut self.utf16 {
            Some(decoder) => decode_utf16(decoder, text, &mut beginning),
            // A byte order mark is consumed with the first line, and counted apart.
            None => beginning.extend_from_slice(text),
        }
        let recognized = recognize(&beginning, shared.format);
        if recognized.format == Format::Text && shared.format.is_none() && !beginning.is_empty() {
            tracing::warn!(file = self.record.name(), "its format is unknown; it is read as text");
        }
        let origin = Origin {
            reference_nanos: self.modified_nanos.unwrap_or(shared.now_nanos),
            zones: shared.zones.clone(),
            encoding,
        };
        self.reader = Some(AnyStream::new(shared.plan, recognized, origin));
        self.kept = beginning;
        self.feed(shared, Feed::More, out);
    }

    fn text(&mut self, bytes: &[u8], shared: Shared<'p>, out: &mut Vec<Row>) {
        match &mut self.utf16 {
            Some(decoder) => decode_utf16(decoder, bytes, &mut self.kept),
            None => self.kept.extend_from_slice(bytes),
        }
        self.feed(shared, Feed::More, out);
    }

    fn feed(&mut self, shared: Shared<'p>, feed: Feed, out: &mut Vec<Row>) {
        let Some(mut reader) = self.reader.take() else { return };
        // What is appended is of now; what was there was written before.
        if shared.now_nanos.saturating_sub(self.opened_nanos) > 60 * SECOND {
            reader.set_reference(shared.now_nanos);
        }
        let kept = std::mem::take(&mut self.kept);
        let name = self.record.name();
        let mut visitor = Rows { intake: self, shared, name, matches: Vec::new(), out };
        let consumed = match feed {
            Feed::More => reader.feed(&kept, false, &mut visitor),
            Feed::Silence => reader.flush(&kept, &mut visitor),
            Feed::End => reader.feed(&kept, true, &mut visitor),
        };
        self.kept = kept;
        self.kept.drain(..consumed);
        self.is_changed |= consumed > 0;
        self.reader = Some(reader);
    }
}

/// How bytes are fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    More,
    Silence,
    End,
}

/// A beginning of nothing but directives, or of half a line, is waited on.
fn says_what_it_is(beginning: &[u8]) -> bool {
    let is_whole = |line: &[u8]| line.ends_with(b"\n") && !line.starts_with(b"#");
    let is_said = |line: &[u8]| is_whole(line) && !line.trim_ascii().is_empty();
    beginning.split_inclusive(|byte| *byte == b'\n').any(is_said)
        || beginning.starts_with(b"ElfFile\0")
}

fn utf16_decoder(is_big_endian: bool) -> Decoder {
    let encoding = if is_big_endian { UTF_16BE } else { UTF_16LE };
    encoding.new_decoder_without_bom_handling()
}

fn decode_utf16(decoder: &mut Decoder, mut raw: &[u8], out: &mut Vec<u8>) {
    let mut buffer = [0; 8 * 1024];
    loop {
        let (result, read, written, _) = decoder.decode_to_utf8(raw, &mut buffer, false);
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        raw = raw.get(read..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

/// Turns events into rows.
struct Rows<'a, 'p> {
    intake: &'a mut Intake<'p>,
    shared: Shared<'p>,
    name: String,
    matches: Vec<usize>,
    out: &'a mut Vec<Row>,
}

impl<'p> Rows<'_, 'p> {
    fn interest(&self) -> &'p Interest {
        self.shared.plan.interest()
    }

    fn keep<'c>(&mut self, event: &Event<'c>, position: u64, part: u8, arena: &'c Bump) -> bool {
        let interest = self.interest();
        let is_wanted = position >= self.intake.record.wanted_from || part == COVERAGE_PART;
        if !is_wanted {
            return false;
        }
        interest.matching(event, arena, &mut self.matches);
        if self.matches.is_empty() {
            return false;
        }
        let source = self.intake.number;
        let key = RowKey { time: event.time, source, position, part };
        let mut bytes = Vec::new();
        let record = reference(source, position);
        row::write(&mut bytes, interest, &self.matches, event, record, arena);
        self.out.push((key, bytes));
        self.intake.rows += 1;
        true
    }

    /// Gathers the session of a row that may be a candidate.
    fn session<'c>(&mut self, row: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let interest = self.interest();
        if !session::is_candidate(interest.of_kind(Kind::ExchangeSmtpSession), row, arena) {
            return false;
        }
        let aside = self.intake.aside.as_ref().map(Aside::path);
        let path = aside.unwrap_or_else(|| self.intake.record.path());
        let is_live = !self.shared.once;
        let sessions = self.intake.sessions.get_or_insert_with(|| Sessions::around(&path, is_live));
        let facts = sessions.facts(row, place, arena);
        let mut event = Event::default();
        session::event(row, &facts, arena, &mut event);
        self.keep(&event, place.position, SESSION_PART, arena)
    }

    /// What a probe proves beyond what is known.
    fn cover(&mut self, probe: &Probe) {
        let whose = (probe.host.clone(), probe.kind, probe.direction.clone());
        let known = self.intake.spans.get(&whose).copied();
        let is_full = known.is_none() && self.intake.spans.len() >= coverage::HOSTS_MAX;
        if coverage::is_loopback(&probe.host) || is_full {
            return;
        }
        let time = probe.time;
        let mut span =
            known.unwrap_or(Span { from: time, to: time, is_exchange: probe.is_exchange });
        let (from, to) = match known {
            // What is known gets a new meaning as a whole.
            Some(known) if probe.is_exchange && !known.is_exchange => {
                (known.from.min(time), known.to.max(time))
            }
            Some(known) if time > known.to => (known.to, time),
            Some(known) if time < known.from => (time, known.from),
            Some(_) => return,
            None => (time, time),
        };
        span.from = span.from.min(time);
        span.to = span.to.max(time);
        span.is_exchange |= probe.is_exchange;
        let arena = Bump::new();
        let name = std::mem::take(&mut self.name);
        let mut event = Event::default();
        let said = (whose.0.as_str(), whose.1, whose.2.as_deref());
        coverage::fill(&mut event, &arena, said, (from, to), span.is_exchange, &name);
        self.keep(&event, 0, COVERAGE_PART, &arena);
        drop(event);
        self.name = name;
        self.intake.spans.insert(whose.clone(), span);
        self.intake.spans_changed.insert(whose);
    }
}

impl Visitor for Rows<'_, '_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let of_row = self.keep(event, place.position, RECORD_PART, arena);
        let of_session = event.kind == Kind::ExchangeSmtp && self.session(event, place, arena);
        of_row || of_session
    }

    fn probe(&mut self, probe: &Probe) {
        if probe.time_quality >= TimeQuality::Inherited {
            return;
        }
        let latest = match (self.shared.once, self.intake.modified_nanos) {
            (true, Some(modified)) => modified.saturating_add(coverage::FUTURE_SKEW_MAX),
            _ => self.shared.now_nanos.saturating_add(SKEW_MAX),
        };
        if probe.time > latest {
            self.intake.skewed.insert(probe.host.clone());
            return;
        }
        self.intake.record.newest = self.intake.record.newest.max(Some(probe.time));
        self.cover(probe);
    }

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        self.intake.damage_told += 1;
        if self.intake.damage_told <= TOLD_MAX {
            let place = format!("{}@{}", self.name, damaged.position);
            tracing::warn!(place, reason = damaged.reason, "a record cannot be read");
        }
    }
}
