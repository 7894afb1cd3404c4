//! Read: one input, from its bytes to matched rows (or to events, for `parse`).

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bumpalo::Bump;
use logwasp_core::decode::{Recognized, recognize};
use logwasp_core::event::Event;
use logwasp_core::evtx;
use logwasp_core::format::Format;
use logwasp_core::ledger::Ledger;
use logwasp_core::limits::{FRAME_BYTES_MAX, RECOGNIZE_BYTES_MAX};
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::stream::{Damaged, Origin, Place, Stream, StreamState, Visitor};
use logwasp_core::time::Zones;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
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
#[derive(Debug)]
pub(crate) enum AnyStream<'p> {
    Text(Box<Stream<'p>>),
    Evtx(Box<evtx::Reader<'p>>),
}

/// Where a stream goes on in another run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum AnyState {
    Text(StreamState),
    Evtx(evtx::ReaderState),
}

impl<'p> AnyStream<'p> {
    /// The reader of a stream that was recognised.
    pub(crate) fn new(plan: &'p Plan, recognized: Recognized, origin: Origin) -> Self {
        match recognized.format {
            Format::Evtx => Self::Evtx(Box::new(evtx::Reader::new(plan, origin))),
            _ => Self::Text(Box::new(Stream::new(plan, recognized, origin))),
        }
    }

    /// The reader that goes on from a state.
    pub(crate) fn resume(plan: &'p Plan, state: AnyState, zones: Zones) -> Self {
        match state {
            AnyState::Text(state) => Self::Text(Box::new(Stream::resume(plan, state, zones))),
            AnyState::Evtx(state) => Self::Evtx(Box::new(evtx::Reader::resume(plan, state))),
        }
    }

    /// What is needed to go on from here.
    pub(crate) fn state(&self) -> AnyState {
        match self {
            Self::Text(stream) => AnyState::Text(stream.state()),
            Self::Evtx(reader) => AnyState::Evtx(reader.state()),
        }
    }

    /// Where the next byte to consume stands, in the decompressed stream in its
    /// original encoding.
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::Text(stream) => stream.position(),
            Self::Evtx(reader) => reader.position(),
        }
    }

    /// See [`Stream::flush`]; what is whole of an EVTX file is taken anyway.
    pub(crate) fn flush(&mut self, buf: &[u8], visitor: &mut dyn Visitor) -> usize {
        match self {
            Self::Text(stream) => stream.flush(buf, visitor),
            Self::Evtx(_) => 0,
        }
    }

    /// See [`Stream::set_reference`].
    pub(crate) fn set_reference(&mut self, reference_nanos: i64) {
        if let Self::Text(stream) = self {
            stream.set_reference(reference_nanos);
        }
    }

    /// See [`Stream::feed`].
    pub(crate) fn feed(&mut self, buf: &[u8], at_end: bool, visitor: &mut dyn Visitor) -> usize {
        match self {
            Self::Text(stream) => stream.feed(buf, at_end, visitor),
            Self::Evtx(reader) => reader.feed(buf, at_end, visitor),
        }
    }

    /// The accounts so far.
    pub(crate) fn ledger(&self) -> Ledger {
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
pub(super) fn read_through(
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

pub(crate) fn damage_of(name: &str, damaged: &Damaged<'_>) -> Finding {
    Finding::Damaged {
        reason: damaged.reason,
        place: format!("{name}@{}", damaged.position),
        sample: String::from_utf8_lossy(damaged.sample).into_owned(),
    }
}

pub(crate) fn is_unknown(recognized: Recognized, options: &ReadOptions, is_empty: bool) -> bool {
    recognized.format == Format::Text && options.format.is_none() && !is_empty
}

pub(super) fn broken_off(error: &io::Error, input: &Input) -> Problem {
    Problem::new(format!("reading broke off: {error}"))
        .at(input.name())
        .hint("what was read before counts; repair or copy the file and read it again")
}
