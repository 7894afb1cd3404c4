//! `[source.NAME]` with `type = "file"`, read: each value checked, each default
//! filled in.

use std::time::Duration;

use super::keys::Keys;
use crate::problem::Problem;
use crate::source::tail::{Settings, Start};

/// Reads the keys of one table, all but `type` and what every source has. The caller
/// finishes the table.
pub(super) fn file(name: &str, keys: &mut Keys<'_>) -> Result<Settings, Problem> {
    let default = Settings::default();
    let paths = keys.texts("paths")?;
    if paths.is_empty() {
        return Err(keys
            .problem_here(format!("source `{name}` does not say which files: `paths`"))
            .hint("such as `paths = [\"/var/log/exchange/**/*.log\"]`"));
    }
    let settings = Settings {
        paths: paths.iter().map(|path| keys.folder().join(path)).collect(),
        exclude: keys.texts("exclude")?,
        start: keys.choice("start", &STARTS)?.unwrap_or(default.start),
        watch: keys.choice("watch", &WATCHES)?.unwrap_or(default.watch),
        poll_interval: at_least(keys, "poll_interval", POLL_MIN, default.poll_interval)?,
        close_idle_after: keys.duration("close_idle_after")?.unwrap_or(default.close_idle_after),
        rotated_wait: keys.duration("rotated_wait")?.unwrap_or(default.rotated_wait),
        files_open_max: keys.number("files_open_max", default.files_open_max as u64, 1..=1 << 20)?
            as usize,
        ignore_older_than: keys.duration("ignore_older_than")?,
        chunk_bytes: keys.number("chunk_bytes", default.chunk_bytes as u64, 4096..=64 << 20)?
            as usize,
        follow_symlinks: keys.flag("follow_symlinks", default.follow_symlinks)?,
    };
    settings.check().map_err(|problem| {
        let pattern = problem.place.unwrap_or_default();
        let is_path = settings.paths.iter().any(|path| path.as_os_str() == pattern.as_str());
        let key = if is_path { "paths" } else { "exclude" };
        let placed = keys.problem(key, format!("`{pattern}`: {}", problem.what));
        Problem { hint: problem.hint, ..placed }
    })?;
    Ok(settings)
}

const STARTS: [(&str, Start); 2] = [("beginning", Start::Beginning), ("end", Start::End)];
const WATCHES: [(&str, bool); 2] = [("inotify", true), ("poll", false)];
/// Looking more often finds nothing more, and costs.
const POLL_MIN: Duration = Duration::from_millis(50);

fn at_least(
    keys: &mut Keys<'_>,
    key: &'static str,
    least: Duration,
    default: Duration,
) -> Result<Duration, Problem> {
    match keys.duration(key)? {
        Some(duration) if duration < least => Err(keys
            .problem(key, format!("`{key}` is too short"))
            .hint(format!("at least {least:?}; the default is {default:?}"))),
        duration => Ok(duration.unwrap_or(default)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::located::File;
    use super::*;

    fn read(text: &str) -> Result<Settings, Problem> {
        let text = format!("[source.s]\n{text}\n");
        let whole: toml::Table = toml::from_str(&text).expect("TOML");
        let table = whole["source"]["s"].as_table().expect("a table").clone();
        let source = File { name: "logwasp.toml".to_owned(), text };
        let mut keys = Keys::new(&source, Path::new("/etc/logwasp"), &["source", "s"], table);
        let settings = file("s", &mut keys)?;
        keys.finish()?;
        Ok(settings)
    }

    /// Scenario: a source with nothing but a path, and one with everything.
    /// Guarantees: defaults are as documented; what is written is taken.
    #[test]
    fn sources_are_resolved() {
        let paths = vec![PathBuf::from("/etc/logwasp/logs")];
        assert_eq!(read("paths = ['logs']"), Ok(Settings { paths, ..Settings::default() }));
        let settings = read(
            "paths = ['/var/log/**/*.log', 'b']\nexclude = ['*.tmp', '/var/log/journal']\n\
             start = 'end'\nwatch = 'poll'\npoll_interval = '5s'\nclose_idle_after = '1m'\n\
             rotated_wait = '10s'\nfiles_open_max = 20\nignore_older_than = '48h'\n\
             chunk_bytes = 65536\nfollow_symlinks = false",
        );
        let expected = Settings {
            paths: vec!["/var/log/**/*.log".into(), "/etc/logwasp/b".into()],
            exclude: vec!["*.tmp".into(), "/var/log/journal".into()],
            start: Start::End,
            watch: false,
            poll_interval: Duration::from_secs(5),
            close_idle_after: Duration::from_mins(1),
            rotated_wait: Duration::from_secs(10),
            files_open_max: 20,
            ignore_older_than: Some(Duration::from_hours(48)),
            chunk_bytes: 65_536,
            follow_symlinks: false,
        };
        assert_eq!(settings, Ok(expected));
    }

    /// Scenario: mistakes of every kind.
    /// Guarantees: what is wrong, where it stands, what to write instead.
    #[test]
    fn mistakes_are_told() {
        for (text, what, place, hint) in [
            ("start = 'end'", "source `s` does not say which files: `paths`", "1:9", "such as"),
            (
                "paths = ['a']\npol_interval = '1s'",
                "unknown key `pol_interval`",
                "3:1",
                "did you mean `poll_interval`?",
            ),
            (
                "paths = ['a']\nstart = 'begin'",
                "`begin` is no start that fits here",
                "3:1",
                "it is one of",
            ),
            (
                "paths = ['a']\npoll_interval = '1ms'",
                "`poll_interval` is too short",
                "3:1",
                "at least 50ms",
            ),
            ("paths = ['/a/[b']", "`/a/[b`: the pattern", "2:1", "write a literal"),
            ("paths = ['a']\nexclude = ['{b']", "`{b`: the pattern", "3:1", "write a literal"),
            (
                "paths = ['a']\nfiles_open_max = 0",
                "`files_open_max` is out of range",
                "3:1",
                "from 1",
            ),
        ] {
            let problem = read(text).expect_err("it is wrong");
            assert!(problem.what.starts_with(what), "{problem}");
            assert_eq!(problem.place, Some(format!("logwasp.toml:{place}")), "{text}");
            assert!(problem.hint.as_ref().is_some_and(|told| told.starts_with(hint)), "{problem}");
        }
    }
}
