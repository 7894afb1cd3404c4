//! House rules that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// Lines of one file; what is longer has more than one concern.
const LINES_MAX: usize = 500;
/// Rooms without a concern of their own.
const VAGUE_NAMES: [&str; 5] = ["utils", "util", "common", "helpers", "misc"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What is wrong with a file.
fn faults(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("readable");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push("it does not begin with a `//!` line that says its concern".to_owned());
    }
    if lines.len() > LINES_MAX {
        faults.push(format!("{} lines are more than {LINES_MAX}", lines.len()));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if VAGUE_NAMES.contains(&&*stem) {
        faults.push("its name says nothing".to_owned());
    }
    for (index, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[test]") {
        let above = lines.iter().take(index).rev();
        let above = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
        let doc: String = above.copied().collect();
        if !(doc.contains("Scenario:") && doc.contains("Guarantees:")) {
            faults.push(format!("line {}: a test without Scenario and Guarantees", index + 1));
        }
    }
    faults
}

/// Scenario: all sources of the project.
/// Guarantees: each file says its concern and has one; each test says what it shows.
#[test]
fn the_house_is_tidy() {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 100, "{} files", found.len());
    let report = |path: PathBuf| {
        let faults = faults(&path);
        (!faults.is_empty()).then(|| format!("{}: {}", path.display(), faults.join("; ")))
    };
    let faults: Vec<String> = found.into_iter().filter_map(report).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
