//! The account of one group: what was compared, and what was not and why.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// Differences of one group that are shown.
const DIFFERENCES_SHOWN_MAX: usize = 40;

/// The account of one group.
#[derive(Debug)]
pub(crate) struct Report {
    group: &'static str,
    files: u64,
    compared: u64,
    equal: u64,
    skipped: BTreeMap<&'static str, u64>,
    differences: Vec<String>,
}

impl Report {
    pub(crate) fn new(group: &'static str) -> Self {
        let skipped = BTreeMap::new();
        Self { group, files: 0, compared: 0, equal: 0, skipped, differences: Vec::new() }
    }

    /// One more file was looked at.
    pub(crate) fn file(&mut self) {
        self.files += 1;
    }

    /// Compares one value; `place` says which.
    pub(crate) fn compare(
        &mut self,
        place: impl FnOnce() -> String,
        ours: Option<&str>,
        theirs: Option<&str>,
    ) {
        self.compared += 1;
        if ours == theirs {
            self.equal += 1;
        } else if self.differences.len() < DIFFERENCES_SHOWN_MAX {
            self.differences.push(format!("{}: ours {ours:?}, theirs {theirs:?}", place()));
        }
    }

    /// A value that is not compared, and why.
    pub(crate) fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Prints the account and asserts the shares: of what was compared, at least
    /// `equal_percent_min` is equal; of everything, at most 5 % was skipped.
    pub(crate) fn conclude(&self, equal_percent_min: f64) {
        println!("{self}");
        assert!(self.compared > 0, "{}: nothing was compared", self.group);
        let equal = percent(self.equal, self.compared);
        assert!(equal >= equal_percent_min, "{equal:.2} % equal, wanted {equal_percent_min} %");
        let skipped: u64 = self.skipped.values().sum();
        let skipped = percent(skipped, skipped + self.compared);
        assert!(skipped <= 5.0, "{skipped:.2} % skipped, at most 5 % may be");
    }
}

impl Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, files, compared, equal, .. } = self;
        let percent = percent(*equal, *compared);
        write!(
            out,
            "{group}: {files} files, {compared} fields compared, {equal} equal ({percent:.2} %)"
        )?;
        for (reason, count) in &self.skipped {
            write!(out, "\n    {count} skipped: {reason}")?;
        }
        for difference in &self.differences {
            write!(out, "\n    {difference}")?;
        }
        Ok(())
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}
