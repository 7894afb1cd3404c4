//! One way of feeding rows to a detector: where batches end, where it is restarted.

use std::collections::BTreeSet;

use super::project::project;
use super::{TestEvent, newest};
use crate::alert::Alert;
use crate::detector::{Detector, Runner};
use crate::event::RecordRef;
use crate::time::Timestamp;

/// Rows in the order in which they are handed over, and how.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Each row with the reference of its record.
    pub rows: Vec<(RecordRef, TestEvent)>,
    /// Places before which a batch ends.
    pub cuts: BTreeSet<usize>,
    /// Places before which the detector goes on from a snapshot of itself; batches
    /// end there, too.
    pub restarts: BTreeSet<usize>,
    /// Time goes on to just before each batch.
    pub advances: bool,
    /// Time goes on to this after the last row.
    pub watermark: Option<Timestamp>,
}

impl Feed {
    /// All rows in one batch; then time goes on to the newest of them.
    pub fn new(events: Vec<TestEvent>) -> Self {
        let watermark = newest(&events);
        Self {
            rows: (1..).zip(events).collect(),
            cuts: BTreeSet::new(),
            restarts: BTreeSet::new(),
            advances: false,
            watermark,
        }
    }

    /// Feeds everything to a detector with `config`, the JSON of its options and
    /// `site`, and ends the input.
    pub fn run<D: Detector>(&self, config: &str) -> Vec<Alert> {
        let (mut runner, subscriptions) =
            Runner::<D>::start(config, None).expect("the detector starts");
        let mut alerts = Vec::new();
        for (place, rows) in self.batches() {
            if self.restarts.contains(&place) {
                let snapshot = runner.snapshot().expect("a snapshot");
                runner = Runner::start(config, Some(&snapshot)).expect("it starts again").0;
            }
            if let Some((_, first)) = rows.first().filter(|(_, first)| self.advances && !first.late)
            {
                alerts.extend(runner.advance(first.time - 1));
            }
            let batch =
                project(&subscriptions, rows.iter().map(|(record, event)| (*record, event)));
            alerts.extend(runner.process(&batch).expect("the batch is accepted"));
        }
        // Without it, an unmatched last event would move time in one way only.
        if let Some(watermark) = self.watermark {
            alerts.extend(runner.advance(watermark));
        }
        alerts.extend(runner.finish());
        alerts
    }

    /// The batches, each with the place of its first row.
    fn batches(&self) -> impl Iterator<Item = (usize, &[(RecordRef, TestEvent)])> {
        let inner = self.cuts.union(&self.restarts).copied();
        let ends = inner.filter(|place| (1..self.rows.len()).contains(place));
        let mut begin = 0;
        ends.chain([self.rows.len()]).filter_map(move |end| {
            let batch = (begin, self.rows.get(begin..end)?);
            begin = end;
            Some(batch)
        })
    }
}
