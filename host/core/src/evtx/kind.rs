//! The numbers of the value types (MS-EVEN6 2.2.12, `Value Type`).

pub(super) const NULL: u8 = 0x00;
pub(super) const STRING: u8 = 0x01;
pub(super) const ANSI_STRING: u8 = 0x02;
pub(super) const INT8: u8 = 0x03;
pub(super) const UINT8: u8 = 0x04;
pub(super) const INT16: u8 = 0x05;
pub(super) const UINT16: u8 = 0x06;
pub(super) const INT32: u8 = 0x07;
pub(super) const UINT32: u8 = 0x08;
pub(super) const INT64: u8 = 0x09;
pub(super) const UINT64: u8 = 0x0A;
pub(super) const REAL32: u8 = 0x0B;
pub(super) const REAL64: u8 = 0x0C;
pub(super) const BOOL: u8 = 0x0D;
pub(super) const BINARY: u8 = 0x0E;
pub(super) const GUID: u8 = 0x0F;
pub(super) const SIZE_T: u8 = 0x10;
pub(super) const FILETIME: u8 = 0x11;
pub(super) const SYSTEMTIME: u8 = 0x12;
pub(super) const SID: u8 = 0x13;
pub(super) const HEX_INT32: u8 = 0x14;
pub(super) const HEX_INT64: u8 = 0x15;
pub(super) const BIN_XML: u8 = 0x21;
/// Set on the type of an element, it makes the type of the array.
pub(super) const ARRAY: u8 = 0x80;
