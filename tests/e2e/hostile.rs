//! Law 6: a guest cannot hurt.

use std::io::Write;

use logwasp::config::Config;
use logwasp::pipeline::{Detectors, Wanted, load};
use logwasp::sandbox::{Fault, LoadError, Sandbox};
use logwasp::source::Input;
use serde_json::json;

use crate::support::{detect_inputs, hostile_component, ndjson, options, root};

/// Starts the hostile guest beside the detector `lockout` and runs both over logs
/// in which both have something to do. Returns the fault, the alerts of the
/// neighbour, and how many alerts the guest raised before it fell.
fn run(misdeed: &str, moment: &str, good_rows: u32) -> (Option<Fault>, String, usize) {
    let config = json!({"misdeed": misdeed, "moment": moment, "good_rows": good_rows}).to_string();
    let plugin = Sandbox::new(None).expect("an engine").load(hostile_component()).expect("loads");
    let mut detectors = neighbour();
    detectors
        .add("hostile", plugin.start(&config, None).expect("it starts"), false)
        .expect("it is added");
    let outcome = detect_inputs(&logs(), detectors, &options());
    let fault = outcome.faulted.first().map(|faulted| {
        assert_eq!(faulted.detector, "hostile");
        faulted.fault.clone()
    });
    let own = outcome.alerts.iter().filter(|told| told.detector == "hostile").count();
    let lines = ndjson(&outcome);
    let neighbours: String = lines
        .lines()
        .filter(|line| !line.contains("\"hostile\""))
        .map(|l| format!("{l}\n"))
        .collect();
    (fault, neighbours, own)
}

fn neighbour() -> Detectors {
    load(&Config::without_file(), &Wanted::Named(vec!["lockout".into()]), |_, _| {}).expect("loads")
}

fn logs() -> Vec<Input> {
    let folder = root().join("plugins/lockout/samples/06-spray");
    let inputs = crate::support::inputs(&folder);
    inputs.into_iter().filter(|input| !input.name().ends_with("expected.json")).collect()
}

/// What the neighbour says when it is alone.
fn undisturbed() -> String {
    ndjson(&detect_inputs(&logs(), neighbour(), &options()))
}

/// Scenario: every misdeed at every moment, beside a detector that has work to do.
/// Guarantees: a fault of the right kind with the right name; the neighbour's
/// alerts do not change by a byte; the ledger balances.
#[test]
fn misdeeds_are_faults() {
    let undisturbed = undisturbed();
    assert!(!undisturbed.is_empty());
    for (misdeed, moment, kind) in [
        ("nothing", "event", None),
        ("loop", "event", Some("deadline")),
        ("loop", "finish", Some("deadline")),
        ("trap", "event", Some("trap")),
        ("trap", "finish", Some("trap")),
        ("overflow", "event", Some("trap")),
        ("memory", "event", Some("memory")),
        ("flood", "event", Some("answer")),
        ("flood", "finish", Some("answer")),
        ("title", "event", Some("answer")),
        ("rule", "event", Some("answer")),
        ("utf8", "event", Some("answer")),
        ("pointer", "event", Some("answer")),
        ("log", "event", None),
        ("evidence", "event", None),
    ] {
        let (fault, neighbours, _) = run(misdeed, moment, 0);
        assert_eq!(fault.as_ref().map(Fault::kind), kind, "{misdeed} at {moment}: {fault:?}");
        assert_eq!(neighbours, undisturbed, "{misdeed} at {moment}");
    }
}

/// Scenario: a guest that is well-behaved for a batch, and then traps.
/// Guarantees: what it raised before stays.
#[test]
fn alerts_before_a_fault_stay() {
    let (fault, _, own) = run("trap", "finish", 0);
    assert_eq!(fault.map(|fault| fault.kind()), Some("trap"));
    assert!(own > 0);
}

/// Scenario: misdeeds before the first row.
/// Guarantees: the detector does not start, and the text says why.
#[test]
fn bad_starts_are_refused() {
    let plugin = Sandbox::new(None).expect("an engine").load(hostile_component()).expect("loads");
    for (misdeed, text) in [
        ("refuse", "I do not want to"),
        ("loop", "5000 ms"),
        ("trap", "crashed"),
        ("memory", "64 MiB"),
        ("subscriptions", "10000 subscriptions"),
    ] {
        let config = json!({"misdeed": misdeed, "moment": "start"}).to_string();
        let fault = plugin.start(&config, None).err().expect("it must not start").to_string();
        assert!(fault.contains(text), "{misdeed}: {fault}");
    }
    let started = plugin.start(&json!({"misdeed": "op"}).to_string(), None).expect("it starts");
    let problem = Detectors::none().add("hostile", started, false).expect_err("unknown member");
    assert!(problem.what.contains("unknown member `@when`"), "{problem}");
    assert!(plugin.start("{\"misdeed\": 1}", None).is_err());
    assert!(plugin.start("not json", None).is_err());
    assert!(plugin.start("{}", Some(b"not a snapshot")).is_err());
}

/// Scenario: files that are no detectors.
/// Guarantees: each is refused with a sentence that says what is wrong.
#[test]
fn strangers_are_refused() {
    let sandbox = Sandbox::new(None).expect("an engine");
    assert!(matches!(sandbox.load(b"not wasm"), Err(LoadError::Component(_))));
    assert!(matches!(sandbox.load(b"\0asm\x01\0\0\0"), Err(LoadError::Component(_))));
    assert!(matches!(sandbox.load(b"\0asm\x0d\0\x01\0"), Err(LoadError::World(_))));
    let wants_wasi =
        wat::parse_str("(component (import \"wasi:cli/environment@0.2.0\" (instance)))")
            .expect("it is a component");
    match sandbox.load(&wants_wasi) {
        Err(LoadError::Import(name)) => assert_eq!(name, "wasi:cli/environment@0.2.0"),
        other => panic!("{:?}", other.err()),
    }
}

/// Scenario: a pinned component that was replaced.
/// Guarantees: refused, with the hash to pin if the operator trusts it.
#[test]
fn a_replaced_component_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut component = std::fs::File::create(folder.path().join("mine.wasm")).expect("created");
    component.write_all(hostile_component()).expect("written");
    let config = |hash: &str| {
        let path = folder.path().join("logwasp.toml");
        let text = format!("[detector.mine]\npath = 'mine.wasm'\nsha256 = '{hash}'\n");
        std::fs::write(&path, text).expect("written");
        Config::load(&path).expect("it is valid")
    };
    let wanted = Wanted::Named(vec!["mine".into()]);
    let problem = load(&config(&"00".repeat(32)), &wanted, |_, _| {}).err().expect("another hash");
    let hint = problem.hint.expect("a hint");
    let hash = hint.split('"').nth(1).expect("the hash");
    assert!(problem.place.is_some_and(|place| place.ends_with("logwasp.toml:3:1")));
    assert!(load(&config(hash), &wanted, |_, _| {}).is_ok());
}
