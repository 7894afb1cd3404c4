//! Harvest: one input after the other, from events to the rows that detectors get.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bumpalo::Bump;
use logwasp_core::event::{Event, Kind};
use logwasp_core::ledger::Ledger;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::session;
use logwasp_core::stream::{Damaged, Place, Visitor};

use super::coverage::Coverage;
use super::order::{Collector, RowKey};
use super::read::{Finding, ReadOptions, broken_off, damage_of, is_unknown, read_through};
use super::row;
use super::sessions::Sessions;
use super::texts::{FolderTexts, keep_aside};
use super::witness::Witness;
use crate::problem::Problem;
use crate::record::reference;
use crate::source::{Input, Opened, open};

/// What reading inputs for detectors gave.
#[derive(Debug)]
pub(super) struct Harvest {
    /// Matched rows.
    pub collector: Collector,
    /// The accounts.
    pub ledger: Ledger,
    /// Rows matched: one event may give several.
    pub rows_matched: u64,
    /// The oldest probed time.
    pub oldest: Option<i64>,
    /// The newest probed time.
    pub newest: Option<i64>,
    /// Probes with times in the future.
    pub future_times: u64,
    /// What was found beside events.
    pub findings: Vec<Finding>,
    /// Findings that are only counted: a broken file may have millions.
    pub findings_left_out: u64,
    /// Inputs that could not be read to the end.
    pub problems: Vec<Problem>,
}

/// Findings of one thread that are kept.
const FINDINGS_MAX: usize = 1_000;

impl Harvest {
    /// Nothing yet; rows beyond `run_bytes_max` go to disk.
    pub(super) fn new(run_bytes_max: usize) -> Self {
        Self {
            collector: Collector::new(run_bytes_max),
            ledger: Ledger::default(),
            rows_matched: 0,
            oldest: None,
            newest: None,
            future_times: 0,
            findings: Vec::new(),
            findings_left_out: 0,
            problems: Vec::new(),
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.findings_left_out += 1;
        }
    }
}

/// The earlier of two times that may be unknown.
pub(super) fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// Reads inputs for detectors.
pub(super) struct Reaper<'a> {
    /// All inputs, in the order of their numbers.
    pub inputs: &'a [Input],
    /// What is wanted.
    pub plan: &'a Plan,
    /// How inputs are read.
    pub options: &'a ReadOptions,
    /// Bytes read so far, of all threads.
    pub progress: &'a Arc<AtomicU64>,
    /// Who looks on, if anybody does.
    pub witness: Option<&'a dyn Witness>,
}

impl Reaper<'_> {
    /// Reads one input into the harvest.
    pub(super) fn read(&self, source: usize, harvest: &mut Harvest) {
        let Some(input) = self.inputs.get(source) else { return };
        let mut opened = match open(input, self.progress) {
            Ok(opened) => opened,
            Err(problem) => {
                harvest.problems.push(problem);
                return;
            }
        };
        let sessions = match self.sessions_of_stream(input, &mut opened) {
            Ok(sessions) => sessions,
            Err(error) => {
                harvest.problems.push(broken_off(&error, input));
                return;
            }
        };
        let mut unknown = false;
        let reference_nanos = opened.modified_nanos.unwrap_or(self.options.now_nanos);
        let mut visitor = Rows {
            reaper: self,
            source,
            name: input.name(),
            harvest,
            coverage: Coverage::new(reference_nanos),
            matches: Vec::new(),
            sessions,
            error: None,
        };
        let (ledger, result) = read_through(
            &mut opened,
            self.plan,
            self.options,
            &mut visitor,
            &mut |recognized, is_empty| {
                unknown = is_unknown(recognized, self.options, is_empty);
                if let (Some(witness), false) = (self.witness, is_empty) {
                    witness.recognized(recognized.format);
                }
            },
        );
        let error = visitor.finish().or(result.err());
        harvest.ledger += ledger;
        if unknown {
            harvest.find(Finding::Unrecognised { name: input.name() });
        }
        if let Some(error) = error {
            harvest.problems.push(broken_off(&error, input));
        }
    }

    /// Where to look for the sessions of an input that can be read only once.
    fn sessions_of_stream(
        &self,
        input: &Input,
        opened: &mut Opened,
    ) -> io::Result<Option<Box<Sessions>>> {
        let wants_sessions = self.plan.interest().wants(Kind::ExchangeSmtpSession);
        if !wants_sessions || !matches!(input, Input::Stdin) {
            return Ok(None);
        }
        let file = keep_aside(opened, self.options.format)?;
        let Some(file) = file else { return Ok(None) };
        Ok(Some(Box::new(Sessions::new(FolderTexts::of(input.clone(), file)?, 0))))
    }

    /// The files of an input's folder, and the input's place among them.
    fn folder_of(&self, source: usize) -> (Vec<Input>, usize) {
        let parent = |input: &Input| match input {
            Input::File(path) => path.parent().map(std::path::Path::to_owned),
            _ => None,
        };
        let of = self.inputs.get(source).and_then(parent);
        let together = |input: &&Input| of.is_some() && parent(input) == of;
        let first = self.inputs.iter().take(source).filter(together).count();
        if of.is_none() {
            return (self.inputs.get(source).cloned().into_iter().collect(), 0);
        }
        (self.inputs.iter().filter(together).cloned().collect(), first)
    }
}

