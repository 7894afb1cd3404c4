//! Every bound of the data path, with its reason.

/// Longest record we decode. The longest real ones are Windows events (about
/// 64 KiB, twice that as text) and JSON with a rendered message; a mebibyte
/// leaves room for escaping and still bounds what one sender makes us hold.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// How much of a mail is looked at: its headers and the first text of a bounce.
/// What follows are attachments.
pub const MAIL_BYTES_MAX: usize = 1 << 20;

/// The first record that starts in each block of this size is always decoded:
/// it moves the watermark and proves coverage, whether the scan is on or off.
pub const PROBE_BLOCK_BYTES: u64 = 64 * 1024;

/// The same behind the first [`PROBE_BLOCKS_NEAR_BYTES`]: in a long stream fewer
/// samples prove as much, and decoding many of them costs as much as the scan.
pub const PROBE_BLOCK_FAR_BYTES: u64 = 4 * PROBE_BLOCK_BYTES;

/// Where the blocks of a stream become longer.
pub const PROBE_BLOCKS_NEAR_BYTES: u64 = 64 * PROBE_BLOCK_BYTES;

/// How much of a stream's beginning is looked at to recognise its format.
pub const RECOGNIZE_BYTES_MAX: usize = 64 * 1024;

/// Columns of a tabular log at most. HttpProxy has 76; the rest is nonsense.
pub const COLUMNS_MAX: usize = 512;

/// Depth of nested JSON and XML at most; deeper input is damaged, not recursed into.
pub const DEPTH_MAX: usize = 64;

/// Fields of one event at most; a record with more is damaged.
pub const FIELDS_MAX: usize = 4_096;

/// Bytes of a name that is put together from nested ones. Without a bound, one
/// long outer name would be copied for each of its members.
pub const NAME_BYTES_MAX: usize = 256;

/// How far back and forward the rows of an SMTP session are looked for.
pub const SESSION_LOOKBACK_BYTES: u64 = 32 << 20;

/// How long an SMTP session lasts at most, in nanoseconds.
pub const SESSION_TTL_NANOS: i64 = 15 * 60 * 1_000_000_000;

/// Rows of one SMTP session at most; a session of more is a bulk transfer whose
/// first rows tell what there is to tell.
pub const SESSION_ROWS_MAX: usize = 4_096;

const _: () = assert!(
    PROBE_BLOCK_FAR_BYTES as usize <= FRAME_BYTES_MAX,
    "a block may lie inside one record, and then has no probe"
);
