//! Frame: finding where records begin and end, record by record.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use divan::Bencher;
use divan::counter::BytesCount;
use logwasp_core::frame::{Frame, Framing};

use generate::{Log, Mix};

fn main() {
    divan::main();
}

#[divan::bench(args = [
    (Framing::Lines, Log::Syslog),
    (Framing::DatedLines, Log::ExchangeSmtp),
    (Framing::EventXml, Log::EventXml),
])]
fn walk(bencher: Bencher<'_, '_>, (framing, log): (Framing, Log)) {
    let text = logs::text(log, Mix::Little, 1 << 20);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        let (mut at, mut frames) = (0, 0_u64);
        while let Ok(start) = framing.start_at_or_after(&text, at) {
            frames += 1;
            at = match framing.frame_at(&text, start, true) {
                Frame::Complete { next, .. } | Frame::Broken { next, .. } => next,
                Frame::Incomplete => break,
            };
        }
        frames
    });
}
