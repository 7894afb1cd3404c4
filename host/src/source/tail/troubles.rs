//! What cannot be read now, told once until it changes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Arrival, Take};
use crate::problem::Problem;
use crate::source::expand::unreadable;

/// All that cannot be read now.
#[derive(Default)]
pub(super) struct Troubles {
    told: BTreeMap<PathBuf, Told>,
}

struct Told {
    what: String,
    /// Found by the walk over the folders, which tells again each time.
    by_survey: bool,
}

impl Troubles {
    /// Tells why a file cannot be read.
    pub(super) fn tell(&mut self, path: &Path, error: &io::Error, take: &mut Take<'_>) {
        self.note(path, unreadable(error), false, take);
    }

    /// Tells a problem in its own words.
    pub(super) fn tell_problem(&mut self, path: &Path, problem: Problem, take: &mut Take<'_>) {
        self.note(path, problem, false, take);
    }

    /// Tells what a survey could not look at; the rest that surveys told is over.
    pub(super) fn tell_survey(
        &mut self,
        unreadable_ones: &BTreeMap<PathBuf, io::Error>,
        take: &mut Take<'_>,
    ) {
        self.told.retain(|path, told| !told.by_survey || unreadable_ones.contains_key(path));
        for (path, error) in unreadable_ones {
            self.note(path, unreadable(error), true, take);
        }
    }

    /// It can be read now.
    pub(super) fn end(&mut self, path: &Path) {
        self.told.remove(path);
    }

    fn note(&mut self, path: &Path, problem: Problem, by_survey: bool, take: &mut Take<'_>) {
        if self.told.get(path).is_some_and(|told| told.what == problem.what) {
            return;
        }
        let told = Told { what: problem.what.clone(), by_survey };
        self.told.insert(path.to_owned(), told);
        let problem = problem.at(path.display().to_string());
        take(Arrival::Trouble { path, problem });
    }
}
