//! Match: the exact test of all subscriptions on one event.

#[path = "generate/mod.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod generate;
#[path = "logs.rs"]
#[allow(dead_code, reason = "every bench takes what it needs")]
mod logs;

use bumpalo::Bump;
use divan::Bencher;
use divan::counter::ItemsCount;
use logwasp_core::event::{Event, Kind, Value};

fn main() {
    divan::main();
}

/// An event of the Security channel with that id.
fn logon(event_id: u32) -> Event<'static> {
    let mut event = Event::default();
    event.reset(Kind::WindowsEvent, b"");
    event.event_id = event_id;
    for name in ["SubjectUserName", "TargetDomainName", "IpAddress", "TargetUserName", "Status"] {
        event.push(name.as_bytes(), Value::plain(b"0xc000006a"));
    }
    event
}

/// A request, of which the status decides.
fn request(status: &'static [u8]) -> Event<'static> {
    let mut event = Event::default();
    event.reset(Kind::Iis, b"");
    for name in ["date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-username", "c-ip"] {
        event.push(name.as_bytes(), Value::plain(b"10.0.0.25"));
    }
    event.push(b"sc-win32-status", Value::plain(status));
    event
}

#[divan::bench(args = ["wanted id", "other id", "wanted status", "other status"])]
fn matching(bencher: Bencher<'_, '_>, what: &str) {
    let event = match what {
        "wanted id" => logon(4776),
        "other id" => logon(4624),
        "wanted status" => request(b"1326"),
        _ => request(b"0"),
    };
    let interest = logs::interest();
    let arena = Bump::new();
    let mut found = Vec::new();
    bencher.counter(ItemsCount::new(1_u64)).bench_local(|| {
        interest.matching(&event, &arena, &mut found);
        found.len()
    });
}
