//! Order: matched rows sorted in memory, and through the disk when they are many.

#[path = "../host/src/pipeline/order.rs"]
#[allow(unused, reason = "a bench does not run the tests of what it measures")]
mod order;

use divan::Bencher;
use divan::counter::ItemsCount;

use order::{Collector, Merge, RUN_BYTES_MAX, RowKey};

fn main() {
    divan::main();
}

const ROWS: u64 = 100_000;
const ROW_BYTES: usize = 120;

#[divan::bench(args = [RUN_BYTES_MAX, 1 << 20])]
fn collect_and_merge(bencher: Bencher<'_, '_>, bytes_max: usize) {
    bencher.counter(ItemsCount::new(ROWS)).bench(|| {
        let mut collector = Collector::new(bytes_max);
        for position in 0..ROWS {
            // Rows of a few sources, nearly in order.
            let time = (position ^ 0x3f).cast_signed() * 1_000_000;
            let key = RowKey { time, source: (position % 4) as u32, position, part: 0 };
            let row = [position as u8; ROW_BYTES];
            collector.push(key, |data| data.extend_from_slice(&row)).expect("collected");
        }
        let mut merge = Merge::new(vec![collector]).expect("merges");
        let mut bytes = 0;
        while merge.next(|_, row| bytes += row.len()).expect("reads") {}
        bytes
    });
}
