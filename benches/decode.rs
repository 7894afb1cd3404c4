//! Decode: every record of a chunk becomes an event, in each format.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use bumpalo::Bump;
use divan::Bencher;
use divan::counter::BytesCount;
use logwasp_core::decode::recognize;
use logwasp_core::event::Event;
use logwasp_core::interest::Interest;
use logwasp_core::probe::Probe;
use logwasp_core::scan::Plan;
use logwasp_core::stream::{Damaged, Place, Stream, Visitor};

use generate::{Log, Mix};

fn main() {
    divan::main();
}

struct Count(u64);

impl Visitor for Count {
    fn event<'c>(&mut self, event: &Event<'c>, _: Place, _: &'c Bump) -> bool {
        self.0 += event.fields.len() as u64;
        false
    }

    fn probe(&mut self, _: &Probe) {}

    fn damaged(&mut self, damaged: &Damaged<'_>) {
        panic!("{damaged:?}");
    }
}

#[divan::bench(args = Log::ALL)]
fn all(bencher: Bencher<'_, '_>, log: Log) {
    // A chunk of `detect`.
    let text = logs::text(log, Mix::Little, 256 << 10);
    let plan = Plan::new(Interest::new(Vec::new()), false);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        let mut count = Count(0);
        let mut stream = Stream::new(&plan, recognize(&text, None), logs::origin());
        stream.feed(&text, true, &mut count);
        count.0
    });
}
