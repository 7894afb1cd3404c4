//! What holds for every file, be it whole or not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::round_trip::{spec, write};
use super::*;
use crate::interest::{ConditionSpec, Subscription, SubscriptionSpec};

fn subscription(field: &str, op: &str, values: &[&str]) -> Subscription {
    let condition = ConditionSpec {
        field: field.to_owned(),
        op: op.to_owned(),
        values: values.iter().map(|&value| value.to_owned()).collect(),
        ignore_case: false,
        negate: false,
    };
    Subscription::compile(&SubscriptionSpec {
        kind: Kind::WindowsEvent.name().to_owned(),
        all_of: vec![condition],
        columns: vec!["@host".to_owned()],
    })
    .unwrap()
}

fn interest(asks_for_all: bool) -> Interest {
    let mut subscriptions = vec![
        subscription("@event_id", "any-of", &["4740", "4625"]),
        subscription("@event_id", "equals", &["1000"]),
    ];
    if asks_for_all {
        subscriptions.push(subscription("Level", "equals", &["2"]));
    }
    Interest::new(subscriptions)
}

/// Reads a file in pieces of these sizes, round and round.
fn read_in_pieces(file: &[u8], plan: &Plan, sizes: &[usize]) -> (Seen, Ledger) {
    let mut reader = reader(plan);
    let mut recorder = Recorder { plan, seen: Seen::default() };
    let (mut start, mut end) = (0, 0);
    for size in sizes.iter().cycle() {
        let at_end = end == file.len();
        end = end.saturating_add(*size).min(file.len());
        start += reader.feed(&file[start..end], at_end, &mut recorder);
        if at_end {
            break;
        }
    }
    assert_eq!(start, file.len(), "everything is consumed at the end");
    (recorder.seen, reader.ledger())
}

/// Checks all laws on a file.
pub(super) fn check(file: &[u8], sizes: &[usize], asks_for_all: bool) -> Result<(), TestCaseError> {
    let (full, full_ledger) = read(file, &Plan::new(interest(asks_for_all), false));
    let (scan, scan_ledger) = read(file, &Plan::new(interest(asks_for_all), true));
    prop_assert_eq!(&full.matched, &scan.matched);
    prop_assert_eq!(&full.probes, &scan.probes);
    prop_assert!(scan.events.iter().all(|event| full.events.contains(event)));
    prop_assert!(scan.damaged.iter().all(|damage| full.damaged.contains(damage)));
    prop_assert_eq!(full_ledger.bytes_skipped, 0);
    prop_assert_eq!(full_ledger.bytes_in, file.len() as u64);
    prop_assert_eq!(scan_ledger.bytes_in, file.len() as u64);
    prop_assert_eq!(full_ledger.events_matched, scan_ledger.events_matched);
    for prefilter in [false, true] {
        let plan = Plan::new(interest(asks_for_all), prefilter);
        let (whole, parts) = (read(file, &plan), read_in_pieces(file, &plan, sizes));
        prop_assert_eq!(whole, parts);
    }
    Ok(())
}

/// A change to a file.
#[derive(Debug, Clone)]
enum Change {
    /// A byte has this value.
    Byte(Index, u8),
    /// So many bytes are zero.
    Zeros(Index, usize),
    /// So many bytes are missing.
    Gap(Index, usize),
    /// The file ends here.
    End(Index),
    /// Bytes from elsewhere in the file.
    Copy(Index, Index, usize),
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        if file.is_empty() {
            return;
        }
        let length = file.len();
        let range = |at: &Index, bytes: usize| {
            let start = at.index(length);
            start..(start + bytes).min(length)
        };
        match self {
            Self::Byte(at, byte) => file[at.index(length)] = *byte,
            Self::Zeros(at, bytes) => file[range(at, *bytes)].fill(0),
            Self::Gap(at, bytes) => drop(file.drain(range(at, *bytes))),
            Self::End(at) => file.truncate(at.index(length)),
            Self::Copy(from, to, bytes) => {
                let from = range(from, *bytes);
                let to = to.index(length - from.len() + 1);
                file.copy_within(from, to);
            }
        }
    }
}

fn change() -> BoxedStrategy<Change> {
    prop_oneof![
        8 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (any::<Index>(), 1_usize..600).prop_map(|(at, bytes)| Change::Zeros(at, bytes)),
        1 => (any::<Index>(), 1_usize..600).prop_map(|(at, bytes)| Change::Gap(at, bytes)),
        1 => any::<Index>().prop_map(Change::End),
        2 => (any::<Index>(), any::<Index>(), 1_usize..300)
            .prop_map(|(from, to, bytes)| Change::Copy(from, to, bytes)),
    ]
    .boxed()
}

/// A file without its free space, so that a change hits something.
fn dense(file: &[u8]) -> Vec<u8> {
    let chunk = file.get(header::FILE_HEADER_BYTES..).unwrap_or_default();
    let free_space = chunk.get(48..52).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap()));
    let end = header::FILE_HEADER_BYTES + free_space.unwrap_or(0) as usize;
    file[..end.min(file.len())].to_vec()
}

proptest! {
    /// Scenario: files of several chunks, cut into pieces of any sizes.
    /// Guarantees: law 1 - the same events, probes, damage and accounts; law 2 - the
    /// prefilter takes away no match and no probe; law 7 - every byte is accounted for.
    #[test]
    fn the_laws_hold(
        specs in vec(spec(), 0..24),
        sizes in vec(1_usize..100_000, 1..6),
        asks_for_all in any::<bool>(),
    ) {
        check(&write(&specs).0, &sizes, asks_for_all)?;
    }

    /// Scenario: the same with bytes changed, zeroed, moved and missing.
    /// Guarantees: no panic, and the laws hold all the same.
    #[test]
    fn the_laws_hold_for_damaged_files(
        specs in vec(spec(), 1..12),
        changes in vec(change(), 1..12),
        sizes in vec(1_usize..100_000, 1..4),
    ) {
        let mut file = write(&specs).0;
        for change in &changes {
            change.apply(&mut file);
        }
        check(&file, &sizes, false)?;
    }

    /// Scenario: one chunk, in which nearly every byte means something, with bytes
    /// changed.
    /// Guarantees: no panic; programs and the general way still agree.
    #[test]
    fn damaged_records_are_read_alike(specs in vec(spec(), 1..5), changes in vec(change(), 1..9)) {
        let mut file = dense(&write(&specs).0);
        for change in &changes {
            change.apply(&mut file);
        }
        prop_assert_eq!(decoded(&file, false), decoded(&file, true));
        check(&file, &[usize::MAX], true)?;
    }

    /// Scenario: any bytes, alone and behind the headers of a file and a chunk.
    /// Guarantees: no panic, and the laws hold.
    #[test]
    fn any_bytes_can_be_read(bytes in vec(any::<u8>(), 0..3_000), is_chunk in any::<bool>()) {
        let mut file = Vec::new();
        if is_chunk {
            file = write(&[]).0;
            let mut chunk = vec![0; header::CHUNK_HEADER_BYTES];
            chunk[..8].copy_from_slice(header::CHUNK_MAGIC);
            file.extend(chunk);
            file.extend(b"**\0\0");
            file.extend((bytes.len() as u32 + 28).to_le_bytes());
            file.extend([0; 16]);
        }
        file.extend(&bytes);
        file.extend((bytes.len() as u32 + 28).to_le_bytes());
        check(&file, &[usize::MAX], false)?;
    }
}
