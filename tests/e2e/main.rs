//! End to end: the host with its real parts, over small inputs.
#![allow(
    clippy::print_stdout,
    clippy::string_slice,
    clippy::format_collect,
    reason = "tests tell what they skip, and write their text themselves"
)]

mod admin; // metrics and health, with Prometheus when there is one
mod browser; // the report in a real browser, when there is one
mod cli; // the command line: messages, exit codes, what goes to stdout
mod corpus; // real logs, when LOGWASP_CORPUS says where they are
mod dom; // HTML as a parser of the standard sees it
mod explain; // why a detector fired or stayed silent
mod floods; // fresh keys without end
mod foreign; // a detector made without the SDK
mod hostile; // law 6: a guest cannot hurt
mod laws; // laws 2, 3, 5 and 7 through the whole pipeline
mod packed; // one log in every packing and encoding
mod pipe; // standard input as a source of the service
mod report; // the report, as the program writes it
mod same; // worked examples: native = wasm
mod samples; // the sample logs of all detectors give the expected alerts
mod seeds; // the page of cases
mod service; // the service: killed, reloaded, stopped
mod silence; // sources that say nothing for long
mod soundness; // what must not change a verdict
mod support; // what the tests share
mod systemd; // what a service manager hears, and the unit
mod tidy; // house rules that no lint knows
mod torture; // law 4: the service is killed, again and again
mod worked; // worked examples: none is missing

/// Scenario: a test file that nobody listed above.
/// Guarantees: it is noticed.
#[test]
fn no_test_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/e2e");
    let listed = include_str!("main.rs");
    for entry in folder.read_dir().expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("a plain name");
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || listed.contains(&format!("mod {module};")), "{name}");
    }
}
