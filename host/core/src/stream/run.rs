//! One pass over a buffer: find frames, decode them, tell the visitor.

use bumpalo::Bump;

use super::structure::is_xml_structure;
use super::{Damaged, Follows, Overlong, Stream, Visitor};
use crate::bytes::is_blank;
use crate::decode::{Context, Damage, Decoded, Names};
use crate::event::Event;
use crate::frame::{Broken, Frame, Framing, event_xml};
use crate::limits::{
    FRAME_BYTES_MAX, PROBE_BLOCK_BYTES, PROBE_BLOCK_FAR_BYTES, PROBE_BLOCKS_NEAR_BYTES,
};
use crate::probe::Probe;
use crate::scan::{Mode, Scan};
use crate::time::TimeQuality;

/// How much of a damaged record is shown.
const SAMPLE_BYTES_MAX: usize = 200;

pub(super) struct Run<'s, 'p, 'c, 'v> {
    stream: &'s mut Stream<'p>,
    buf: &'c [u8],
    follows: Follows,
    arena: &'c Bump,
    visitor: &'v mut dyn Visitor,
    event: Event<'c>,
    names: Names<'c>,
    /// How records are found at the moment.
    mode: &'p Mode,
    /// Everything before is done.
    at: usize,
}

/// Why a pass over the buffer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nothing more can be done with these bytes.
    Done,
    /// A directive changed how records are to be found.
    ModeChanged,
}

impl<'s, 'p, 'c, 'v> Run<'s, 'p, 'c, 'v> {
    pub(super) fn new(
        stream: &'s mut Stream<'p>,
        buf: &'c [u8],
        follows: Follows,
        arena: &'c Bump,
        visitor: &'v mut dyn Visitor,
    ) -> Self {
        let event = Event::default();
        let mode = &Mode::DecodeAll;
        Self { stream, buf, follows, arena, visitor, event, names: None, mode, at: 0 }
    }

    /// Returns how many bytes were consumed.
    pub(super) fn run(mut self) -> usize {
        if self.stream.finished {
            self.skip_to(self.buf.len());
        } else if self.leave_overlong() {
            loop {
                self.mode = self.stream.mode();
                let stop = match self.mode {
                    Mode::DecodeAll => self.decode_all(),
                    Mode::Scan { scan, .. } => self.scan(scan),
                };
                if stop == Stop::Done {
                    break;
                }
            }
        }
        if self.at_end() {
            self.skip_to(self.buf.len());
        }
        if self.follows != Follows::More
            && let Some(probe) = self.stream.tail.take()
        {
            self.visitor.probe(&probe);
        }
        self.at
    }

    fn at_end(&self) -> bool {
        self.follows == Follows::Nothing
    }

    /// The frame at `start`, as far as it can be told.
    fn frame_at(&self, start: usize) -> Frame {
        let framing = self.framing();
        let is_over = match self.follows {
            Follows::More => false,
            Follows::Nothing => true,
            Follows::Silence => match framing {
                // What else than the next record would show that one is over?
                Framing::DatedLines | Framing::WindowsBlocks | Framing::Mbox | Framing::Whole => {
                    self.buf.last() == Some(&b'\n')
                }
                _ => false,
            },
        };
        framing.frame_at(self.buf, start, is_over)
    }

    fn framing(&self) -> Framing {
        self.stream.recognized.framing
    }

    /// True when a directive changed how records are to be found.
    fn mode_changed(&self) -> bool {
        match (self.mode, self.stream.mode()) {
            (Mode::DecodeAll, Mode::DecodeAll) => false,
            (before, now) => !std::ptr::eq(before, now),
        }
    }

    /// Goes over bytes that were looked at.
    fn take_to(&mut self, to: usize) {
        self.stream.ledger.bytes_records += to.saturating_sub(self.at) as u64;
        self.at = self.at.max(to);
    }

    /// Goes over bytes that were not.
    fn skip_to(&mut self, to: usize) {
        self.stream.ledger.bytes_skipped += to.saturating_sub(self.at) as u64;
        self.at = self.at.max(to);
    }

    // --- all frames, one after the other ---

