//! What the detector says of the lines that it has seen.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::watch::Watch;

/// Its last account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) rows: u64,
    pub(crate) repeats: u64,
    pub(crate) late: u64,
    pub(crate) ranges: String,
}

/// The last account among delivered alerts.
pub(crate) fn last(alerts: &Path) -> Option<Account> {
    let text = fs::read_to_string(alerts).ok()?;
    let line = text.lines().rfind(|line| line.contains("\"sequence.S1\""))?;
    let alert: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| alert["attributes"][name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| text(name).parse().unwrap_or(0);
    Some(Account {
        rows: number("rows"),
        repeats: number("repeats"),
        late: number("late"),
        ranges: text("ranges"),
    })
}

/// Waits until so many lines came; `mark` writes a line that asks for the account.
pub(crate) fn wait_for(
    alerts: &Path,
    lines: u64,
    timeout: Duration,
    mut mark: impl FnMut() -> Result<()>,
) -> Result<Account> {
    let start = Watch::start();
    loop {
        mark()?;
        std::thread::sleep(Duration::from_secs(2));
        if let Some(account) = last(alerts).filter(|account| account.rows >= lines) {
            return Ok(account);
        }
        let seen = last(alerts);
        ensure!(start.elapsed() < timeout, "of {lines} lines came {seen:?}");
    }
}

/// Fails unless each of so many lines came once.
pub(crate) fn ensure_whole(account: &Account, lines: u64) -> Result<()> {
    let last = lines.checked_sub(1).context("no lines")?;
    let is_whole = account.rows == lines && account.repeats == 0;
    ensure!(is_whole && account.ranges == format!("0-{last}"), "{account:?}");
    Ok(())
}
