//! Bounded memory for detectors: maps and rings with limits in bytes, timers,
//! cooldowns.
//!
//! # Under a flood
//!
//! A million keys that are seen once each must not push out the one that is seen once
//! a minute. [`BoundedMap`] therefore asks each value how much it deserves to stay
//! ([`Weigh::keep`]), and when its bytes exceed the limit, an eighth of them goes: keys
//! seen once first, then keys seen more often, last what is [`Keep::Protected`]; among
//! equals the oldest by event time. A detector says `Protected` from half of a
//! threshold on and for open incidents; [`Cases`] does so from the second hit of a
//! case, [`crate::book::Book`] from its first. What must go although an incident is
//! open says its last word: [`BoundedMap::touch`] hands it back.
//!
//! Split `state_bytes_max` among the maps of a detector, so that a flood of one kind of
//! key leaves the others alone. Bound what a single key may hold, too: a [`Ring`], a set
//! with a largest size. Compare a new key with few others, never with all.
//!
//! `testkit::Flood` runs a detector through this: something slow begins, very many keys
//! follow, it goes on.

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
