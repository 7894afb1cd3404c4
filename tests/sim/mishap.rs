//! What goes wrong, by a seed of its own.

use std::time::Duration;

use crate::checkpoint::power_cut::{Coin, Survivors};

/// Something that goes wrong at a moment.
#[derive(Debug, Clone)]
pub(super) struct Mishap {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    /// How long the service is down after it, or stands still.
    pub(super) down: Duration,
    /// The power goes once more, before this operation of the next start.
    pub(super) again: Option<u64>,
}

/// What it is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The process is killed between two steps; the system keeps what was written.
    Kill,
    /// The power goes before this many more operations of the disk.
    Cut(u64, Survivors),
    /// The disk is full after this many more operations, until after the next start.
    Full(u64),
    /// The process stands still, as a machine that is suspended.
    Stall,
    /// A detector fails at one of its next calls.
    Fault(&'static str, u32),
}

/// Two faults stop nobody.
const FAULTS_MAX: usize = 2;

/// Draws up to eight mishaps until the end, in the order of time.
pub(super) fn mishaps(seed: u64, end: Duration) -> Vec<Mishap> {
    let mut coin = Coin(seed ^ 0x6d69_7368_6170);
    let mut faults = 0;
    let mut mishaps = Vec::new();
    for _ in 0..3 + coin.next() % 8 {
        let at = Duration::from_millis(coin.next() % (end.as_millis() as u64 + 30_000));
        let kind = match coin.next() % 10 {
            0..=2 => Kind::Kill,
            3 => Kind::Full(coin.next() % 12),
            4 => Kind::Stall,
            5 if faults < FAULTS_MAX => {
                faults += 1;
                let name = ["lockout", "incident"][coin.next() as usize % 2];
                Kind::Fault(name, (coin.next() % 12) as u32)
            }
            _ => Kind::Cut(coin.next() % 24, survivors(&mut coin)),
        };
        let down = Duration::from_millis(match coin.next() % 3 {
            0 => 0,
            _ => coin.next() % 8_000,
        });
        let again = coin.next().is_multiple_of(3).then(|| coin.next() % 60);
        mishaps.push(Mishap { at, kind, down, again });
    }
    mishaps.sort_by_key(|mishap| mishap.at);
    mishaps
}

fn survivors(coin: &mut Coin) -> Survivors {
    match coin.next() % 3 {
        0 => Survivors::Nothing,
        1 => Survivors::Everything,
        _ => Survivors::Some(coin.next()),
    }
}
