//! State: what a stream has to know to go on at a place, in another process.

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

use super::position::Positions;
use super::{Encoding, Overlong, Probes, Stream};
use crate::decode::{Decoder, Recognized, Rows};
use crate::format::Format;
use crate::frame::Framing;
use crate::ledger::Ledger;
use crate::probe::Probe;
use crate::scan::Plan;
use crate::time::Zones;

/// A stream between two calls of [`Stream::feed`]: what it recognised, what its
/// directives said, where it stands. The accounts are not in it. Cutting a stream
/// here and going on with [`Stream::resume`] gives the same events as not cutting.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StreamState {
    format: Format,
    framing: Framing,
    decoder: Decoder,
    encoding: Encoding,
    reference_nanos: i64,
    text_offset: u64,
    position: u64,
    probes: Probes,
    tail: Option<Probe>,
    overlong: Option<Overlong>,
    in_garbage: bool,
    finished: bool,
}

impl StreamState {
    /// Where reading goes on: the offset in the decompressed stream in its original
    /// encoding.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What was recognised.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How the bytes were encoded before they became UTF-8.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}

impl<'p> Stream<'p> {
    /// What is needed to go on from here.
    pub fn state(&self) -> StreamState {
        StreamState {
            format: self.recognized.format,
            framing: self.recognized.framing,
            decoder: self.decoder.clone(),
            encoding: self.positions.encoding(),
            reference_nanos: self.reference_nanos,
            text_offset: self.positions.text(),
            position: self.positions.next(),
            probes: self.probes,
            tail: self.tail.clone(),
            overlong: self.overlong,
            in_garbage: self.in_garbage,
            finished: self.finished,
        }
    }

    /// The reader that goes on from a state; the next byte it is fed is the one at
    /// [`StreamState::position`]. Its accounts begin anew.
    pub fn resume(plan: &'p Plan, state: StreamState, zones: Zones) -> Self {
        // What tells the columns is in the decoder.
        let StreamState { format, framing, .. } = state;
        let recognized = Recognized { format, framing, rows: Rows::Named };
        Self {
            plan,
            recognized,
            decoder: state.decoder,
            zones,
            reference_nanos: state.reference_nanos,
            positions: Positions::resumed(state.encoding, state.text_offset, state.position),
            ledger: Ledger::default(),
            probes: state.probes,
            tail: state.tail,
            overlong: state.overlong,
            in_garbage: state.in_garbage,
            finished: state.finished,
            arena: Bump::new(),
        }
    }
}
