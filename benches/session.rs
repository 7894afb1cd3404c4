//! Session: the rows of a refused SMTP session, gathered by its id.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use divan::Bencher;
use logwasp_core::session::{Candidate, Gatherer, Texts};

use generate::{Log, Mix};

fn main() {
    divan::main();
}

/// One file in memory.
struct Memory(Vec<u8>);

impl Texts for Memory {
    fn count(&self) -> usize {
        1
    }

    fn length(&mut self, _: usize) -> u64 {
        self.0.len() as u64
    }

    fn window(&mut self, _: usize, from: u64, to: u64) -> &[u8] {
        let length = self.0.len();
        &self.0[(from as usize).min(length)..(to as usize).min(length)]
    }
}

/// A refused session in the middle of so many mebibytes.
#[divan::bench(args = [1, 8])]
fn gather(bencher: Bencher<'_, '_>, mebibytes: usize) {
    let text = logs::text(Log::ExchangeSmtp, Mix::Little, (mebibytes as u64) << 20);
    let middle = text.len() / 2;
    let refused = memchr::memmem::find(&text[middle..], b"550 5.7.54").expect("some are refused");
    let row = memchr::memrchr(b'\n', &text[..middle + refused]).expect("rows are before") + 1;
    let mut cells = text[row..].split(|byte| *byte == b',').map(<[u8]>::to_vec);
    let (_, connector) = (cells.next(), cells.next().expect("a connector"));
    let session_id = cells.next().expect("a session");
    let mut texts = Memory(text);
    bencher.bench_local(|| {
        let candidate = Candidate {
            file: 0,
            offset: row as u64,
            time: 1_795_132_800_000_000_000,
            session_id: &session_id,
            connector: &connector,
        };
        // A new one: the old one remembers.
        Gatherer::default().gather(&mut texts, &candidate)
    });
}
