//! Which files are wanted, and which of them are there.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::identity::{Place, modified_nanos};
use super::settings::Settings;
use crate::problem::Problem;

/// A file that is there.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) size: u64,
    pub(super) modified_nanos: i64,
    /// Reached by a symbolic link.
    pub(super) is_link: bool,
}

/// All that is there, sorted by path, and what could not be looked at.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) found: BTreeMap<PathBuf, Found>,
    pub(super) unreadable: BTreeMap<PathBuf, io::Error>,
}

/// Which files are wanted.
pub(super) struct Patterns {
    wanted: Vec<Wanted>,
    excluded: Vec<Excluded>,
    follow_symlinks: bool,
}

/// A path as it was written. When a thing of that very name is there it is meant,
/// whatever characters are in it.
struct Wanted {
    literal: PathBuf,
    pattern: Option<Pattern>,
}

struct Pattern {
    base: PathBuf,
    depth_max: usize,
    matcher: GlobMatcher,
}

struct Excluded {
    matcher: GlobMatcher,
    by_name: bool,
}

impl Patterns {
    pub(super) fn new(settings: &Settings) -> Result<Self, Problem> {
        Ok(Self {
            wanted: settings.paths.iter().map(|path| wanted(path)).collect::<Result<_, _>>()?,
            excluded: settings
                .exclude
                .iter()
                .map(|text| excluded(text))
                .collect::<Result<_, _>>()?,
            follow_symlinks: settings.follow_symlinks,
        })
    }

    /// Whether a file of this name would be read.
    pub(super) fn wants(&self, path: &Path) -> bool {
        let is_wanted = |wanted: &Wanted| {
            let matches = |pattern: &Pattern| pattern.matcher.is_match(path);
            path.starts_with(&wanted.literal) || wanted.pattern.as_ref().is_some_and(matches)
        };
        self.wanted.iter().any(is_wanted) && !self.excludes(path)
    }

    fn excludes(&self, path: &Path) -> bool {
        let name = path.file_name().map(Path::new);
        let matches = |excluded: &Excluded| match excluded.by_name {
            true => name.is_some_and(|name| excluded.matcher.is_match(name)),
            false => excluded.matcher.is_match(path),
        };
        self.excluded.iter().any(matches)
    }

    /// Looks at everything. `enter` is called for each folder before it is listed, so
    /// that a watch on it misses nothing.
    pub(super) fn survey(&self, enter: &mut dyn FnMut(&Path)) -> Survey {
        let mut survey = Survey::default();
        for wanted in &self.wanted {
            match wanted.literal.metadata() {
                Ok(metadata) if metadata.is_dir() => {
                    self.walk(&wanted.literal, usize::MAX, &|_| true, enter, &mut survey);
                }
                Ok(metadata) => {
                    wanted.literal.parent().into_iter().for_each(&mut *enter);
                    let is_link = wanted.literal.is_symlink();
                    self.meet(wanted.literal.clone(), &metadata, is_link, &mut survey);
                }
                Err(error) => match &wanted.pattern {
                    Some(pattern) => {
                        let matches = |path: &Path| pattern.matcher.is_match(path);
                        self.walk(&pattern.base, pattern.depth_max, &matches, enter, &mut survey);
                    }
                    None => {
                        wanted.literal.parent().into_iter().for_each(&mut *enter);
                        if wanted.literal.is_symlink() || error.kind() != io::ErrorKind::NotFound {
                            survey.unreadable.insert(wanted.literal.clone(), error);
                        }
                    }
                },
            }
        }
        survey
    }

    /// Goes through a folder. A folder that is reached twice, by links, is entered once.
    fn walk(
        &self,
        base: &Path,
        depth_max: usize,
        matches: &dyn Fn(&Path) -> bool,
        enter: &mut dyn FnMut(&Path),
        survey: &mut Survey,
    ) {
        let mut entered = HashSet::new();
        let mut folders = vec![(base.to_owned(), 1)];
        while let Some((folder, depth)) = folders.pop() {
            let id = folder.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
            if id.is_ok_and(|id| !entered.insert(id)) {
                continue;
            }
            enter(&folder);
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    note(survey, folder, error);
                    continue;
                }
            };
            for entry in entries.filter_map(Result::ok).filter(|entry| !is_hidden(entry)) {
                let path = entry.path();
                if self.excludes(&path) {
                    continue;
                }
                match self.metadata(&entry, &path) {
                    Ok(Some((metadata, _))) if metadata.is_dir() => {
                        if depth < depth_max {
                            folders.push((path, depth + 1));
                        }
                    }
                    Ok(Some((metadata, is_link))) if matches(&path) => {
                        self.meet(path, &metadata, is_link, survey);
                    }
                    Err(error) if matches(&path) => {
                        survey.unreadable.insert(path, error);
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
    }

    /// What an entry of a folder is; nothing when it has gone or is a link that is
    /// not followed.
    fn metadata(&self, entry: &DirEntry, path: &Path) -> io::Result<Option<(Metadata, bool)>> {
        let is_link = entry.file_type()?.is_symlink();
        match (is_link, self.follow_symlinks) {
            (true, true) => Ok(Some((path.metadata()?, true))),
            (true, false) => Ok(None),
            (false, _) => match entry.metadata() {
                Ok(metadata) => Ok(Some((metadata, false))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    fn meet(&self, path: PathBuf, metadata: &Metadata, is_link: bool, survey: &mut Survey) {
        if !metadata.is_file() || (is_link && !self.follow_symlinks) || self.excludes(&path) {
            return;
        }
        let found = Found {
            path: path.clone(),
            place: Place::of(metadata),
            size: metadata.len(),
            modified_nanos: modified_nanos(metadata),
            is_link,
        };
        survey.found.insert(path, found);
    }
}

/// A folder that is not there is no trouble: it may come.
fn note(survey: &mut Survey, folder: PathBuf, error: io::Error) {
    if error.kind() != io::ErrorKind::NotFound {
        survey.unreadable.insert(folder, error);
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn wanted(path: &Path) -> Result<Wanted, Problem> {
    let place = || path.display().to_string();
    let literal = std::path::absolute(path)
        .map_err(|error| Problem::new(format!("no path: {error}")).at(place()))?;
    let pattern = match literal.to_str() {
        Some(text) => pattern(text)?,
        None => None,
    };
    Ok(Wanted { literal, pattern })
}

fn pattern(text: &str) -> Result<Option<Pattern>, Problem> {
    let Some(first) = text.find(['*', '?', '[', '{']) else { return Ok(None) };
    let Some((base, rest)) =
        text.get(..first).and_then(|fixed| text.split_at_checked(fixed.rfind('/')? + 1))
    else {
        return Ok(None);
    };
    let depth_max = if rest.contains("**") { usize::MAX } else { rest.matches('/').count() + 1 };
    Ok(Some(Pattern { base: PathBuf::from(base), depth_max, matcher: matcher(text)? }))
}

fn excluded(text: &str) -> Result<Excluded, Problem> {
    let by_name = !text.contains('/');
    if by_name || text.starts_with('/') || text.starts_with("**") {
        return Ok(Excluded { matcher: matcher(text)?, by_name });
    }
    Ok(Excluded { matcher: matcher(&format!("**/{text}"))?, by_name })
}

fn matcher(text: &str) -> Result<GlobMatcher, Problem> {
    let glob = GlobBuilder::new(text).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| {
        Problem::new(format!("the pattern cannot be read: {}", error.kind()))
            .at(text)
            .hint("write a literal `[` or `{` as `[[]` or `[{]`")
    })
}
