//! Pipeline: from the bytes of a log to the alerts of all stock detectors.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use divan::Bencher;
use divan::counter::BytesCount;
use logwasp::config::Config;
use logwasp::pipeline::{Options, ReadOptions, Wanted, detect, load};
use logwasp::source::Input;

use generate::{Log, Mix};

fn main() {
    divan::main();
}

#[divan::bench(args = Log::ALL, sample_count = 10)]
fn prefiltered(bencher: Bencher<'_, '_>, log: Log) {
    run(bencher, log, true);
}

#[divan::bench(args = Log::ALL, sample_count = 10)]
fn decoded_fully(bencher: Bencher<'_, '_>, log: Log) {
    run(bencher, log, false);
}

fn run(bencher: Bencher<'_, '_>, log: Log, prefilter: bool) {
    let text: &'static [u8] = logs::text(log, Mix::Little, 16 << 20).leak();
    let options = Options {
        read: ReadOptions {
            format: None,
            zones: logs::origin().zones,
            now_nanos: logs::origin().reference_nanos,
        },
        prefilter,
        threads: 1,
        progress: Arc::new(AtomicU64::new(0)),
    };
    let config = Config::without_file();
    bencher
        .counter(BytesCount::of_slice(text))
        .with_inputs(|| load(&config, &Wanted::All, |_, _| {}).expect("the detectors load"))
        .bench_local_values(|detectors| {
            let inputs = [Input::Memory("bench", text)];
            detect(&inputs, detectors, &options).expect("it runs").stats.ledger.decoded
        });
}
