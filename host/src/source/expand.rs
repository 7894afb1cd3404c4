//! Paths as an operator writes them - files, folders, globs, `-` - to inputs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::WalkDir;

use crate::problem::Problem;

/// One thing to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes in memory, with their name.
    Memory(&'static str, &'static [u8]),
}

impl Input {
    /// Its name in evidence and messages.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "<stdin>".to_owned(),
            Self::Memory(name, _) => (*name).to_owned(),
        }
    }
}

/// All inputs, sorted by name and each once; and what could not be found. Hidden
/// files are only read when they are named.
pub fn expand(paths: &[PathBuf]) -> (Vec<Input>, Vec<Problem>) {
    let mut inputs = BTreeMap::new();
    let mut problems = Vec::new();
    for path in paths {
        match inputs_of(path, &mut problems) {
            Ok(found) => inputs.extend(found.into_iter().map(|input| (input.name(), input))),
            Err(problem) => problems.push(problem),
        }
    }
    (inputs.into_values().collect(), problems)
}

fn inputs_of(path: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Input>, Problem> {
    if path.as_os_str() == "-" {
        return Ok(vec![Input::Stdin]);
    }
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(files_below(path, problems, |_| true)),
        Ok(_) => Ok(vec![Input::File(path.to_owned())]),
        Err(error) => match glob(path) {
            Some(Ok((base, matcher))) => {
                let found = files_below(&base, problems, |file| matcher.is_match(file));
                if found.is_empty() {
                    return Err(Problem::new("no file matches").at(path.display().to_string()));
                }
                Ok(found)
            }
            Some(Err(problem)) => Err(problem),
            None => Err(unreadable(&error).at(path.display().to_string())),
        },
    }
}

fn files_below(
    folder: &Path,
    problems: &mut Vec<Problem>,
    wanted: impl Fn(&Path) -> bool,
) -> Vec<Input> {
    let mut files = Vec::new();
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name())) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && wanted(entry.path()) => {
                files.push(Input::File(entry.into_path()));
            }
            Ok(_) => {}
            Err(error) => {
                let place = error.path().unwrap_or(folder).display().to_string();
                problems.push(Problem::new(format!("it cannot be read: {error}")).at(place));
            }
        }
    }
    files
}

/// The folder to search and what to look for, when the path holds a pattern.
fn glob(path: &Path) -> Option<Result<(PathBuf, GlobMatcher), Problem>> {
    let text = path.to_str()?;
    let pattern = text.find(['*', '?', '[', '{'])?;
    let base = match text.get(..pattern)?.rfind('/') {
        Some(slash) => PathBuf::from(text.get(..=slash)?),
        None => PathBuf::from("."),
    };
    let full = if base == Path::new(".") { format!("./{text}") } else { text.to_owned() };
    let glob = GlobBuilder::new(&full).literal_separator(true).build();
    Some(match glob {
        Ok(glob) => Ok((base, glob.compile_matcher())),
        Err(error) => {
            Err(Problem::new(format!("the pattern cannot be read: {}", error.kind())).at(text))
        }
    })
}

/// Why something cannot be read, in plain words.
pub(in crate::source) fn unreadable(error: &std::io::Error) -> Problem {
    let problem = Problem::new(format!("it cannot be read: {error}"));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            problem.hint("check the path; a pattern needs quotes in most shells")
        }
        std::io::ErrorKind::PermissionDenied => problem.hint("read it as a user who may"),
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Scenario: a tree with hidden files, given as folder, file and pattern.
    /// Guarantees: each file once, sorted; hidden ones only when named.
    #[test]
    fn paths_are_expanded() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("sub/.git")).expect("created");
        for name in ["b.log", "a.log", "sub/c.LOG", ".hidden", "sub/.git/x.log"] {
            fs::write(root.join(name), "x").expect("written");
        }
        let names = |paths: &[PathBuf]| {
            let (inputs, problems) = expand(paths);
            let strip = |input: &Input| input.name().replace(&format!("{}/", root.display()), "");
            (inputs.iter().map(strip).collect::<Vec<_>>(), problems.len())
        };
        let (found, problems) = names(&[root.to_owned(), root.join("a.log")]);
        assert_eq!(
            (found, problems),
            (vec!["a.log".into(), "b.log".into(), "sub/c.LOG".into()], 0)
        );
        assert_eq!(names(&[root.join("*.log")]).0, ["a.log", "b.log"]);
        assert_eq!(names(&[root.join("**/*.LOG")]).0, ["sub/c.LOG"]);
        assert_eq!(names(&[root.join(".hidden")]).0, [".hidden"]);
        assert_eq!(names(&[root.join("none"), root.join("*.none")]), (vec![], 2));
    }
}
