//! A disk whose power can be cut before any of its operations.
//!
//! As a real one it keeps what was synced, and of everything since then any part in
//! any order: whole writes, or some of their sectors. It can also be full.

use std::io;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

pub(crate) use super::store::guard;

/// What a disk writes as a whole.
const SECTOR_BYTES: usize = 512;

/// What survives of the writes that were not synced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Survivors {
    Nothing,
    Everything,
    /// Each sector by the toss of a seeded coin.
    Some(u64),
}

/// A disk. Its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    durable: Vec<u8>,
    current: Vec<u8>,
    unsynced: Vec<Change>,
    operations: u64,
    /// The operation before which the power goes.
    cut_at: Option<u64>,
    /// The operation from which on it takes no writes.
    full_at: Option<u64>,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Disk {
    /// A disk with something on it.
    pub(crate) fn with_contents(durable: Vec<u8>) -> Self {
        let current = durable.clone();
        let state = State { durable, current, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Cuts the power before an operation, counted from 0.
    pub(crate) fn cut_at(self, operation: u64) -> Self {
        guard(&self.state).cut_at = Some(operation);
        self
    }

    /// Cuts the power before the operation that comes after so many.
    pub(crate) fn cut_in(&self, operations: u64) {
        let mut state = guard(&self.state);
        state.cut_at = Some(state.operations + operations);
    }

    /// Is full after so many operations.
    pub(crate) fn full_in(&self, operations: u64) {
        let mut state = guard(&self.state);
        state.full_at = Some(state.operations + operations);
    }

    /// Whether it is full, or the power gone.
    pub(crate) fn is_broken(&self) -> bool {
        let state = guard(&self.state);
        let is_over = |end: Option<u64>| end.is_some_and(|end| state.operations >= end);
        is_over(state.cut_at) || is_over(state.full_at)
    }

    /// Whatever was to go wrong does not.
    pub(crate) fn mend(&self) {
        let mut state = guard(&self.state);
        (state.cut_at, state.full_at) = (None, None);
    }

    /// Operations that changed or synced something so far.
    pub(crate) fn operations(&self) -> u64 {
        guard(&self.state).operations
    }

    /// What is there when the power comes back.
    pub(crate) fn after_the_cut(&self, survivors: Survivors) -> Vec<u8> {
        let state = guard(&self.state);
        let mut image = state.durable.clone();
        let mut coin = Coin(match survivors {
            Survivors::Some(seed) => seed,
            Survivors::Nothing | Survivors::Everything => 0,
        });
        for change in &state.unsynced {
            let mut survives = || match survivors {
                Survivors::Nothing => false,
                Survivors::Everything => true,
                Survivors::Some(_) => coin.toss(),
            };
            match change {
                Change::SetLen(len) if survives() => image.resize(*len, 0),
                Change::SetLen(_) => {}
                Change::Write(offset, bytes) => {
                    for (index, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
                        if survives() {
                            put(&mut image, offset + index * SECTOR_BYTES, sector);
                        }
                    }
                }
            }
        }
        image
    }
}

impl State {
    /// Counts an operation; an error when the power is gone.
    fn step(&mut self) -> io::Result<()> {
        if self.cut_at.is_some_and(|cut| self.operations >= cut) {
            return Err(io::Error::other("the power is gone"));
        }
        self.operations += 1;
        Ok(())
    }

    /// The same for one that needs room.
    fn step_with_room(&mut self) -> io::Result<()> {
        if self.full_at.is_some_and(|full| self.operations >= full) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.step()
    }
}

/// A file grows by a write behind its end.
fn put(image: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(bytes);
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(guard(&self.state).current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = guard(&self.state);
        let offset = offset as usize;
        let found = state.current.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = guard(&self.state);
        state.step_with_room()?;
        state.current.resize(len as usize, 0);
        state.unsynced.push(Change::SetLen(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = guard(&self.state);
        state.step()?;
        let State { durable, unsynced, .. } = &mut *state;
        for change in unsynced.drain(..) {
            match change {
                Change::SetLen(len) => durable.resize(len, 0),
                Change::Write(offset, bytes) => put(durable, offset, &bytes),
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = guard(&self.state);
        state.step_with_room()?;
        put(&mut state.current, offset as usize, data);
        state.unsynced.push(Change::Write(offset as usize, data.to_vec()));
        Ok(())
    }
}

/// SplitMix64: enough to toss coins.
#[derive(Debug)]
pub(crate) struct Coin(pub(crate) u64);

impl Coin {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn toss(&mut self) -> bool {
        self.next() & 1 == 1
    }
}
