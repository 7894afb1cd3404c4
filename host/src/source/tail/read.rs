//! Reading, in turns: every file that has something gets one chunk, then the next.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};

use super::content::{Content, first_solid, read_full_at, read_prefix, solid};
use super::identity::{Identity, PREFIX_BYTES_MAX, modified_nanos};
use super::streams::Stream;
use super::survey::Holds;
use super::{Arrival, FileId, Hold, Tail, Take};

/// What a turn came to.
enum Turn {
    /// So many bytes were read; there may be more.
    Read(usize),
    /// All is read.
    AtEnd,
    /// It holds something else now.
    Replaced,
}

impl Tail {
    /// Reads until the budget is used up or nothing is left. Returns what was read.
    pub(super) fn read_in_turns(
        &mut self,
        now_nanos: u64,
        budget_bytes: usize,
        take: &mut Take<'_>,
    ) -> usize {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut spent = 0;
        let mut idle_turns = 0;
        let mut held = self.keep_held_open(take);
        while spent < budget_bytes
            && idle_turns <= self.ready.len()
            && let Some(id) = self.ready.pop_front()
        {
            self.streams.get_mut(id).into_iter().for_each(|stream| stream.is_ready = false);
            let len = buffer.len().min(budget_bytes - spent);
            let chunk = buffer.get_mut(..len).unwrap_or_default();
            let read = self.turn(id, chunk, now_nanos, take);
            idle_turns = if read == 0 { idle_turns + 1 } else { 0 };
            spent += read;
        }
        self.buffer = buffer;
        self.ready.append(&mut held);
        spent
    }

    /// Takes those that are held out of the queue, and opens their files while they
    /// are there.
    fn keep_held_open(&mut self, take: &mut Take<'_>) -> VecDeque<FileId> {
        if self.hold == Hold::None {
            return VecDeque::new();
        }
        let ready = std::mem::take(&mut self.ready);
        let (held, ready): (VecDeque<_>, VecDeque<_>) =
            ready.into_iter().partition(|id| self.hold.holds(*id));
        self.ready = ready;
        for id in &held {
            let is_closed =
                self.streams.get(*id).is_some_and(|s| s.content.is_none() && !s.is_packed);
            if is_closed && self.open_count < self.settings.files_open_max && self.is_live(*id) {
                self.make_open(*id, take);
            }
        }
        held
    }

    fn turn(
        &mut self,
        id: FileId,
        buffer: &mut [u8],
        now_nanos: u64,
        take: &mut Take<'_>,
    ) -> usize {
        if !self.is_live(id) || !self.make_open(id, take) {
            return 0;
        }
        let Some(mut content) = self.streams.get_mut(id).and_then(|s| s.content.take()) else {
            return 0;
        };
        let turn = match &mut content {
            Content::Plain(file) => self.read_plain(id, file, buffer, take),
            Content::Packed { reader, at } => self.read_packed(id, reader, at, buffer, take),
        };
        let Some(stream) = self.streams.get_mut(id) else { return 0 };
        stream.content = Some(content);
        match turn {
            Ok(Turn::Read(count)) => {
                stream.moved_nanos = now_nanos;
                self.wake(id);
                count
            }
            Ok(Turn::AtEnd) => {
                if stream.is_packed {
                    self.close(id);
                }
                0
            }
            Ok(Turn::Replaced) => {
                self.replaced(id);
                0
            }
            Err(error) => {
                let path = stream.path.clone();
                self.close(id);
                self.troubles.tell(&path, &error, take);
                0
            }
        }
    }

