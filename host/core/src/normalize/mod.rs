//! Normalize: one name for one thing, whatever the coat.

pub(crate) mod windows;
