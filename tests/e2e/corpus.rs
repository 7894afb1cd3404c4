//! Real logs that nobody here wrote, found by `LOGWASP_CORPUS`. Without it these
//! tests say so and pass.

use std::path::{Path, PathBuf};

use bumpalo::Bump;
use logwasp::config::Config;
use logwasp::event_line::EventLine;
use logwasp::pipeline::{ReadOptions, read_events};
use logwasp::source::Input;
use logwasp_core::event::Event;
use logwasp_core::interest::Interest;
use logwasp_core::scan::Plan;

use crate::dom::Page;
use crate::report::Run;
use crate::support::{detect_folder, ndjson, options};

/// The corpus, or a line that it is not here.
#[expect(clippy::disallowed_methods, reason = "where the corpus is differs by machine")]
fn corpus(group: &str) -> Option<PathBuf> {
    let found = std::env::var("LOGWASP_CORPUS").ok().map(|root| Path::new(&root).join(group));
    let found = found.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: LOGWASP_CORPUS does not say where `{group}` is");
    }
    found
}

fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let (inputs, problems) = logwasp::source::expand(&[folder.to_owned()]);
    assert_eq!(problems, []);
    let path = |input: Input| match input {
        Input::File(path) => path,
        other => panic!("{other:?} is no file"),
    };
    inputs.into_iter().map(path).filter(|path| path.to_string_lossy().ends_with(suffix)).collect()
}

fn count_events(path: &Path) -> (u64, u64) {
    let plan = Plan::new(Interest::new(Vec::new()), false);
    let read: ReadOptions = options().read;
    let input = Input::File(path.to_owned());
    let ledger =
        read_events(&input, &plan, &read, &mut |_, _, _| {}, &mut |_| {}).expect("readable");
    assert!(ledger.is_balanced(), "{}: {ledger:?}", path.display());
    (ledger.decoded, ledger.damaged)
}

/// Scenario: EVTX files and what Winlogbeat made of them.
/// Guarantees: as many events as the golden JSON has.
#[test]
fn golden_pairs_have_as_many_events() {
    let Some(folder) = corpus("evtx-golden-pairs") else { return };
    let mut pairs = 0;
    for evtx in files(&folder, ".evtx.zst") {
        let golden = evtx.with_extension("golden.json");
        let Ok(golden) = std::fs::read_to_string(golden) else { continue };
        let golden: Vec<serde_json::Value> = serde_json::from_str(&golden).expect("a list");
        let (decoded, _) = count_events(&evtx);
        assert_eq!(decoded, golden.len() as u64, "{}", evtx.display());
        pairs += 1;
    }
    assert!(pairs >= 50, "{pairs} pairs");
}

/// Scenario: every file of the corpus, whatever it is.
/// Guarantees: no panic, and every ledger balances.
#[test]
fn everything_can_be_read() {
    for group in [
        "evtx",
        "windows-xml",
        "windows-json",
        "exchange",
        "email",
        "syslog",
        "netlogon",
        "windows-message-text",
        "siem-rule-tests",
        "elastic-pipeline-pairs",
        "sigma-regression",
        "sekoia-intake-tests",
        "evtx-golden-pairs",
    ] {
        let Some(folder) = corpus(group) else { return };
        let counts = files(&folder, "").iter().map(|path| count_events(path)).collect::<Vec<_>>();
        let (decoded, damaged) =
            counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        println!("{group}: {} files, {decoded} events, {damaged} damaged", counts.len());
        assert!(decoded > 0);
    }
}

/// Scenario: a folder of real EVTX files, read in four ways.
/// Guarantees: byte-identical alerts.
#[test]
fn real_logs_give_the_same_alerts_in_every_way() {
    let Some(folder) = corpus("evtx") else { return };
    let config = Config::without_file();
    let run = |prefilter, threads| {
        let mut options = options();
        (options.prefilter, options.threads) = (prefilter, threads);
        let outcome = detect_folder(&folder, &config, &options);
        assert_eq!((outcome.faulted.len(), outcome.problems.len()), (0, 0));
        ndjson(&outcome)
    };
    let alerts = run(true, 1);
    for (prefilter, threads) in [(true, 2), (false, 1), (false, 2)] {
        assert_eq!(run(prefilter, threads), alerts);
    }
}

/// Scenario: the lockout of a real EVTX file, unpacked.
/// Guarantees: the report shows the record that the evidence names, decoded as
/// `parse` does.
#[test]
fn a_report_shows_records_of_evtx_files() {
    let Some(folder) = corpus("evtx-golden-pairs") else { return };
    let packed = files(&folder, "4740_Account_Locked_Out.evtx.zst");
    let packed = std::fs::File::open(packed.first().expect("a lockout")).expect("readable");
    let unpacked = tempfile::tempdir().expect("a folder");
    let path = unpacked.path().join("Security.evtx");
    std::fs::write(&path, zstd::decode_all(packed).expect("zstd")).expect("written");
    let page = Page::parse(&Run::new(&["detect", path.to_str().expect("a plain path")]).html());
    let shown: Vec<serde_json::Value> =
        page.named("pre").map(|record| serde_json::from_str(&record.text).expect("JSON")).collect();
    assert!(!shown.is_empty());
    let (plan, read) = (Plan::new(Interest::new(Vec::new()), false), options().read);
    let mut parsed: Vec<serde_json::Value> = Vec::new();
    let name = path.display().to_string();
    let mut give = |event: &Event<'_>, position: u64, arena: &Bump| {
        let line = EventLine::new(event, &name, position, arena).to_json();
        parsed.push(serde_json::from_str(&line).expect("JSON"));
    };
    read_events(&Input::File(path.clone()), &plan, &read, &mut give, &mut |_| {})
        .expect("readable");
    assert!(shown.iter().all(|record| parsed.contains(record)), "{shown:#?}");
}
