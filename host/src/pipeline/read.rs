//! Read: one input, from its bytes to matched rows (or to events, for `parse`).

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bumpalo::Bump;
use logwasp_core::decode::{Recognized, recognize};
use logwasp_core::event::{Event, Kind};
use logwasp_core::evtx;
use logwasp_core::format::Format;
use logwasp_core::ledger::Ledger;
use logwasp_core::limits::{FRAME_BYTES_MAX, RECOGNIZE_BYTES_MAX};
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::session::{self, Candidate, Gatherer};
use logwasp_core::stream::{Damaged, Origin, Place, Stream, Visitor};
use logwasp_core::time::Zones;

use super::coverage::Coverage;
use super::order::{Collector, RowKey};
use super::row;
use super::texts::{FolderTexts, keep_aside};
use crate::problem::Problem;
use crate::record::reference;
use crate::source::{Input, Opened, open};

/// Bytes read in one step: they fit the second-level cache with what is made of them.
const CHUNK_BYTES: usize = 256 * 1024;

/// How inputs are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// The format that the operator named.
    pub format: Option<Format>,
    /// Zones of hosts that write local time.
    pub zones: Zones,
    /// The present, for inputs without a modification time.
    pub now_nanos: i64,
}

/// Something that was found while reading, beside events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A record that cannot be read.
    Damaged {
        /// Why.
        reason: &'static str,
        /// `path@offset`
        place: String,
        /// What stands there.
        sample: String,
    },
    /// Nobody knows what this is; it was read as text.
    Unrecognised {
        /// The input.
        name: String,
    },
}

