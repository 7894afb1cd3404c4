//! Scan: the SIMD search for all literals of a format, hits included.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use divan::Bencher;
use divan::counter::BytesCount;
use logwasp_core::event::Kind;
use logwasp_core::format::Format;
use logwasp_core::scan::{Mode, Plan};

use generate::{Log, Mix};

fn main() {
    divan::main();
}

#[divan::bench(args = [
    (Format::Syslog, Log::Syslog),
    (Format::WinEventXml, Log::EventXml),
    (Format::WinEventJson, Log::Ndjson),
    (Format::W3c, Log::Iis),
    (Format::ExchangeCsv, Log::ExchangeSmtp),
])]
fn hits(bencher: Bencher<'_, '_>, (format, log): (Format, Log)) {
    let text = logs::text(log, Mix::Little, 1 << 20);
    let plan = Plan::new(logs::interest(), true);
    let mode = match log {
        Log::ExchangeSmtp => plan.mode_of_log(Kind::ExchangeSmtp),
        _ => plan.mode(format),
    };
    let Mode::Scan { scan, .. } = mode else {
        panic!("every subscription has a literal in {format:?}");
    };
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        let mut hits = scan.hits(&text, text.len());
        let (mut from, mut count) = (0, 0_u64);
        while let Some(at) = hits.next_from(from) {
            (from, count) = (at + 1, count + 1);
        }
        count
    });
}
