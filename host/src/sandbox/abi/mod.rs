//! Conversions between the contract's types and ours; nothing else happens here.
//! A new version of the contract is a new file, chosen once when a component is
//! loaded.

pub(super) mod v0_1;
