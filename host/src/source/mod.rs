//! Sources: bytes and where they stand. What is in them is not known here.

mod expand;
mod open;
pub mod stdin;
pub mod syslog;
pub mod tail;
mod text;

pub use expand::{Input, expand};
pub(crate) use open::peek;
pub use open::{Opened, open};
pub use text::Utf16Reader;
