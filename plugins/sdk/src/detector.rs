//! The trait an author implements, and the runner that drives it.
//!
//! The runner is the same natively and in a component: it merges the columnar
//! groups of a batch back into one ordered stream and fires every timer that is
//! due before it hands over a row. A timer sees its own deadline as the time, so
//! neither the size of batches nor the moments of `advance` can change a verdict.

use postcard::ser_flavors::Size;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abi::Rows;
use crate::alert::{Alert, Alerts};
use crate::event::{Event, ReadRow, RecordRef};
use crate::explain;
use crate::options::Options;
use crate::site::Site;
use crate::subscription::Subscription;
use crate::time::Timestamp;

/// A detector: rows in, alerts out.
pub trait Detector: Sized {
    /// Its name, in kebab-case.
    const NAME: &'static str;
    /// One sentence for `logwasp plugin list`.
    const SUMMARY: &'static str;
    /// Its options; see [`crate::options!`].
    type Config: Options;
    /// All that it remembers between rows. Snapshots hold exactly this.
    type State: Default + Serialize + DeserializeOwned;

    /// What it wants to see.
    fn subscriptions(config: &Self::Config, site: &Site) -> Vec<Subscription>;

    /// A detector that goes on from `state`. Refuse options that make no sense
    /// together; the text reaches the operator.
    fn new(config: Self::Config, site: Site, state: Self::State) -> Result<Self, String>;

    /// The next row. Read it with the detector's [`crate::rows!`].
    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts);

    /// The earliest moment at which [`Detector::timer`] wants to run.
    fn deadline(&self) -> Option<Timestamp> {
        None
    }

    /// Does what is due at `now`, which is the deadline. Afterwards
    /// [`Detector::deadline`] must be later, or `None`.
    fn timer(&mut self, now: Timestamp, alerts: &mut Alerts) {
        let _ = (now, alerts);
    }

    /// End of input: decide what is pending, write summaries. Nothing is closed
    /// merely because the input ended.
    fn finish(&mut self, alerts: &mut Alerts) {
        let _ = alerts;
    }

    /// What a snapshot holds.
    fn state(&self) -> &Self::State;
}

/// The first byte of a snapshot: its layout, ours to change.
const SNAPSHOT_VERSION: u8 = 2;

/// Drives one detector from the shapes of the contract.
pub struct Runner<D: Detector> {
    detector: D,
    /// What each subscription reads.
    reads: Vec<Reads>,
    alerts: Alerts,
    passage: Passage,
    /// The host wants to know why.
    is_asked: bool,
}

/// What a subscription reads.
#[derive(Debug, Clone, Copy)]
struct Reads {
    /// Which variant of the detector's rows.
    tag: u32,
    /// Each row is a record of its own. Rows about what was covered and about alerts
    /// borrow the reference of a record, or have none.
    are_records: bool,
}

/// How far the rows have come.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Passage {
    /// The newest time seen; nothing decides before it.
    now: Timestamp,
    /// Time and record of the newest row.
    newest: (Timestamp, RecordRef),
    /// The variants, as bits, that this record was read as.
    read_as: u64,
}

impl Passage {
    const BEGIN: Self = Self { now: Timestamp::MIN, newest: (Timestamp::MIN, 0), read_as: 0 };

    /// True when the row was handed over before: a record may come again when a
    /// source goes on after a crash, or satisfy two subscriptions of one variant.
    /// Rows come in the order of time, source and position, so that it stands next to
    /// itself.
    fn is_again(&mut self, event: &Event<'_>) -> bool {
        let row = (event.time(), event.record());
        if self.newest != row {
            (self.newest, self.read_as) = (row, 0);
        }
        let bit = 1_u64.checked_shl(event.tag()).unwrap_or(0);
        // A reference of 0 refers to nothing.
        let is_again = event.record() != 0 && self.read_as & bit != 0;
        self.read_as |= bit;
        is_again
    }
}

impl<D: Detector> Runner<D> {
    /// Starts a detector from the JSON of its configuration and, maybe, an
    /// earlier snapshot.
    pub fn start(
        config: &str,
        snapshot: Option<&[u8]>,
    ) -> Result<(Self, Vec<Subscription>), String> {
        let (config, site, is_asked) = read_config::<D::Config>(config)?;
        explain::set_asked(is_asked);
        let (passage, state) = match snapshot {
            Some(bytes) => read_snapshot(bytes)?,
            None => (Passage::BEGIN, D::State::default()),
        };
        let subscriptions = D::subscriptions(&config, &site);
        let reads = subscriptions.iter().map(|subscription| Reads {
            tag: subscription.tag,
            are_records: !["coverage", "alert"].contains(&subscription.kind()),
        });
        let reads = reads.collect();
        let detector = D::new(config, site, state)?;
        let runner = Self { detector, reads, alerts: Alerts::default(), passage, is_asked };
        Ok((runner, subscriptions))
    }

