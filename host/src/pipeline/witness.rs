//! A witness looks on while inputs are read; nothing that it does changes anything.

use bumpalo::Bump;
use logwasp_core::event::Event;
use logwasp_core::format::Format;

/// Sees what the detectors could see.
pub trait Witness: Sync {
    /// An input that is not empty has this format.
    fn recognized(&self, format: Format);

    /// An event that was decoded, made of a session, of what was covered, or of an
    /// alert. `record` is its reference, 0 for none.
    fn see<'c>(&self, event: &Event<'c>, record: u64, arena: &'c Bump);
}
