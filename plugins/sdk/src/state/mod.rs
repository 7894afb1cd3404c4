//! Bounded memory for detectors: maps and rings with limits in bytes, timers,
//! cooldowns. A flood of fresh keys cannot push out a slow attack: eviction
//! takes keys seen once first, then the oldest, and what is protected last.

mod cases;
mod cooldown;
mod map;
mod ring;
mod timers;

pub use cases::{Cases, Spans, Weight};
pub use cooldown::{Cooldown, Verdict};
pub use map::{BoundedMap, Keep, Weigh};
pub use ring::Ring;
pub use timers::Timers;