    /// Hands over the rows of one batch, in order.
    pub fn process(&mut self, batch: &[Rows]) -> Result<Vec<Alert>, String> {
        explain::set_asked(self.is_asked);
        let mut heads = vec![0_usize; batch.len()];
        while let Some((group, row)) = next_row(batch, &mut heads) {
            let rows = &batch[group];
            let reads = *self
                .reads
                .get(rows.subscription as usize)
                .ok_or_else(|| format!("no subscription {}", rows.subscription))?;
            let event = Event::new(rows, row, reads.tag);
            if !(reads.are_records && self.passage.is_again(&event)) {
                self.row(&event);
            }
        }
        Ok(self.alerts.take())
    }

    fn row(&mut self, event: &Event<'_>) {
        if !event.is_late() {
            self.fire_until(event.time());
            self.passage.now = self.passage.now.max(event.time());
        }
        self.alerts.set_now(self.passage.now);
        self.detector.event(event, &mut self.alerts);
    }

    /// Lets time pass: every timer due at or before `watermark` fires.
    pub fn advance(&mut self, watermark: Timestamp) -> Vec<Alert> {
        explain::set_asked(self.is_asked);
        self.fire_until(watermark);
        self.passage.now = self.passage.now.max(watermark);
        self.alerts.take()
    }

    /// End of input.
    pub fn finish(&mut self) -> Vec<Alert> {
        explain::set_asked(self.is_asked);
        self.alerts.set_now(self.passage.now);
        self.detector.finish(&mut self.alerts);
        self.alerts.take()
    }

    /// Everything needed to go on from here.
    pub fn snapshot(&self) -> Result<Vec<u8>, String> {
        let whole = (self.passage, self.detector.state());
        // A vector that grows needs up to thrice its size, and a guest's memory is
        // small: it is measured first.
        let size = postcard::serialize_with_flavor(&whole, Size::default());
        let size = size.map_err(|error| error.to_string())?;
        let mut bytes = Vec::with_capacity(1 + size);
        bytes.push(SNAPSHOT_VERSION);
        postcard::to_extend(&whole, bytes).map_err(|error| error.to_string())
    }

    fn fire_until(&mut self, until: Timestamp) {
        while let Some(due) = self.detector.deadline().filter(|&due| due <= until) {
            self.passage.now = self.passage.now.max(due);
            self.alerts.set_now(self.passage.now);
            self.detector.timer(due, &mut self.alerts);
            let next = self.detector.deadline();
            assert!(next.is_none_or(|next| next > due), "a timer must move its deadline on");
        }
    }
}

/// The group and row that come next in the batch's order.
///
/// Groups are few (one per subscription with rows), so a linear look at their
/// heads beats a heap.
fn next_row(batch: &[Rows], heads: &mut [usize]) -> Option<(usize, usize)> {
    let (group, row, _) = heads
        .iter()
        .enumerate()
        .filter_map(|(group, &row)| Some((group, row, *batch[group].order.get(row)?)))
        .min_by_key(|&(group, _, order)| (order, group))?;
    heads[group] = row + 1;
    Some((group, row))
}

/// Splits `site` and the host's question from the options; reads all of them.
fn read_config<C: Options>(json: &str) -> Result<(C, Site, bool), String> {
    let mut config: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|error| format!("config is not an object: {error}"))?;
    let site = match config.remove("site") {
        Some(site) => Site::from_json(site)?,
        None => Site::default(),
    };
    let is_asked = explain::take_question(&mut config);
    let config = serde_json::from_value(serde_json::Value::Object(config))
        .map_err(|error| error.to_string())?;
    Ok((config, site, is_asked))
}

fn read_snapshot<S: DeserializeOwned>(bytes: &[u8]) -> Result<(Passage, S), String> {
    let unreadable = |why: &str| format!("the snapshot cannot be read: {why}");
    let Some((&SNAPSHOT_VERSION, rest)) = bytes.split_first() else {
        return Err(unreadable("another version of the detector wrote it"));
    };
    postcard::from_bytes(rest).map_err(|error| unreadable(&error.to_string()))
}

/// Reads an event as one of the detector's rows.
pub fn read_row<'a, R: ReadRow<'a>>(event: &Event<'a>) -> Option<R> {
    R::read(event)
}