    fn decode_all(&mut self) -> Stop {
        while !self.stream.finished {
            match self.framing().start_at_or_after(self.buf, self.at) {
                Ok(start) => {
                    self.gap(start);
                    if !self.next_frame(start) {
                        return Stop::Done;
                    }
                    if self.mode_changed() {
                        return Stop::ModeChanged;
                    }
                }
                Err(resume) => {
                    // Without a start the rest is garbage; it stays until a start or
                    // the end shows how far it goes, unless it is too much.
                    if self.at_end() {
                        self.gap(self.buf.len());
                    } else if self.buf.len() - self.at > FRAME_BYTES_MAX {
                        self.gap(resume);
                        self.stream.in_garbage = true;
                    }
                    return Stop::Done;
                }
            }
        }
        self.skip_to(self.buf.len());
        Stop::Done
    }

    /// Handles the frame at `start`; false when it is not complete.
    fn next_frame(&mut self, start: usize) -> bool {
        match self.frame_at(start) {
            Frame::Complete { content, next } => {
                if self.must_wait(start, next) {
                    return false;
                }
                self.frame(content.start, content.end, next);
                true
            }
            Frame::Broken { reason, next } => {
                self.broken(start, reason, next);
                true
            }
            Frame::Incomplete => {
                if self.buf.len() - start > FRAME_BYTES_MAX {
                    self.enter_overlong(start);
                }
                false
            }
        }
    }

    /// The last record is a probe, so a record behind which nothing but blanks has
    /// come yet waits for what follows; not forever, though.
    fn must_wait(&self, start: usize, next: usize) -> bool {
        self.follows == Follows::More
            && self.buf.len() - start <= FRAME_BYTES_MAX
            && self.nothing_follows(next)
    }

    /// True when no record starts at or after `next` as far as can be seen.
    fn nothing_follows(&self, next: usize) -> bool {
        match self.framing() {
            Framing::EventXml | Framing::JsonDocument => {
                self.framing().start_at_or_after(self.buf, next).is_err()
            }
            _ => is_blank(self.buf.get(next..).unwrap_or_default()),
        }
    }

    /// What stands between frames: structure, blanks, or garbage.
    fn gap(&mut self, to: usize) {
        let gap = self.buf.get(self.at..to).unwrap_or_default();
        let is_structure = match self.framing() {
            Framing::EventXml => is_xml_structure(gap),
            // The rest of a mail of which the beginning was enough.
            Framing::Mbox => true,
            Framing::JsonDocument => gap.iter().all(|byte| b"[], \t\r\n\0".contains(byte)),
            _ => is_blank(gap),
        };
        if !is_structure && !self.stream.in_garbage {
            let blanks = gap.len() - gap.trim_ascii_start().len();
            let start = self.at + blanks;
            self.report("text outside of a record", start, start, to);
        }
        self.stream.in_garbage = false;
        self.take_to(to);
    }

    // --- only frames around hits, and probes ---

    fn scan(&mut self, scan: &Scan) -> Stop {
        let (limit, last) = self.scannable();
        while self.at < limit {
            let probe = self.next_probe(limit, last);
            if self.scan_to(scan, probe) == Stop::ModeChanged {
                return Stop::ModeChanged;
            }
            if self.at < limit && self.probe_to(limit) == Stop::ModeChanged {
                return Stop::ModeChanged;
            }
        }
        Stop::Done
    }

    /// How far frames are complete, and where the stream's last record starts if
    /// it is known. The last one that has come waits, as in [`Self::must_wait`].
    fn scannable(&mut self) -> (usize, Option<usize>) {
        let blanks = self.buf.iter().rev().take_while(|byte| is_blank(&[**byte])).count();
        let last_byte = match self.buf.len() - blanks {
            // Nothing but blanks: the last line may still get text.
            0 => blanks.saturating_sub(1),
            length => length - 1,
        };
        let last = self.framing().start_at_or_before(self.buf, last_byte);
        let last = last.filter(|last| *last >= self.at);
        if self.at_end() {
            return (self.buf.len(), last);
        }
        let Some(last) = last else { return (self.garbage_end(), None) };
        let is_long = self.buf.len() - last > FRAME_BYTES_MAX;
        if !is_long && self.follows == Follows::More {
            return (last, None);
        }
        match self.frame_at(last) {
            // So many blanks, or such a silence, that it cannot wait: it may be the
            // last one.
            Frame::Complete { next, .. } => (next, Some(last)),
            Frame::Broken { next, .. } => (next, None),
            Frame::Incomplete if is_long => {
                self.enter_overlong(last);
                (self.at, None)
            }
            Frame::Incomplete => (last, None),
        }
    }

