//! A flood of fresh keys while something slow is going on.

use super::project::project;
use super::{TestEvent, sort_by_time};
use crate::abi::Rows;
use crate::alert::Alert;
use crate::detector::{Detector, Runner};
use crate::event::RecordRef;
use crate::subscription::Subscription;

/// Rows of one batch.
const BATCH_KEYS: u64 = 1_000;

/// What a detector must come through: something slow begins, very many keys appear
/// once each, and it goes on. What is remembered must stay within the limit, and what
/// was in progress must be found.
pub struct Flood {
    /// JSON of the options with this `state_bytes_max`, and of `site`.
    pub config: fn(u32) -> String,
    /// The slow thing begins.
    pub before: Vec<TestEvent>,
    /// The rows of the key of a number; later numbers are not earlier in time.
    pub key: fn(u64) -> Vec<TestEvent>,
    /// It goes on.
    pub after: Vec<TestEvent>,
    /// Panics when what came of `after`, and of the end of the input, does not show
    /// that all of it was known.
    pub check: fn(&[Alert]),
}

impl Flood {
    /// The flood of so many keys in batches, after what begins before it.
    pub fn begin(
        &self,
        subscriptions: &[Subscription],
        keys: u64,
    ) -> impl Iterator<Item = Vec<Rows>> {
        let mut records: RecordRef = 0;
        let chunks = (0..keys.div_ceil(BATCH_KEYS)).map(move |chunk| {
            let numbers = chunk * BATCH_KEYS..keys.min((chunk + 1) * BATCH_KEYS);
            numbers.flat_map(self.key).collect()
        });
        std::iter::once(self.before.clone())
            .chain(chunks)
            .map(move |events| batch(subscriptions, events, &mut records))
    }

    /// What comes after it, as one batch.
    pub fn end(&self, subscriptions: &[Subscription]) -> Vec<Rows> {
        // Far behind all references of the flood.
        batch(subscriptions, self.after.clone(), &mut (1 << 39))
    }

    /// Runs the flood natively.
    pub fn run<D: Detector>(&self, state_bytes_max: u32, keys: u64) {
        let config = (self.config)(state_bytes_max);
        let (mut runner, subscriptions) =
            Runner::<D>::start(&config, None).expect("the detector starts");
        for batch in self.begin(&subscriptions, keys) {
            runner.process(&batch).expect("the batch is accepted");
        }
        let bytes = runner.snapshot().expect("a snapshot").len();
        assert!(bytes <= state_bytes_max as usize, "{}: {bytes} bytes", D::NAME);
        let mut alerts = runner.process(&self.end(&subscriptions)).expect("it is accepted");
        alerts.extend(runner.finish());
        (self.check)(&alerts);
    }
}

fn batch(
    subscriptions: &[Subscription],
    mut events: Vec<TestEvent>,
    records: &mut RecordRef,
) -> Vec<Rows> {
    sort_by_time(&mut events);
    project(
        subscriptions,
        events.iter().map(|event| {
            *records += 1;
            (*records, event)
        }),
    )
}
