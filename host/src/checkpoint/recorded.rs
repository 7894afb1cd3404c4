//! Which alerts were taken already.
//!
//! The journal is fed to detectors again after a crash, a fault or a swap, and they
//! raise the same alerts again. An alert's record may go when its detector's state
//! has seen everything that raised it: then nothing can raise it again.

use std::collections::BTreeSet;

use redb::{ReadableTable, WriteTransaction};

use super::store::NewAlert;
use super::tables::RECORDED;

/// Records alerts; gives back the places of those that were not recorded yet. All were
/// raised by rows below `journal_next`.
pub(super) fn first_time(
    txn: &WriteTransaction,
    alerts: &[NewAlert],
    journal_next: u64,
) -> Result<Vec<usize>, redb::Error> {
    let mut recorded = txn.open_table(RECORDED)?;
    let mut new = Vec::with_capacity(alerts.len());
    for (place, alert) in alerts.iter().enumerate() {
        let key = (alert.detector.as_str(), alert.id.as_str(), alert.revision);
        if recorded.get(key)?.is_none() {
            recorded.insert(key, journal_next)?;
            new.push(place);
        }
    }
    Ok(new)
}

/// Forgets the alerts of a detector whose rows its state has behind it.
pub(super) fn forget_covered(
    txn: &WriteTransaction,
    detector: &str,
    journal_seq: u64,
) -> Result<(), redb::Error> {
    let mut recorded = txn.open_table(RECORDED)?;
    // The name that sorts right behind this one.
    let after = format!("{detector}\0");
    let own = (detector, "", 0)..(after.as_str(), "", 0);
    recorded.retain_in(own, |_, behind| behind > journal_seq)?;
    Ok(())
}

/// Forgets the alerts of all detectors but these.
pub(super) fn keep_detectors(txn: &WriteTransaction, names: &[&str]) -> Result<(), redb::Error> {
    let names: BTreeSet<&str> = names.iter().copied().collect();
    txn.open_table(RECORDED)?.retain(|(name, _, _), _| names.contains(name))?;
    Ok(())
}
