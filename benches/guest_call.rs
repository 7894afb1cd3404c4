//! Guest call: one batch of rows into a stock detector, and its answer.

use divan::Bencher;
use divan::counter::ItemsCount;
use logwasp::sandbox::{Batch, Guest, RowHead, Sandbox};

fn main() {
    divan::main();
}

/// The first subscription of `schannel`, with cells that its rules pass over.
#[divan::bench(args = [1, 16, 64, 256])]
fn process(bencher: Bencher<'_, '_>, events: u64) {
    let component = logwasp_detectors::find("schannel").expect("it is bundled").component;
    let plugin = Sandbox::new(None).expect("an engine").load(component).expect("it loads");
    let mut started = plugin.start("{}", None).expect("it starts");
    let columns: Vec<usize> = started.subscriptions.iter().map(|s| s.columns.len()).collect();
    let mut batch = Batch::new(&columns);
    for position in 0..events {
        let head = RowHead { time: 1, time_quality: 0, late: false, record: position };
        batch.next_event();
        batch.push(0, head, (0..columns[0]).map(|_| Some(&b"10.0.0.25"[..])));
    }
    bencher
        .counter(ItemsCount::new(events))
        .bench_local(|| started.guest.process(&batch).expect("no fault").len());
}

/// What starting an instance costs.
#[divan::bench]
fn start(bencher: Bencher<'_, '_>) {
    let component = logwasp_detectors::find("schannel").expect("it is bundled").component;
    let plugin = Sandbox::new(None).expect("an engine").load(component).expect("it loads");
    bencher.bench(|| plugin.start("{}", None).expect("it starts").subscriptions.len());
}