    /// Where bytes end that hold no start, and can be left behind.
    fn garbage_end(&mut self) -> usize {
        match self.framing() {
            Framing::Lines | Framing::DatedLines | Framing::WindowsBlocks => {
                // A line longer than any record: its end has not come yet.
                let newline = memchr::memrchr(b'\n', self.buf);
                self.enter_overlong(newline.map_or(self.at, |at| at + 1));
                self.at
            }
            framing => framing.start_at_or_after(self.buf, self.at).unwrap_or_else(|resume| resume),
        }
    }

    /// The start of the next record that is decoded whatever the scan says.
    fn next_probe(&self, limit: usize, last: Option<usize>) -> usize {
        let block = self.stream.probes.next_block.saturating_sub(self.stream.positions.text());
        let from = self.at.max(usize::try_from(block).unwrap_or(usize::MAX).min(limit));
        let start = self.framing().start_at_or_after(self.buf, from).unwrap_or(limit);
        start.min(last.filter(|last| *last >= self.at).unwrap_or(limit)).min(limit)
    }

    /// Decodes frames until a record was among them.
    fn probe_to(&mut self, limit: usize) -> Stop {
        while self.at < limit {
            let Ok(start) = self.framing().start_at_or_after(self.buf, self.at) else { break };
            self.skip_to(start.min(limit));
            let records = self.stream.ledger.records;
            match self.frame_at(start) {
                Frame::Complete { content, next } => self.frame(content.start, content.end, next),
                Frame::Broken { reason, next } => self.broken(start, reason, next),
                Frame::Incomplete => break,
            }
            if self.mode_changed() {
                return Stop::ModeChanged;
            }
            if self.stream.ledger.records > records {
                return Stop::Done;
            }
        }
        self.skip_to(limit);
        Stop::Done
    }

    /// Decodes the frames around hits before `to`, which is a frame's start or the
    /// end of what can be scanned.
    fn scan_to(&mut self, scan: &Scan, to: usize) -> Stop {
        let mut hits = scan.hits(self.buf, to);
        let mut from = self.at;
        while let Some(hit) = hits.next_from(from) {
            from = hit + 1;
            let start = self.framing().start_at_or_before(self.buf, hit);
            let Some(start) = start.filter(|start| *start >= self.at) else { continue };
            match self.frame_at(start) {
                Frame::Complete { content, next } if hit < next => {
                    self.skip_to(start);
                    self.frame(content.start, content.end, next);
                }
                Frame::Broken { reason: Broken::Truncated, next } => {
                    self.skip_to(start);
                    self.broken(start, Broken::Truncated, next);
                }
                _ => continue,
            }
            from = self.at;
            if self.mode_changed() {
                return Stop::ModeChanged;
            }
        }
        self.skip_to(to);
        Stop::Done
    }

    // --- one frame ---

    fn frame(&mut self, start: usize, end: usize, next: usize) {
        let content = self.buf.get(start..end).unwrap_or_default();
        self.stream.finished = self.framing() == Framing::Whole;
        if is_blank(content) {
            match self.mode {
                Mode::DecodeAll => self.take_to(next),
                Mode::Scan { .. } => self.skip_to(next),
            }
            return;
        }
        self.stream.tail = None;
        let context = Context {
            arena: self.arena,
            zones: &self.stream.zones,
            year: self.stream.year_reference(),
        };
        let decoded =
            self.stream.decoder.decode(content, &context, &mut self.names, &mut self.event);
        match decoded {
            Ok((Decoded::Event, length)) => {
                self.decoded(start, next);
                self.leftover(start + length, end);
            }
            Ok((Decoded::Structure, length)) => self.leftover(start + length, end),
            Err(damage) => {
                if let Some(inside) = self.start_inside(content) {
                    self.broken(start, Broken::Truncated, start + inside);
                    return;
                }
                self.damage(start, end, damage);
                self.end_block(start);
            }
        }
        self.take_to(next);
    }

