//! What is there after a restart.

use redb::{Range, ReadableDatabase, ReadableTable};

use super::store::Store;
use super::tables::{self, DETECTORS, INCIDENTS, JOURNAL, JOURNAL_NEXT, META, POSITIONS};
use crate::alert::OpenIncident;
use crate::problem::Problem;

/// Everything but the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Positions by the key of their source.
    pub positions: Vec<(Vec<u8>, Vec<u8>)>,
    /// Detectors by name.
    pub detectors: Vec<RecoveredDetector>,
    /// The journal sequence that the next entry gets.
    pub journal_next: u64,
    /// The outbox sequence that the next alert gets.
    pub outbox_next: u64,
}

/// A detector as of its last snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredDetector {
    /// Its name.
    pub name: String,
    /// Where in the journal to go on with it.
    pub journal_seq: u64,
    /// Its state; `None` when it begins empty.
    pub state: Option<Vec<u8>>,
    /// The incidents that were open then.
    pub incidents: Vec<OpenIncident>,
}

/// The journal, oldest first: (sequence, entry).
pub struct Journal {
    range: Range<'static, u64, &'static [u8]>,
    path: String,
}

impl Iterator for Journal {
    type Item = Result<(u64, Vec<u8>), Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.range.next()?;
        let row = row.map(|(seq, entry)| (seq.value(), entry.value().to_vec()));
        Some(row.map_err(|error| {
            Problem::new(format!("the journal cannot be read: {error}")).at(&self.path)
        }))
    }
}

impl Store {
    /// Positions, states and next sequences.
    pub fn recover(&self) -> Result<Recovered, Problem> {
        self.read(|txn| {
            let meta = txn.open_table(META)?;
            let mut recovered = Recovered {
                journal_next: tables::number(&meta, JOURNAL_NEXT)?,
                outbox_next: tables::number(&meta, tables::OUTBOX_NEXT)?,
                ..Recovered::default()
            };
            for row in txn.open_table(POSITIONS)?.iter()? {
                let (source, position) = row?;
                let pair = (source.value().to_vec(), position.value().to_vec());
                recovered.positions.push(pair);
            }
            for row in txn.open_table(DETECTORS)?.iter()? {
                let (name, value) = row?;
                let (journal_seq, state) = value.value();
                recovered.detectors.push(RecoveredDetector {
                    name: name.value().to_owned(),
                    journal_seq,
                    state: state.map(<[u8]>::to_vec),
                    incidents: Vec::new(),
                });
            }
            for row in txn.open_table(INCIDENTS)?.iter()? {
                let (key, value) = row?;
                let ((detector, key), (id, revision)) = (key.value(), value.value());
                let found = recovered.detectors.iter_mut().find(|found| found.name == detector);
                let open = OpenIncident { key: key.to_owned(), id: id.to_owned(), revision };
                if let Some(found) = found {
                    found.incidents.push(open);
                }
            }
            Ok(recovered)
        })
    }

    /// The journal from a sequence on, as it is now. It keeps what it reads from
    /// being reused, so do not hold it for long.
    pub fn journal_from(&self, seq: u64) -> Result<Journal, Problem> {
        let range = (|| Ok(self.db.begin_read()?.open_table(JOURNAL)?.range(seq..)?))();
        let range = range.map_err(|error: redb::Error| self.trouble(error))?;
        Ok(Journal { range, path: self.path().to_owned() })
    }
}