/// A row of a record itself.
pub(crate) const RECORD_PART: u8 = 0;
/// A row of a record's session.
pub(crate) const SESSION_PART: u8 = 1;
/// A row that tells what was covered.
pub(crate) const COVERAGE_PART: u8 = 2;

/// Turns the events of one input into rows.
struct Rows<'a, 'h> {
    reaper: &'a Reaper<'a>,
    source: usize,
    name: String,
    harvest: &'h mut Harvest,
    coverage: Coverage,
    matches: Vec<usize>,
    /// Made when the first candidate needs it.
    sessions: Option<Box<Sessions>>,
    /// Rows that could not be kept.
    error: Option<io::Error>,
}

impl Rows<'_, '_> {
    /// Keeps the row of an event that was matched.
    fn keep<'c>(&mut self, event: &Event<'c>, position: u64, part: u8, arena: &'c Bump) -> bool {
        let record = reference(self.source as u32, position);
        if let Some(witness) = self.reaper.witness {
            witness.see(event, record, arena);
        }
        let interest = self.reaper.plan.interest();
        interest.matching(event, arena, &mut self.matches);
        if self.matches.is_empty() {
            return false;
        }
        self.harvest.rows_matched += self.matches.len() as u64;
        let source = self.source as u32;
        let key = RowKey { time: event.time, source, position, part };
        let matches = &self.matches;
        let result = self.harvest.collector.push(key, |out| {
            row::write(out, interest, matches, event, record, arena);
        });
        if let Err(error) = result {
            self.error.get_or_insert(error);
        }
        true
    }

    /// Gathers the session of a row that may be a candidate.
    fn session<'c>(&mut self, row: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let interest = self.reaper.plan.interest();
        if !session::is_candidate(interest.of_kind(Kind::ExchangeSmtpSession), row, arena) {
            return false;
        }
        let (reaper, source) = (self.reaper, self.source);
        let sessions = self.sessions.get_or_insert_with(|| {
            let (inputs, file) = reaper.folder_of(source);
            Box::new(Sessions::new(FolderTexts::new(inputs), file))
        });
        let facts = sessions.facts(row, place, arena);
        let mut event = Event::default();
        session::event(row, &facts, arena, &mut event);
        self.keep(&event, place.position, SESSION_PART, arena)
    }

    /// The rows of what was covered; returns what went wrong while keeping rows.
    fn finish(mut self) -> Option<io::Error> {
        let coverage = std::mem::replace(&mut self.coverage, Coverage::new(0));
        self.harvest.oldest = earlier(self.harvest.oldest, coverage.oldest());
        self.harvest.newest = self.harvest.newest.max(coverage.newest());
        self.harvest.future_times += coverage.future();
        let name = self.name.clone();
        let mut position = 0;
        coverage.events(&name, |event, arena| {
            self.keep(event, position, COVERAGE_PART, arena);
            position += 1;
        });
        self.error
    }
}

impl Visitor for Rows<'_, '_> {
    fn event<'c>(&mut self, event: &Event<'c>, place: Place, arena: &'c Bump) -> bool {
        let of_row = self.keep(event, place.position, RECORD_PART, arena);
        let of_session = event.kind == Kind::ExchangeSmtp && self.session(event, place, arena);
        of_row || of_session
    }

    fn probe(&mut self, probe: &Probe) {
        self.coverage.probe(probe);
    }

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        let finding = damage_of(&self.name, damaged);
        self.harvest.find(finding);
    }
}