    fn decoded(&mut self, start: usize, next: usize) {
        let own_time =
            (self.event.time_quality < TimeQuality::Inherited).then_some(self.event.time);
        if own_time.is_none() {
            self.event.set_time(match self.stream.probes.inherited {
                Some(time) => (time, TimeQuality::Inherited),
                None => (self.stream.reference_nanos, TimeQuality::Receipt),
            });
        }
        let place = self.stream.positions.place(self.buf, start);
        let matched = self.visitor.event(&self.event, place, self.arena);
        self.stream.ledger.records += 1;
        self.stream.ledger.decoded += 1;
        self.stream.ledger.events_matched += u64::from(matched);
        let is_probe = self.end_block(start);
        if is_probe {
            self.stream.probes.inherited = own_time.or(self.stream.probes.inherited);
            self.visitor.probe(&Probe::of(&self.event, self.arena));
        } else if self.nothing_follows(next) {
            // It may be the stream's last record, and then it is a probe as well.
            self.stream.tail = Some(Probe::of(&self.event, self.arena));
        }
    }

    /// True when this is the first record that starts in its block.
    fn end_block(&mut self, start: usize) -> bool {
        let offset = self.stream.positions.text() + start as u64;
        let is_first = offset >= self.stream.probes.next_block;
        if is_first {
            let is_near = offset < PROBE_BLOCKS_NEAR_BYTES;
            let block = if is_near { PROBE_BLOCK_BYTES } else { PROBE_BLOCK_FAR_BYTES };
            self.stream.probes.next_block = (offset / block + 1) * block;
        }
        is_first
    }

    /// Lines inside a frame that the record did not take: each is damage.
    fn leftover(&mut self, from: usize, to: usize) {
        let mut from = from;
        while from < to {
            let rest = self.buf.get(from..to).unwrap_or_default();
            let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
            if !is_blank(rest.get(..length).unwrap_or_default()) {
                self.damaged("the line begins no record", from, from + length);
            }
            from += length;
        }
    }

    /// A start inside a damaged frame: there the next record begins.
    fn start_inside(&self, content: &[u8]) -> Option<usize> {
        match self.framing() {
            Framing::EventXml => event_xml::start_inside(content),
            _ => None,
        }
    }

    fn damage(&mut self, start: usize, end: usize, damage: Damage) {
        let at = start + damage.at.min(end - start);
        self.report(damage.reason, at, start, end);
    }

    fn damaged(&mut self, reason: &'static str, start: usize, end: usize) {
        self.stream.tail = None;
        self.report(reason, start, start, end);
    }

    /// Counts a damaged record and tells where it is damaged.
    fn report(&mut self, reason: &'static str, at: usize, start: usize, end: usize) {
        self.stream.ledger.records += 1;
        self.stream.ledger.damaged += 1;
        let position = self.stream.positions.original(self.buf, at);
        let sample = self.buf.get(start..end.min(start + SAMPLE_BYTES_MAX)).unwrap_or_default();
        self.visitor.damaged(&Damaged { reason, position, sample });
    }

    fn broken(&mut self, start: usize, reason: Broken, next: usize) {
        self.damaged(broken_reason(reason), start, next);
        self.end_block(start);
        self.take_to(next);
        // What is left of it up to the next start has been reported.
        self.stream.in_garbage = self.framing() == Framing::EventXml;
    }

    // --- frames that are longer than any buffer ---

    fn enter_overlong(&mut self, start: usize) {
        let rest = self.buf.get(start..).unwrap_or_default();
        let position = self.stream.positions.original(self.buf, start);
        self.skip_to(start);
        self.stream.overlong = Some(Overlong { position, is_blank: is_blank(rest) });
        self.take_to(self.buf.len());
    }

    /// Goes to the end of a frame that is too long; false when it is not here.
    fn leave_overlong(&mut self) -> bool {
        let Some(overlong) = self.stream.overlong else { return true };
        let newline = memchr::memchr(b'\n', self.buf);
        let end = newline.map_or(self.buf.len(), |at| at + 1);
        let is_blank = overlong.is_blank && is_blank(self.buf.get(..end).unwrap_or_default());
        self.take_to(end);
        if newline.is_none() && !self.at_end() {
            self.stream.overlong = Some(Overlong { is_blank, ..overlong });
            return false;
        }
        self.stream.overlong = None;
        if !is_blank {
            self.stream.tail = None;
            self.stream.ledger.records += 1;
            self.stream.ledger.damaged += 1;
            let reason = broken_reason(Broken::TooLong);
            self.visitor.damaged(&Damaged { reason, position: overlong.position, sample: b"" });
        }
        true
    }
}

fn broken_reason(reason: Broken) -> &'static str {
    match reason {
        Broken::TooLong => "longer than any record (1 MiB)",
        Broken::Truncated => "cut off: the end of the record is missing",
    }
}