/// The reader of one stream, whatever its format.
enum AnyStream<'p> {
    Text(Box<Stream<'p>>),
    Evtx(Box<evtx::Reader<'p>>),
}

impl<'p> AnyStream<'p> {
    fn new(plan: &'p Plan, recognized: Recognized, origin: Origin) -> Self {
        match recognized.format {
            Format::Evtx => Self::Evtx(Box::new(evtx::Reader::new(plan, origin))),
            _ => Self::Text(Box::new(Stream::new(plan, recognized, origin))),
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

/// A buffer that is filled behind and consumed in front.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn new() -> Self {
        Self { bytes: vec![0; CHUNK_BYTES], start: 0, end: 0 }
    }

    fn filled(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until `wanted` bytes are there; false at the end of the input.
    fn fill(&mut self, reader: &mut dyn Read, wanted: usize) -> io::Result<bool> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.end < wanted {
            let room = self.bytes.get_mut(self.end..).unwrap_or_default();
            match reader.read(room) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Reads an opened input through `visitor`. An error of the reader ends it; what
/// was read before stays.
fn read_through(
    opened: &mut Opened,
    plan: &Plan,
    options: &ReadOptions,
    visitor: &mut dyn Visitor,
    recognized_as: &mut dyn FnMut(Recognized, bool),
) -> (Ledger, io::Result<()>) {
    let mut buffer = Buffer::new();
    let mut more = buffer.fill(&mut *opened.reader, RECOGNIZE_BYTES_MAX);
    let recognized = recognize(buffer.filled(), options.format);
    recognized_as(recognized, buffer.filled().is_empty());
    let origin = Origin {
        reference_nanos: opened.modified_nanos.unwrap_or(options.now_nanos),
        zones: options.zones.clone(),
        encoding: opened.encoding,
    };
    let mut stream = AnyStream::new(plan, recognized, origin);
    loop {
        let at_end = !matches!(more, Ok(true));
        let consumed = stream.feed(buffer.filled(), at_end, visitor);
        buffer.start += consumed;
        if at_end {
            return (stream.ledger(), more.map(|_| ()));
        }
        // A record that does not fit asks for more room, up to its limit.
        let left = buffer.filled().len();
        let wanted = if left * 2 > CHUNK_BYTES {
            (left * 2).min(2 * FRAME_BYTES_MAX + CHUNK_BYTES)
        } else {
            CHUNK_BYTES
        };
        more = buffer.fill(&mut *opened.reader, wanted.max(left + 1));
    }
}

/// Hands every event of an input to `give`, and every finding to `find`.
pub fn read_events(
    input: &Input,
    plan: &Plan,
    options: &ReadOptions,
    give: &mut dyn FnMut(&Event<'_>, u64, &Bump),
    find: &mut dyn FnMut(Finding),
) -> Result<Ledger, Problem> {
    struct Events<'a> {
        name: String,
        give: &'a mut dyn FnMut(&Event<'_>, u64, &Bump),
        find: &'a mut dyn FnMut(Finding),
    }
    impl Visitor for Events<'_> {
        fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
            (self.give)(event, place.position, arena);
            true
        }

        fn probe(&mut self, _: &Probe) {}

        fn damaged(&mut self, damaged: &Damaged<'_>) {
            (self.find)(damage_of(&self.name, damaged));
        }
    }
    let mut opened = open(input, &Arc::new(AtomicU64::new(0)))?;
    let mut is_unrecognised = false;
    let mut visitor = Events { name: input.name(), give, find };
    let (ledger, result) =
        read_through(&mut opened, plan, options, &mut visitor, &mut |recognized, empty| {
            is_unrecognised = is_unknown(recognized, options, empty);
        });
    if is_unrecognised {
        find(Finding::Unrecognised { name: input.name() });
    }
    result.map(|()| ledger).map_err(|error| broken_off(&error, input))
}

fn damage_of(name: &str, damaged: &Damaged<'_>) -> Finding {
    Finding::Damaged {
        reason: damaged.reason,
        place: format!("{name}@{}", damaged.position),
        sample: String::from_utf8_lossy(damaged.sample).into_owned(),
    }
}

fn is_unknown(recognized: Recognized, options: &ReadOptions, is_empty: bool) -> bool {
    recognized.format == Format::Text && options.format.is_none() && !is_empty
}

fn broken_off(error: &io::Error, input: &Input) -> Problem {
    Problem::new(format!("reading broke off: {error}"))
        .at(input.name())
        .hint("what was read before counts; repair or copy the file and read it again")
}

/// What reading inputs for detectors gave.
#[derive(Debug)]
pub(super) struct Harvest {
    /// Matched rows.
    pub collector: Collector,
    /// The accounts.
    pub ledger: Ledger,
    /// Rows matched: one event may give several.
    pub rows_matched: u64,
    /// The newest probed time.
    pub newest: Option<i64>,
    /// Probes with times in the future.
    pub future_times: u64,
    /// What was found beside events.
    pub findings: Vec<Finding>,
    /// Findings that are only counted: a broken file may have millions.
    pub findings_left_out: u64,
    /// Inputs that could not be read to the end.
    pub problems: Vec<Problem>,
}

/// Findings of one thread that are kept.
const FINDINGS_MAX: usize = 1_000;

impl Harvest {
    /// Nothing yet; rows beyond `run_bytes_max` go to disk.
    pub(super) fn new(run_bytes_max: usize) -> Self {
        Self {
            collector: Collector::new(run_bytes_max),
            ledger: Ledger::default(),
            rows_matched: 0,
            newest: None,
            future_times: 0,
            findings: Vec::new(),
            findings_left_out: 0,
            problems: Vec::new(),
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// Reads inputs for detectors.
pub(super) struct Reaper<'a> {
    /// All inputs, in the order of their numbers.
    pub inputs: &'a [Input],
    /// What is wanted.
    pub plan: &'a Plan,
    /// How inputs are read.
    pub options: &'a ReadOptions,
    /// Bytes read so far, of all threads.
    pub progress: &'a Arc<AtomicU64>,
}

impl Reaper<'_> {
    /// Reads one input into the harvest.
    pub(super) fn read(&self, source: usize, harvest: &mut Harvest) {
        let Some(input) = self.inputs.get(source) else { return };
        let mut opened = match open(input, self.progress) {
            Ok(opened) => opened,
            Err(problem) => {
                harvest.problems.push(problem);
                return;
            }
        };
        let sessions = match self.sessions_of_stream(input, &mut opened) {
            Ok(sessions) => sessions,
            Err(error) => {
                harvest.problems.push(broken_off(&error, input));
                return;
            }
        };
        let mut unknown = false;
        let reference_nanos = opened.modified_nanos.unwrap_or(self.options.now_nanos);
        let mut visitor = Rows {
            reaper: self,
            source,
            name: input.name(),
            harvest,
            coverage: Coverage::new(reference_nanos),
            matches: Vec::new(),
            sessions,
            error: None,
        };
        let (ledger, result) = read_through(
            &mut opened,
            self.plan,
            self.options,
            &mut visitor,
            &mut |recognized, is_empty| unknown = is_unknown(recognized, self.options, is_empty),
        );
        let error = visitor.finish().or(result.err());
        harvest.ledger += ledger;
        if unknown {
            harvest.find(Finding::Unrecognised { name: input.name() });
        }
        if let Some(error) = error {
            harvest.problems.push(broken_off(&error, input));
        }
    }

    /// Where to look for the sessions of an input that can be read only once.
    fn sessions_of_stream(
        &self,
        input: &Input,
        opened: &mut Opened,
    ) -> io::Result<Option<Box<Sessions>>> {
        let wants_sessions = self.plan.interest().wants(Kind::ExchangeSmtpSession);
        if !wants_sessions || !matches!(input, Input::Stdin) {
            return Ok(None);
        }
        let file = keep_aside(opened, self.options.format)?;
        let Some(file) = file else { return Ok(None) };
        Ok(Some(Sessions::new(FolderTexts::of(input.clone(), file)?, 0)))
    }

    /// The files of an input's folder, and the input's place among them.
    fn folder_of(&self, source: usize) -> (Vec<Input>, usize) {
        let parent = |input: &Input| match input {
            Input::File(path) => path.parent().map(std::path::Path::to_owned),
            _ => None,
        };
        let of = self.inputs.get(source).and_then(parent);
        let together = |input: &&Input| of.is_some() && parent(input) == of;
        let first = self.inputs.iter().take(source).filter(together).count();
        if of.is_none() {
            return (self.inputs.get(source).cloned().into_iter().collect(), 0);
        }
        (self.inputs.iter().filter(together).cloned().collect(), first)
    }
}

/// A row of a record itself.
const RECORD_PART: u8 = 0;
/// A row of a record's session.
const SESSION_PART: u8 = 1;
/// A row that tells what was covered.
const COVERAGE_PART: u8 = 2;

/// Turns the events of one input into rows.
struct Rows<'a, 'h> {
    reaper: &'a Reaper<'a>,
    source: usize,
    name: String,
    harvest: &'h mut Harvest,
    coverage: Coverage,
    matches: Vec<usize>,
    /// Made when the first candidate needs it.
    sessions: Option<Box<Sessions>>,
    /// Rows that could not be kept.
    error: Option<io::Error>,
}

struct Sessions {
    texts: FolderTexts,
    file: usize,
    gatherer: Gatherer,
}

impl Sessions {
    fn new(texts: FolderTexts, file: usize) -> Box<Self> {
        Box::new(Self { texts, file, gatherer: Gatherer::default() })
    }
}

impl Rows<'_, '_> {
    /// Keeps the row of an event that was matched.
    fn keep<'c>(&mut self, event: &Event<'c>, position: u64, part: u8, arena: &'c Bump) -> bool {
        let interest = self.reaper.plan.interest();
        interest.matching(event, arena, &mut self.matches);
        if self.matches.is_empty() {
            return false;
        }
        self.harvest.rows_matched += self.matches.len() as u64;
        let source = self.source as u32;
        let key = RowKey { time: event.time, source, position, part };
        let record = reference(source, position);
        let matches = &self.matches;
        let result = self.harvest.collector.push(key, |out| {
            row::write(out, interest, matches, event, record, arena);
        });
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
        true
    }

    /// Gathers the session of a row that may be a candidate.
    fn session<'c>(&mut self, row: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let interest = self.reaper.plan.interest();
        if !session::is_candidate(interest.of_kind(Kind::ExchangeSmtpSession), row, arena) {
            return false;
        }
        let cell = |name: &[u8]| row.field(name).map(|v| v.text(arena)).unwrap_or_default();
        let (session_id, connector) = (cell(b"session-id"), cell(b"connector-id"));
        let (reaper, source) = (self.reaper, self.source);
        let sessions = self.sessions.get_or_insert_with(|| {
            let (inputs, file) = reaper.folder_of(source);
            Sessions::new(FolderTexts::new(inputs), file)
        });
        let candidate = Candidate {
            file: sessions.file,
            offset: place.text_offset,
            time: row.time,
            session_id,
            connector,
        };
        let facts = sessions.gatherer.gather(&mut sessions.texts, &candidate);
        let mut event = Event::default();
        session::event(row, &facts, arena, &mut event);
        self.keep(&event, place.position, SESSION_PART, arena)
    }

    /// The rows of what was covered; returns what went wrong while keeping rows.
    fn finish(mut self) -> Option<io::Error> {
        let coverage = std::mem::replace(&mut self.coverage, Coverage::new(0));
        self.harvest.newest = self.harvest.newest.max(coverage.newest());
        self.harvest.future_times += coverage.future();
        let name = self.name.clone();
        let mut position = 0;
        coverage.events(&name, |event, arena| {
            self.keep(event, position, COVERAGE_PART, arena);
            position += 1;
        });
        self.error
    }
}

impl Visitor for Rows<'_, '_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let of_row = self.keep(event, place.position, RECORD_PART, arena);
        let of_session = event.kind == Kind::ExchangeSmtp && self.session(event, place, arena);
        of_row || of_session
    }

    fn probe(&mut self, probe: &Probe) {
        self.coverage.probe(probe);
    }

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        let finding = damage_of(&self.name, damaged);
        self.harvest.find(finding);
    }
}