    /// Reads the next chunk. The beginning of the file is compared after that: so the
    /// chunk is of the same text, whatever happened meanwhile.
    fn read_plain(
        &mut self,
        id: FileId,
        file: &File,
        buffer: &mut [u8],
        take: &mut Take<'_>,
    ) -> io::Result<Turn> {
        let Some(stream) = self.streams.get_mut(id) else { return Ok(Turn::AtEnd) };
        let offset = stream.offset;
        let read = read_full_at(file, buffer, offset)?;
        let metadata = file.metadata()?;
        let seen = (metadata.len(), modified_nanos(&metadata));
        if seen.0 < offset + read as u64 {
            return Ok(Turn::Replaced);
        }
        if stream.verified != Some(seen) {
            if !stream.is_in(file)? {
                return Ok(Turn::Replaced);
            }
            stream.verified = Some(seen);
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        let bytes = match stream.is_text {
            true => without_padding(file, bytes, offset)?,
            false => bytes,
        };
        if bytes.is_empty() {
            return Ok(Turn::AtEnd);
        }
        if !self.grow(id, file, offset + bytes.len() as u64, take)? {
            return Ok(Turn::Replaced);
        }
        self.hand_on(id, bytes, take);
        Ok(Turn::Read(bytes.len()))
    }

    /// Takes more of the beginning into the identity, up to what is handed on. False
    /// when the beginning is another one now.
    fn grow(&mut self, id: FileId, file: &File, end: u64, take: &mut Take<'_>) -> io::Result<bool> {
        let Some(stream) = self.streams.get(id) else { return Ok(true) };
        let len = end.min(PREFIX_BYTES_MAX as u64) as usize;
        if len <= stream.identity.len as usize {
            return Ok(true);
        }
        let prefix = read_prefix(file, len)?;
        if prefix.len() < len || !stream.identity.begins(&prefix) {
            return Ok(false);
        }
        if prefix.first() != Some(&0) {
            let identity = Identity::of(&prefix);
            self.streams.set_identity(id, identity);
            take(Arrival::Grown { file: id, identity });
        }
        Ok(true)
    }

    /// Reads the next decompressed chunk; what was read before is read over.
    fn read_packed(
        &mut self,
        id: FileId,
        reader: &mut dyn Read,
        at: &mut u64,
        buffer: &mut [u8],
        take: &mut Take<'_>,
    ) -> io::Result<Turn> {
        let read = reader.read(buffer)?;
        if read == 0 {
            return Ok(Turn::AtEnd);
        }
        let offset = self.streams.get(id).map_or(u64::MAX, |stream| stream.offset);
        let known = offset.saturating_sub(*at).min(read as u64) as usize;
        *at += read as u64;
        match buffer.get(known..read) {
            Some(bytes) if !bytes.is_empty() => self.hand_on(id, bytes, take),
            _ => {}
        }
        Ok(Turn::Read(read))
    }

    fn hand_on(&mut self, id: FileId, bytes: &[u8], take: &mut Take<'_>) {
        if let Some(stream) = self.streams.get_mut(id) {
            let offset = stream.offset;
            stream.advance(bytes);
            stream.size_seen = stream.size_seen.max(stream.offset);
            take(Arrival::Bytes { file: id, offset, bytes });
        }
    }

    /// A survey will find out where the stream goes on, and what the file holds now.
    pub(super) fn replaced(&mut self, id: FileId) {
        if let Some(stream) = self.streams.get(id).filter(|stream| stream.is_present) {
            let key = (stream.place.device, stream.place.inode);
            self.hold(key, Holds::Unknown);
        }
        self.displace(id);
        self.survey_due_nanos = 0;
    }

    /// Whether a file that is about to end was written to after all.
    pub(super) fn has_late_bytes(&self, id: FileId) -> bool {
        let Some(stream) = self.streams.get(id) else { return false };
        match &stream.content {
            Some(Content::Plain(file)) => {
                let is_longer = file.metadata().is_ok_and(|data| data.len() > stream.offset);
                is_longer && (!stream.is_text || has_text_at(file, stream.offset))
            }
            _ => false,
        }
    }

    /// Opens a stream's file, unless it is open. False when that is not possible now.
    fn make_open(&mut self, id: FileId, take: &mut Take<'_>) -> bool {
        let Some(stream) = self.streams.get(id) else { return false };
        if stream.content.is_some() {
            return true;
        }
        if !stream.can_be_opened() {
            return false;
        }
        let (path, place, is_packed) = (stream.path.clone(), stream.place, stream.is_packed);
        self.make_room();
        let is_full = self.open_count >= self.settings.files_open_max.max(1);
        if is_packed && is_full && self.is_packed_open() {
            // Later: a compressed file that is closed must be read from its beginning.
            self.wake(id);
            return false;
        }
        match Content::open(&path) {
            Ok((content, found)) if found.is(place) => {
                self.troubles.end(&path);
                self.keep_open(id, content);
                return true;
            }
            Ok(_) => self.lose(id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.lose(id),
            Err(error) => self.troubles.tell(&path, &error, take),
        }
        false
    }

    fn is_packed_open(&self) -> bool {
        let is_packed = |id: &FileId| self.streams.get(*id).is_some_and(|s| s.is_packed);
        self.opened.iter().any(is_packed)
    }

    fn keep_open(&mut self, id: FileId, content: Content) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.content = Some(content);
            self.opened.push_back(id);
            self.open_count += 1;
        }
    }

    /// It is not where it was; a survey will find it.
    fn lose(&mut self, id: FileId) {
        self.streams.get_mut(id).into_iter().for_each(|stream| stream.is_stray = false);
        self.survey_soon();
    }

    /// Closes the files that were opened first until one more may be open. Deleted ones
    /// cannot be opened again, and compressed ones are read to their end: they stay.
    fn make_room(&mut self) {
        let mut tries = self.opened.len();
        while self.open_count >= self.settings.files_open_max.max(1) && tries > 0 {
            tries -= 1;
            let Some(id) = self.opened.pop_front() else { return };
            match self.streams.get(id) {
                Some(Stream { content: None, .. }) | None => {}
                Some(stream) if !stream.can_be_opened() || stream.is_packed => {
                    self.opened.push_back(id);
                }
                Some(_) => self.close(id),
            }
        }
    }

    pub(super) fn close(&mut self, id: FileId) {
        if let Some(stream) = self.streams.get_mut(id)
            && stream.content.take().is_some()
        {
            self.open_count -= 1;
            self.opened.retain(|other| *other != id);
        }
    }
}

/// NULs at the end of a text may be padding that is overwritten later; they are left
/// until something follows.
fn without_padding<'b>(file: &File, bytes: &'b [u8], offset: u64) -> io::Result<&'b [u8]> {
    let text = solid(bytes);
    let end = offset + bytes.len() as u64;
    let is_padding = text.is_empty() && !bytes.is_empty() && first_solid(file, end)?.is_none();
    Ok(if text.is_empty() && !is_padding { bytes } else { text })
}

fn has_text_at(file: &File, offset: u64) -> bool {
    first_solid(file, offset).is_ok_and(|found| found.is_some())
}

const _: () = assert!(PREFIX_BYTES_MAX <= u32::MAX as usize, "an identity's length is a u32");
