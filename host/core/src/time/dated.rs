//! The time of a dated line: what stands at or near the beginning of a line of any
//! of the usual loggers. What could as well be part of the message is no time.

mod place;
mod shape;

pub use place::{Dated, dated};
pub use shape::stamp_at_start;
