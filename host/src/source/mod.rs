//! Sources: bytes and where they stand. What is in them is not known here.

mod expand;
mod open;
mod text;

pub use expand::{Input, expand};
pub use open::{Opened, open};
pub(crate) use open::{open_decompressed, peek};
pub use text::Utf16Reader;
