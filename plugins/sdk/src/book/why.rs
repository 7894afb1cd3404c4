//! What a book tells of its decisions when somebody asks.

use super::entry::Entry;
use super::{Story, Verdict};
use crate::explain::explain;
use crate::time::{Timestamp, format_timestamp};

/// A hit was counted, and this is what the hits so far amount to.
pub(super) fn verdict<S: Story>(
    key: &str,
    entry: &Entry<S>,
    verdict: Verdict,
    now: Timestamp,
    config: &S::Config,
) {
    if !crate::explain::is_asked() {
        return;
    }
    let (rule, counted) = entry.story.measure(config);
    explain(&rule, key, || match verdict {
        _ if entry.incident.is_some() => format!("{counted}, the incident is open"),
        Verdict::Silent => format!("{counted}, silent"),
        Verdict::Pending(at, _) if at > now => {
            format!("{counted}, decided at {} unless more comes", format_timestamp(at))
        }
        Verdict::Pending(..) | Verdict::Alert(_) => format!("{counted}, enough"),
    });
}

/// A hit came behind its time.
pub(super) fn late<S>(key: &str, entry: &Entry<S>) {
    explain("", key, || match &entry.incident {
        Some(_) => "a late record, added to the open incident".to_owned(),
        None => "a late record, not counted".to_owned(),
    });
}

/// It is enough, but the incident before is too fresh.
pub(super) fn resting(key: &str, until: Timestamp) {
    explain("", key, || {
        format!("enough, held back until {} by `cooldown`", format_timestamp(until))
    });
}

/// The trouble is over.
pub(super) fn recovered<S>(key: &str, entry: &Entry<S>) {
    explain("", key, || match (&entry.incident, entry.pending) {
        (Some(_), _) => "it works again: the incident is over".to_owned(),
        (None, Some(_)) => "it works again: what was pending is decided".to_owned(),
        (None, None) => "it works again before it was enough, silent".to_owned(),
    });
}
