//! Explain: why detectors fired on this input, or stayed silent.
//!
//! The host's side is the same for every detector, whoever wrote it: a [`Survey`]
//! looks on while the inputs are read and counts what satisfied each subscription,
//! and what failed by one condition only. The detector's side is what it told of its
//! decisions ([`crate::pipeline::reasons`]). [`text`] and [`json`] write both.

mod entity;
mod fit;
mod json;
mod logs;
mod survey;
mod text;
mod words;

pub use entity::{Entities, Entity};
pub use json::json;
pub use survey::{NearMiss, Report, SeenRecord, Sighted, Survey, Watched};
pub use text::text;

use crate::alert::Identified;
use crate::alert::encode::Style;
use crate::pipeline::Outcome;

/// A detector that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its name in alerts.
    pub name: String,
    /// One sentence of its own.
    pub summary: String,
    /// It tells of its decisions.
    pub explains_itself: bool,
}

/// All that is known about why.
pub struct Explanation<'a> {
    /// Who was asked.
    pub detectors: &'a [Asked],
    /// What the host saw.
    pub report: &'a Report,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// The newest revision of each incident.
    pub incidents: &'a [&'a Identified],
    /// Whom the question is about; nobody for everything.
    pub entities: &'a Entities,
    /// For alerts as people read them.
    pub style: Style,
}

impl Explanation<'_> {
    /// The incidents of a detector that are about the entities.
    fn incidents_of(&self, detector: &str) -> Vec<&Identified> {
        let of = self.incidents.iter().filter(|told| told.detector == detector);
        of.filter(|told| self.entities.any_in_alert(&told.alert)).copied().collect()
    }

    /// All incidents of a detector.
    fn incidents_count(&self, detector: &str) -> usize {
        self.incidents.iter().filter(|told| told.detector == detector).count()
    }
}

/// The whole rule: `lockout.T1`, or `lockout` for what is no single rule's.
fn rule_name(detector: &str, rule: &str) -> String {
    if rule.is_empty() { detector.to_owned() } else { format!("{detector}.{rule}") }
}
