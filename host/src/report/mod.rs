//! The report: one HTML file that holds all of an outcome and needs nothing else.
//!
//! [`Report::save`] writes it. `cases` brings the alerts into their order, `timeline`
//! draws them (with `ticks` and `shape`), `story` tells each (with `evidence`, whose
//! records `excerpt` reads again, those of EVTX files through `decoded`), `account`
//! says what was read, `rest` counts what is not told, `page` puts it together under the `policy`, `draft` makes the file
//! appear whole. All that comes from logs and guests goes through `html`. The same
//! outcome gives the same bytes, but for the time at which the page was made.

use std::path::Path;

mod account;
mod cases;
mod decoded;
mod draft;
mod evidence;
#[cfg(test)]
mod examples;
mod excerpt;
mod html;
mod page;
mod policy;
mod rest;
mod shape;
mod story;
#[cfg(test)]
mod tests;
mod ticks;
mod timeline;
mod words;

use crate::pipeline::Outcome;
use crate::problem::Problem;
use crate::source::Input;

pub use draft::check;

/// What a report is made of.
#[derive(Debug)]
pub struct Report<'a> {
    /// What came of the run.
    pub outcome: &'a Outcome,
    /// The inputs in the order of their numbers: raw records are read again from them.
    pub inputs: &'a [Input],
    /// Inputs that were not even found.
    pub problems: &'a [Problem],
    /// Alerts that are told in full at most; the rest is counted.
    pub alerts_max: usize,
    /// When the report is made, in nanoseconds since the Unix epoch.
    pub made_nanos: i64,
}

impl Report<'_> {
    /// Writes the report, all of it or nothing. Fails when the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Problem> {
        draft::save(path, |out| page::write(out, self))
    }
}
