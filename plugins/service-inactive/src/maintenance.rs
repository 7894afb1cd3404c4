//! Which servers an administrator took out of service.

use std::collections::BTreeMap;

use logwasp_sdk::identity;
use logwasp_sdk::text::{clean, fold, shorten};
use logwasp_sdk::{Duration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::rows::{Command, SET_STATE};

/// The newest change of each server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Maintenance {
    changes: BTreeMap<String, Change>,
}

/// What the command said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) at: Timestamp,
    pub(crate) component: String,
    pub(crate) state: String,
    pub(crate) requester: String,
    pub(crate) by: String,
    /// Since when the whole server is in maintenance.
    planned_since: Option<Timestamp>,
}

/// More servers than any organisation has.
const SERVERS_MAX: usize = 2_000;

impl Maintenance {
    /// Takes a command in.
    pub(crate) fn note(&mut self, at: Timestamp, row: &Command<'_>) {
        let Some((host, change)) = read(at, row) else { return };
        let before = self.changes.get(&host);
        if before.is_some_and(|before| before.at > at)
            || (before.is_none() && self.changes.len() >= SERVERS_MAX)
        {
            return;
        }
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        let of_maintenance =
            is(&change.component, "ServerWideOffline") && is(&change.requester, "Maintenance");
        let planned_since = if of_maintenance {
            is(&change.state, "Inactive").then_some(at)
        } else {
            before.and_then(|before| before.planned_since)
        };
        self.changes.insert(host, Change { planned_since, ..change });
    }

    /// The newest change of `host` within `window` before `at`.
    pub(crate) fn change(&self, host: &str, at: Timestamp, window: Duration) -> Option<&Change> {
        self.changes.get(host).filter(|change| is_within(change.at, at, window))
    }
}

impl Change {
    /// True when the server is in planned maintenance at `at`.
    pub(crate) fn is_planned(&self, at: Timestamp, window: Duration) -> bool {
        self.planned_since.is_some_and(|since| is_within(since, at, window))
    }
}

fn is_within(since: Timestamp, at: Timestamp, window: Duration) -> bool {
    (0..=window.nanos()).contains(&at.saturating_sub(since))
}

/// Server and change of a command that succeeded.
fn read(at: Timestamp, row: &Command<'_>) -> Option<(String, Change)> {
    if row.event_id != Some("1") {
        return None;
    }
    let text = [row.data, row.message].into_iter().flatten().find(|t| t.contains(SET_STATE))?;
    let text = fold(shorten(text, 8 * 1024)).replace('\u{1f}', " ");
    let (_, parameters) = text.split_once(SET_STATE)?;
    let value = |name| clean(parameter(parameters, name).unwrap_or("?"), 60);
    let host = parameter(parameters, "-Identity")
        .or_else(|| parameters.split_whitespace().next().filter(|word| !word.starts_with('-')))
        .or(row.host)
        .and_then(|host| identity::host(host.trim_matches(['"', '\''])))?;
    let change = Change {
        at,
        component: value("-Component"),
        state: value("-State"),
        requester: value("-Requester"),
        by: row.by.and_then(identity::meaningful).map(|by| clean(by, 120)).unwrap_or_default(),
        planned_since: None,
    };
    Some((host, change))
}

/// The value of `-Name value`, `-Name "value"`, `-Name 'value'` or `-Name:value`.
fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lower = text.to_ascii_lowercase();
    let at = lower.find(&name.to_ascii_lowercase())?;
    let rest = text.get(at + name.len()..)?.trim_start_matches([' ', ':']);
    match rest.chars().next()? {
        quote @ ('"' | '\'') => rest.split(quote).nth(1),
        _ => rest.split([' ', '"']).next(),
    }
    .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_sdk::time::{HOUR, MINUTE};

    fn note(maintenance: &mut Maintenance, at: Timestamp, id: &str, data: &str) {
        let row = Command {
            event_id: Some(id),
            host: Some("ADMIN01.contoso.com"),
            data: Some(data),
            by: Some("contoso.com/Users/admin1"),
            message: None,
        };
        maintenance.note(at, &row);
    }

    /// Scenario: into maintenance, another component, back; quotes and order vary; a
    /// command that failed; the edge of the window.
    /// Guarantees: planned exactly while the server is in maintenance.
    #[test]
    fn maintenance_is_known() {
        let window = Duration::hours(4);
        let mut all = Maintenance::default();
        let is_planned = |all: &Maintenance, at| {
            all.change("exch01", at, window).is_some_and(|change| change.is_planned(at, window))
        };
        note(
            &mut all,
            0,
            "6",
            "Set-ServerComponentState\u{1f}-Identity EXCH01 -Component \
            ServerWideOffline -State Inactive -Requester Maintenance",
        );
        assert!(!is_planned(&all, 0));
        note(
            &mut all,
            0,
            "1",
            "Set-ServerComponentState\u{1f}-State \"Inactive\" -Identity \
            \"EXCH01.contoso.com\" -Requester 'Maintenance' -Component:ServerWideOffline",
        );
        assert!(is_planned(&all, 4 * HOUR) && !is_planned(&all, 4 * HOUR + 1));
        assert!(!is_planned(&all, -1));
        note(
            &mut all,
            MINUTE,
            "1",
            "Set-ServerComponentState\u{1f}EXCH01 -Component HubTransport \
            -State Draining -Requester Maintenance",
        );
        assert!(is_planned(&all, HOUR));
        assert_eq!(all.change("exch01", HOUR, window).map(|c| c.state.as_str()), Some("Draining"));
        note(
            &mut all,
            2 * MINUTE,
            "1",
            "Set-ServerComponentState\u{1f}-Identity \"EXCH01\" \
            -Component \"ServerWideOffline\" -State \"Active\" -Requester \"Maintenance\"",
        );
        assert!(!is_planned(&all, HOUR));
        assert_eq!(all.change("exch02", HOUR, window), None);
    }
}
