//! Scan: which bytes could matter to any detector.
//!
//! From the subscriptions come literals: bytes that stand in every record which
//! can satisfy them, as the record's coat spells them. One SIMD search over a
//! whole chunk finds them; only the records around hits are decoded. The scan may
//! find too much, never too little: a subscription without a literal in a coat
//! makes that coat decode everything.

mod describe;
mod event_id;
mod frequency;
mod literal;
mod plan;
mod searcher;

pub use describe::{Search, searches};
pub use plan::{Mode, Plan};
pub use searcher::Scan;

/// How a record's text spells names and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coat {
    /// Event XML.
    Xml,
    /// A JSON object.
    Json,
    /// A row of an Exchange log.
    Csv,
    /// A row of a W3C log.
    W3c,
    /// A line as it stands.
    Line,
    /// The pairs of a CEF message.
    Cef,
}
