//! One stream of bytes, from chunks to events.
//!
//! The caller owns the buffer: it hands over what it has and is told how much was
//! consumed; the rest must come again with more behind it. Any split of the input
//! gives the same events. With a scan, only the records around hits are decoded,
//! and probes: the first record that starts in each block, and the last one.

mod position;
mod run;
mod state;
mod structure;

pub use position::{Encoding, Place};
use serde::{Deserialize, Serialize};
pub use state::StreamState;

use bumpalo::Bump;

use crate::decode::{Decoder, Recognized};
use crate::event::Event;
use crate::format::Format;
use crate::frame::Framing;
use crate::ledger::Ledger;
use crate::probe::Probe;
use crate::scan::{Mode, Plan};
use crate::time::{YearReference, Zones};
use position::Positions;

/// What is known of a stream besides its bytes.
#[derive(Debug, Clone)]
pub struct Origin {
    /// What a missing year is inferred from, and what a record without any time
    /// gets: the modification time of the file, or the time of receipt.
    pub reference_nanos: i64,
    /// The zones of hosts that write local time.
    pub zones: Zones,
    /// How the bytes were encoded before they became UTF-8.
    pub encoding: Encoding,
}

/// Where the stream's events go.
pub trait Visitor {
    /// A decoded event, and where its record begins. Returns true when some
    /// subscription matched.
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool;

    /// A probe: its record moves the watermark and proves coverage.
    fn probe(&mut self, probe: &Probe);

    /// A record that cannot be read.
    fn damaged(&mut self, damaged: &Damaged<'_>);
}

/// A record that cannot be read.
#[derive(Debug, Clone, Copy)]
pub struct Damaged<'c> {
    /// Why, in a few words.
    pub reason: &'static str,
    /// Where, in the decompressed stream in its original encoding.
    pub position: u64,
    /// The beginning of what stands there.
    pub sample: &'c [u8],
}

/// The reader of one stream.
#[derive(Debug)]
pub struct Stream<'p> {
    plan: &'p Plan,
    recognized: Recognized,
    decoder: Decoder,
    zones: Zones,
    reference_nanos: i64,
    positions: Positions,
    ledger: Ledger,
    probes: Probes,
    /// The newest record, when nothing but blanks has followed so far: it is a probe
    /// if it stays the last.
    tail: Option<Probe>,
    /// Inside a frame that is too long, of which the end has not come yet.
    overlong: Option<Overlong>,
    /// Inside text that belongs to no frame and was reported already.
    in_garbage: bool,
    /// The one record of the stream was read; what follows is none.
    finished: bool,
    arena: Bump,
}

/// What probes have to remember.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Probes {
    /// The first record that starts at or after this offset is a probe.
    next_block: u64,
    /// The newest probed time: what records without a time inherit.
    inherited: Option<i64>,
}

/// What comes behind the buffer at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// More bytes.
    More,
    /// Maybe more bytes, some time.
    Silence,
    /// The stream ends.
    Nothing,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Overlong {
    /// Where the frame began.
    position: u64,
    /// Nothing but blanks and zeros so far.
    is_blank: bool,
}

impl<'p> Stream<'p> {
    /// The reader of a stream that was recognised. EVTX streams are read by
    /// [`crate::evtx`].
    pub fn new(plan: &'p Plan, recognized: Recognized, origin: Origin) -> Self {
        Self {
            plan,
            recognized,
            decoder: Decoder::new(recognized),
            zones: origin.zones,
            reference_nanos: origin.reference_nanos,
            positions: Positions::new(origin.encoding),
            ledger: Ledger::default(),
            probes: Probes::default(),
            tail: None,
            overlong: None,
            in_garbage: false,
            finished: false,
            arena: Bump::new(),
        }
    }

    /// Reads what is in `buf`; `at_end` says that nothing follows. Returns how many
    /// bytes were consumed. Consumes something whenever `buf` is longer than
    /// [`crate::limits::FRAME_BYTES_MAX`] and a little, and everything at the end.
    pub fn feed(&mut self, buf: &[u8], at_end: bool, visitor: &mut dyn Visitor) -> usize {
        self.read(buf, if at_end { Follows::Nothing } else { Follows::More }, visitor)
    }

    /// Reads what is in `buf`, of which nobody knows what follows and when. A record
    /// that is whole is taken although nothing shows that it is not the last one,
    /// and is a probe then. What is not whole stays. Where only the next record's
    /// beginning shows that one is over, it is taken at the end of a line: what
    /// continues it later is damage.
    ///
    /// Matches and damage are those of [`Stream::feed`]; there are more probes.
    pub fn flush(&mut self, buf: &[u8], visitor: &mut dyn Visitor) -> usize {
        self.read(buf, Follows::Silence, visitor)
    }

    fn read(&mut self, buf: &[u8], follows: Follows, visitor: &mut dyn Visitor) -> usize {
        let mut arena = std::mem::take(&mut self.arena);
        let consumed = run::Run::new(self, buf, follows, &arena, visitor).run();
        self.ledger.bytes_in += consumed as u64;
        self.positions.advance(buf, consumed);
        arena.reset();
        self.arena = arena;
        consumed
    }

    /// The accounts so far.
    pub fn ledger(&self) -> Ledger {
        self.ledger
    }

    /// Where the next byte to consume stands: the offset in the decompressed stream
    /// in its original encoding.
    pub fn position(&self) -> u64 {
        self.positions.next()
    }

    /// What a missing year is inferred from, and what a record without any time
    /// gets, from now on.
    pub fn set_reference(&mut self, reference_nanos: i64) {
        self.reference_nanos = reference_nanos;
    }

    fn year_reference(&self) -> YearReference {
        YearReference { nanos: self.reference_nanos }
    }

    /// How records are found: a stream whose first column carries a literal is
    /// decoded fully, for that literal begins with the delimiter before it.
    fn mode(&self) -> &'p Mode {
        let mode = match (self.recognized.format, self.decoder.log()) {
            (Format::ExchangeCsv, Some(log)) => self.plan.mode_of_log(log.kind()),
            (format, _) => self.plan.mode(format),
        };
        let Mode::Scan { not_first, .. } = mode else { return mode };
        let is_sequential =
            matches!(self.recognized.framing, Framing::JsonDocument | Framing::Octets);
        if is_sequential || self.decoder.needs_every_row() {
            return &Mode::DecodeAll;
        }
        let first = self.decoder.first_column();
        let conflicts = first.is_some_and(|first| not_first.iter().any(|name| **name == *first));
        if conflicts { &Mode::DecodeAll } else { mode }
    }
}

#[cfg(test)]
mod tests;
