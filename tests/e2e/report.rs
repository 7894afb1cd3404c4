//! The report, as the program writes it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::dom::Page;
use crate::support::root;

/// A run of the program that writes a report.
pub(crate) struct Run {
    pub folder: TempDir,
    pub output: Output,
}

impl Run {
    /// `logwasp <args> --report <a new file>`
    pub(crate) fn new(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let output = logwasp(args, &folder.path().join("report.html"));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{told}");
        Self { folder, output }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    pub(crate) fn html(&self) -> String {
        fs::read_to_string(self.path()).expect("the report")
    }
}

fn logwasp(args: &[&str], report: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_logwasp"))
        .args(args)
        .arg("--report")
        .arg(report)
        .current_dir(root())
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("it runs")
}

/// What the examples and a sample with an incident give.
pub(crate) const DETECT: [&str; 9] = [
    "detect",
    "-o",
    "ndjson",
    "-c",
    "examples/logwasp.toml",
    "examples/lockout",
    "examples/schannel",
    "examples/relay",
    "plugins/incident/samples/01-tls-key",
];

/// Ids of the alerts on stdout.
fn ids(output: &Output) -> HashSet<String> {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let alerts = lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    alerts.map(|alert: serde_json::Value| alert["id"].as_str().expect("an id").to_owned()).collect()
}

/// Scenario: the demo, and logs with an incident.
/// Guarantees: HTML without a fault; one story and one lane for each alert.
#[test]
fn each_alert_has_its_story() {
    let page = Page::parse(&Run::new(&["demo"]).html());
    assert_eq!(page.errors, [] as [&str; 0]);
    assert_eq!(page.named("article").count(), 5);
    assert_eq!(page.text_of("title"), "logwasp report: 5 alerts, 2 high, 2 medium, 1 noise");

    let run = Run::new(&DETECT);
    let page = Page::parse(&run.html());
    assert_eq!(page.errors, [] as [&str; 0]);
    let stories =
        page.named("article").map(|story| story.attribute("id").expect("an id")[2..].to_owned());
    assert_eq!(stories.collect::<HashSet<_>>(), ids(&run.output));
    let lanes =
        page.of_class("lane").map(|lane| lane.attribute("href").expect("a link")[3..].to_owned());
    assert_eq!(lanes.collect::<HashSet<_>>(), ids(&run.output));
    // The incident comes first, then its three members.
    let members: Vec<bool> = page.named("article").map(|story| story.has_class("member")).collect();
    assert_eq!(members[..5], [false, true, true, true, false]);
    assert_eq!(page.of_class("branch").count(), 3);
}

/// Scenario: the page of logs with an incident.
/// Guarantees: nothing is loaded, nothing acts but the one script under its policy.
#[test]
fn the_page_needs_nothing_else() {
    let html = Run::new(&DETECT).html();
    let page = Page::parse(&html);
    let loads =
        ["img", "link", "iframe", "object", "embed", "audio", "video", "base", "use", "image"];
    for element in &page.elements {
        assert!(!loads.contains(&element.name.as_str()), "{element:?}");
        for (name, value) in &element.attributes {
            let is_active = ["src", "srcset", "style", "action"].contains(&name.as_str());
            assert!(!is_active && !name.starts_with("on"), "{element:?}");
            assert!(name != "href" || value.starts_with('#'), "{element:?}");
        }
    }
    assert_eq!((page.named("script").count(), page.named("style").count()), (1, 1));
    for part in ["url(", "@import", "@font-face"] {
        assert!(!page.text_of("style").contains(part), "{part}");
    }
    let policy = page.named("meta").find_map(|meta| {
        meta.attribute("http-equiv").filter(|name| *name == "Content-Security-Policy")?;
        meta.attribute("content")
    });
    let policy = policy.expect("a policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

/// Scenario: the page of logs with an incident.
/// Guarantees: language, landmarks, headings without gaps, ids once, no dead link.
#[test]
fn the_page_can_be_found_ones_way_in() {
    let page = Page::parse(&Run::new(&DETECT).html());
    assert_eq!(page.named("html").next().and_then(|html| html.attribute("lang")), Some("en"));
    for landmark in ["header", "main", "footer", "h1"] {
        assert_eq!(page.named(landmark).count(), 1, "{landmark}");
    }
    let level = |name: &str| name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok());
    let levels: Vec<u32> =
        page.elements.iter().filter_map(|element| level(&element.name)).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let ids: Vec<&str> =
        page.elements.iter().filter_map(|element| element.attribute("id")).collect();
    let unique: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len());
    assert_eq!(dead_links(&page), [] as [&str; 0]);
}

/// What is referred to, and is not on the page.
fn dead_links(page: &Page) -> Vec<&str> {
    let ids: HashSet<&str> =
        page.elements.iter().filter_map(|element| element.attribute("id")).collect();
    let targets = page.elements.iter().flat_map(|element| {
        let target = element.attribute("href").map(|href| &href[1..]);
        target.into_iter().chain(element.attribute("aria-labelledby"))
    });
    targets.filter(|id| !ids.contains(id)).collect()
}

/// Scenario: the evidence of the demo's logs.
/// Guarantees: the raw text on the page is what stands at the offset it names.
#[test]
fn raw_records_are_what_stands_there() {
    let page = Page::parse(&Run::new(&DETECT).html());
    let mut checked = 0;
    for evidence in page.named("li").filter(|item| item.text.contains("The record itself")) {
        let (said, raw) = evidence.text.split_once("The record itself").expect("both");
        let place = said.split_whitespace().last().expect("a place");
        let (path, offset) = place.rsplit_once('@').expect("path@offset");
        let log = fs::read(root().join(path)).expect("the log");
        let rest = &log[offset.parse::<usize>().expect("an offset")..];
        let rest = String::from_utf8_lossy(rest).replace("\r\n", "\n");
        let raw = raw.trim();
        assert!(raw.len() > 20 && rest.starts_with(raw), "{place}: {raw}");
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

/// Scenario: the same logs twice, with one thread and with two.
/// Guarantees: the same bytes, but for the time at which the page was made.
#[test]
fn a_report_can_be_made_again() {
    let page = |threads| {
        let html = Run::new(&[&DETECT[..], &["--threads", threads]].concat()).html();
        let (before, rest) = html.split_once("<time>").expect("when it was made");
        format!("{before}{}", &rest["2026-11-20 09:00:00".len()..])
    };
    assert_eq!(page("1"), page("2"));
}

/// Scenario: a report of fewer alerts than there are.
/// Guarantees: the others are counted, also members of an incident that is told.
#[test]
fn the_operator_bounds_the_report() {
    let page = Page::parse(&Run::new(&[&DETECT[..], &["--report-alerts", "2"]].concat()).html());
    assert_eq!(page.errors, [] as [&str; 0]);
    assert_eq!((page.named("article").count(), page.of_class("lane").count()), (2, 2));
    assert!(page.elements.iter().any(|element| element.attribute("id") == Some("rest")));
    assert_eq!(page.named("li").filter(|item| item.text.contains("only counted here")).count(), 2);
    assert_eq!(dead_links(&page), [] as [&str; 0]);
}

/// Scenario: a report that cannot be written.
/// Guarantees: told in three parts before anything is read; exit 1.
#[test]
fn a_report_that_cannot_be_written_is_told_at_once() {
    let output = logwasp(&DETECT, Path::new("/nowhere/report.html"));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{told}");
    assert!(told.starts_with("error: the report cannot be written: "), "{told}");
    assert!(told.contains("\n  at /nowhere/report.html\nhint: make the folder first"), "{told}");
}
