//! The report in a real browser. Without one these tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dom::Page;
use crate::report::{DETECT, Run};
use crate::support::root;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let found = { found }.find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: no browser is installed (apt-get install chromium)");
    }
    found
}

/// A page after its scripts ran.
struct Seen {
    page: Page,
    /// What scripts, or the browser about them, wrote to the console.
    console: Vec<String>,
    /// What was asked of the network, not counting the browser's own business.
    requests: Vec<String>,
}

fn visit(browser: &Path, file: &Path, fragment: &str) -> Seen {
    let profile = tempfile::tempdir().expect("a folder");
    let log = profile.path().join("net.json");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--log-net-log={}", log.display()))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}{fragment}", file.display()))
        .output()
        .expect("the browser runs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let console = told.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned);
    let log = fs::read_to_string(&log).expect("the log of the network");
    let urls = log.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let requests = urls.filter(|url| !is_of_the_browser(url) && !url.starts_with("file:"));
    Seen {
        page: Page::parse(&String::from_utf8_lossy(&output.stdout)),
        console: console.collect(),
        requests: requests.map(str::to_owned).collect(),
    }
}

fn is_of_the_browser(url: &str) -> bool {
    let host = url.split('/').nth(2).unwrap_or_default();
    url.starts_with("chrome") || host.ends_with(".google.com") || host.ends_with(".googleapis.com")
}

/// How many stories and lanes are filtered out.
fn filtered(seen: &Seen) -> (usize, usize) {
    let out = |class| seen.page.of_class(class).filter(|element| element.has_class("out")).count();
    (out("story"), out("lane"))
}

/// Scenario: a page that does what a report must not do.
/// Guarantees: the tests below would notice.
#[test]
fn the_browser_tells_on_a_bad_page() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bad.html");
    let bad = "<title>bad</title><img src=http://elsewhere.test/x.png><script>nothing()</script>";
    fs::write(&path, bad).expect("written");
    let seen = visit(&browser, &path, "");
    assert_eq!(seen.page.text_of("title"), "bad");
    assert!(seen.requests.iter().any(|url| url.contains("elsewhere.test")), "{:?}", seen.requests);
    assert_eq!(seen.console.len(), 1, "{:?}", seen.console);
}

/// Scenario: the report as it is, and with a filter in its address.
/// Guarantees: it renders, its script runs and filters, nothing is asked of the
/// network and nothing complained of.
#[test]
fn the_report_works_in_a_browser() {
    let Some(browser) = browser() else { return };
    let run = Run::new(&DETECT);
    let before = Page::parse(&run.html());
    let stories = before.named("article").count();
    let of = |name: &str, value: &str| {
        let name = format!("data-{name}");
        before.named("article").filter(|story| story.attribute(&name) == Some(value)).count()
    };
    let (high, schannel) = (of("severity", "high"), of("detector", "schannel"));
    assert!(0 < high && high < stories && 0 < schannel && schannel < stories);
    for (fragment, left) in [
        ("", stories),
        ("#severity=high", high),
        ("#severity=high,medium,info", stories),
        ("#detector=schannel", schannel),
        ("#severity=critical-nonsense", stories),
    ] {
        let seen = visit(&browser, &run.path(), fragment);
        assert_eq!(seen.page.text_of("title"), before.text_of("title"));
        assert_eq!(seen.page.named("article").count(), stories);
        assert_eq!(seen.page.of_class("lane").count(), stories);
        assert_eq!(filtered(&seen), (stories - left, stories - left), "{fragment}");
        let told = format!("{left} of {stories} alerts are shown");
        assert_eq!(seen.page.text_of("output"), told, "{fragment}");
        assert_eq!(seen.console, [] as [&str; 0], "{fragment}");
        assert_eq!(seen.requests, [] as [&str; 0], "{fragment}");
    }
}

/// Scenario: the address of a story of noise, which is folded away.
/// Guarantees: it is unfolded.
#[test]
fn a_lane_leads_to_a_folded_story() {
    let Some(browser) = browser() else { return };
    let run = Run::new(&DETECT);
    let noise = Page::parse(&run.html());
    let noise = noise.of_class("lane").find(|lane| lane.has_class("noise")).expect("noise");
    let is_open = |fragment: &str| {
        let seen = visit(&browser, &run.path(), fragment);
        let group = seen.page.of_class("group").find(|group| group.name == "details").cloned();
        group.expect("the noise").attribute("open").is_some()
    };
    assert!(!is_open(""));
    assert!(is_open(noise.attribute("href").expect("a link")));
}

/// Scenario: an attacker's user name, all the way from the log.
/// Guarantees: it is text: no element of it, no script, no complaint.
#[test]
fn a_hostile_log_stays_text() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = fs::read_to_string(root().join("examples/lockout/Security-DC01.xml")).expect("log");
    let name = "&lt;img src=x onerror=document.title=1&gt;&lt;/pre&gt;&lt;script&gt;document.title=2&lt;/script&gt;";
    let log = log.replace("erika", name);
    let path = folder.path().join("Security.xml");
    fs::write(&path, log).expect("written");
    let run = Run::new(&["detect", path.to_str().expect("a plain path")]);
    let seen = visit(&browser, &run.path(), "");
    assert!(seen.page.text_of("h3").contains("<script>document.title=2</script>"));
    assert!(seen.page.text_of("title").starts_with("logwasp report: 1 alert"));
    assert_eq!(seen.page.named("script").count(), 1);
    assert_eq!(seen.page.named("img").count(), 0);
    assert_eq!((seen.console, seen.requests), (vec![], vec![]));
}
