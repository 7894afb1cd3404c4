//! Whether two lives came to the same end.

use std::collections::BTreeMap;

use logwasp_core::time::DAY;

use super::life::Ended;
use super::world::World;
use crate::alert::{Identified, SavedIncidents};
use crate::checkpoint::Store;
use crate::service::engine::Engine;
use crate::service::entry::Entry;
use crate::service::machine::HOST;
use crate::service::source_record::{Known, SourceRecord};

/// The detector that is now there and now not.
const FICKLE: &str = "schannel";

/// What is left in the service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct State {
    /// Open incidents of each detector.
    incidents: BTreeMap<String, SavedIncidents>,
    /// What detectors would say if the input ended a day later. Their states
    /// themselves also hold what they weigh, which depends on when they were kept.
    last_words: BTreeMap<(String, u64), String>,
    /// What the service itself has open.
    host: Vec<String>,
    /// Of each text: how far it was read, and its beginning.
    positions: Vec<(u64, u64)>,
}

impl State {
    pub(super) fn of(engine: &mut Engine<'_>, store: &Store) -> Self {
        let sequence = engine.next_sequence;
        let blob = engine.machine.snapshot(sequence).expect("nobody fails any more");
        let detectors = blob.detectors.into_iter().filter(|saved| saved.name != FICKLE);
        let later = engine.machine.watermark().map(|watermark| watermark + DAY);
        let mut told = Vec::new();
        engine.machine.apply(sequence, Entry::Finish(later), &mut told);
        let word = |told: Identified| ((told.id, told.revision), told.alert.description);
        Self {
            incidents: detectors.map(|saved| (saved.name, saved.incidents)).collect(),
            last_words: told.into_iter().map(word).collect(),
            host: blob.host.keys().map(str::to_owned).collect(),
            positions: positions(store),
        }
    }
}

impl State {
    /// All that was read of all texts.
    pub(super) fn bytes(&self) -> u64 {
        self.positions.iter().map(|(offset, _)| offset).sum()
    }
}

/// The end of a last line may be taken with the next one.
fn positions(store: &Store) -> Vec<(u64, u64)> {
    let known = known(store);
    let lines = |record: &SourceRecord| {
        let position = record.position();
        (position.offset.next_multiple_of(2), position.identity.hash)
    };
    let mut positions: Vec<_> = known.records.values().map(lines).collect();
    positions.sort_unstable();
    positions
}

fn known(store: &Store) -> Known {
    Known::read(&store.recover().expect("it is read").positions)
}

/// Whether all that stands in logs under their own names is known to have been read.
pub(super) fn is_settled(store: &Store, world: &World) -> bool {
    let known = known(store);
    world.log_paths().into_iter().all(|path| {
        let bytes = path.metadata().map_or(0, |log| log.len());
        bytes == 0 || known.records.values().any(|r| r.path() == path && r.offset + 1 >= bytes)
    })
}

/// The life with mishaps ended like the one without.
pub(super) fn compare(expected: &Ended, found: &Ended, name: &str) {
    assert_eq!(found.state.positions, expected.state.positions, "{name}: positions");
    let (expected_said, _) = said(expected);
    let (found_said, found_host) = said(found);
    for (key, alert) in &expected_said {
        let other = found_said.get(key);
        assert!(other.is_some(), "{name}: lost: {key:?} {alert}");
        assert_eq!(other, Some(alert), "{name}: changed");
    }
    for (key, alert) in &found_said {
        assert!(expected_said.contains_key(key), "{name}: too many: {key:?} {alert}");
    }
    // What the service says itself depends on when it looked; but nothing is left out.
    for ((id, revision), alert) in found_host {
        let before = (id.clone(), revision - 1);
        assert!(*revision == 1 || found.got.contains_key(&before), "{name}: lost: {before:?}");
        let activity = if *revision == 1 { "create" } else { "close" };
        assert_eq!(alert["activity"], activity, "{name}: told anew: {alert}");
    }
    assert_eq!(found.late, 0, "{name}: rows came late");
    assert_eq!(found.state, expected.state, "{name}: what is left");
}

type Said<'e> = BTreeMap<&'e (String, u64), &'e serde_json::Value>;

/// What detectors said, and what the service said.
fn said(ended: &Ended) -> (Said<'_>, Said<'_>) {
    ended.got.iter().partition(|(_, alert)| alert["detector"] != HOST)
}
