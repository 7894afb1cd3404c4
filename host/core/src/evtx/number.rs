//! Numbers, times and identifiers, written as Windows writes them in Event XML.
//!
//! Owns spelling only; which bytes are what is `value`'s business.

use bumpalo::Bump;

/// A few bytes in the arena, written from their end: so the digits of a number come.
struct Backward<'c> {
    bytes: &'c mut [u8],
    start: usize,
}

impl<'c> Backward<'c> {
    fn new(capacity: usize, arena: &'c Bump) -> Self {
        Self { bytes: arena.alloc_slice_fill_copy(capacity, 0), start: capacity }
    }

    fn push(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }

    fn decimal(&mut self, number: u64) {
        let mut rest = number;
        loop {
            self.push(b'0' + (rest % 10) as u8);
            rest /= 10;
            if rest == 0 {
                return;
            }
        }
    }

    /// The last `width` digits of `number`.
    fn padded(&mut self, number: u64, width: usize) {
        let mut rest = number;
        for _ in 0..width {
            self.push(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
    }

    fn finish(self) -> &'c [u8] {
        let bytes: &'c [u8] = self.bytes;
        bytes.get(self.start..).unwrap_or_default()
    }
}

/// A hexadecimal digit; `ten` is the letter for the first one behind 9.
const fn digit(nibble: u8, ten: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { ten + (nibble - 10) }
}

pub(super) fn unsigned(number: u64, arena: &Bump) -> &[u8] {
    const DIGITS: &[u8; 10] = b"0123456789";
    // Levels, versions, opcodes.
    let small = usize::try_from(number).ok().and_then(|at| DIGITS.get(at..=at));
    if let Some(digit) = small {
        return digit;
    }
    let mut out = Backward::new(20, arena);
    out.decimal(number);
    out.finish()
}

pub(super) fn signed(number: i64, arena: &Bump) -> &[u8] {
    if let Ok(number) = u64::try_from(number) {
        return unsigned(number, arena);
    }
    let mut out = Backward::new(20, arena);
    out.decimal(number.unsigned_abs());
    out.push(b'-');
    out.finish()
}

/// `0x` and lower-case digits without leading zeros.
pub(super) fn hex(number: u64, arena: &Bump) -> &[u8] {
    if number == 0 {
        return b"0x0";
    }
    let mut out = Backward::new(18, arena);
    let mut rest = number;
    while rest > 0 {
        out.push(digit(rest as u8 & 15, b'a'));
        rest >>= 4;
    }
    out.push(b'x');
    out.push(b'0');
    out.finish()
}

/// The shortest digits that give the number back.
pub(super) fn float(number: impl std::fmt::Debug, arena: &Bump) -> &[u8] {
    bumpalo::format!(in arena, "{:?}", number).into_bump_str().as_bytes()
}

/// Binary data: two upper-case digits a byte.
pub(super) fn binary<'c>(bytes: &[u8], arena: &'c Bump) -> &'c [u8] {
    let pair = |byte: &u8| [digit(byte >> 4, b'A'), digit(byte & 15, b'A')];
    let pairs: &[[u8; 2]] = arena.alloc_slice_fill_iter(bytes.iter().map(pair));
    pairs.as_flattened()
}

/// `{54849625-5478-4994-a5ba-3e3b0328c30d}`: the first three parts are little-endian.
pub(super) fn guid(bytes: [u8; 16], arena: &Bump) -> &[u8] {
    let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5] =
        bytes.map(|byte| [digit(byte >> 4, b'a'), digit(byte & 15, b'a')]);
    // Written out, it is a third of the work of a loop.
    arena.alloc([
        b'{', a3[0], a3[1], a2[0], a2[1], a1[0], a1[1], a0[0], a0[1], b'-', b1[0], b1[1], b0[0],
        b0[1], b'-', c1[0], c1[1], c0[0], c0[1], b'-', d0[0], d0[1], d1[0], d1[1], b'-', e0[0],
        e0[1], e1[0], e1[1], e2[0], e2[1], e3[0], e3[1], e4[0], e4[1], e5[0], e5[1], b'}',
    ])
}

/// `S-1-5-18` (MS-DTYP 2.4.2); `None` when the bytes end too early.
pub(super) fn sid<'c>(bytes: &[u8], arena: &'c Bump) -> Option<&'c [u8]> {
    let (&[revision, count, authority @ ..], rest) = bytes.split_first_chunk::<8>()?;
    let authority = authority.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let parts = rest.get(..usize::from(count) * 4)?.as_chunks::<4>().0;
    // `S-255-`, fifteen digits of authority, eleven bytes for each part.
    let mut out = Backward::new(21 + parts.len() * 11, arena);
    for part in parts.iter().rev() {
        out.decimal(u32::from_le_bytes(*part).into());
        out.push(b'-');
    }
    out.decimal(authority);
    out.push(b'-');
    out.decimal(revision.into());
    out.push(b'-');
    out.push(b'S');
    Some(out.finish())
}

/// FILETIME ticks of 100 ns in a second and in a day.
const SECOND_TICKS: u64 = 10_000_000;
pub(super) const DAY_TICKS: u64 = 86_400 * SECOND_TICKS;

/// A FILETIME with seven digits of fraction. Windows writes years of more than four
/// digits with the last four, and zeros when the highest bit is set.
pub(super) fn filetime(ticks: u64, arena: &Bump) -> &[u8] {
    if i64::try_from(ticks).is_err() {
        return b"0000-00-00T00:00:00.0000000Z";
    }
    let (year, month, day) = date(ticks / DAY_TICKS);
    let within = ticks % DAY_TICKS;
    let seconds = within / SECOND_TICKS;
    let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60];
    stamp([year, month, day], clock, within % SECOND_TICKS, arena)
}

/// A SYSTEMTIME: eight numbers of 16 bits. One that is no time reads as the first
/// moment of 1601.
pub(super) fn systemtime(bytes: [u8; 16], arena: &Bump) -> &[u8] {
    let mut numbers = [0_u64; 8];
    for (number, pair) in numbers.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *number = u64::from(u16::from_le_bytes(*pair));
    }
    let [year, month, _, day, hour, minute, second, milli] = numbers;
    let is_date = (1601..=30_827).contains(&year) && day > 0 && day <= days_in_month(year, month);
    if is_date && hour < 24 && minute < 60 && second < 60 && milli < 1_000 {
        stamp([year, month, day], [hour, minute, second], milli * 10_000, arena)
    } else {
        filetime(0, arena)
    }
}

fn stamp(date: [u64; 3], clock: [u64; 3], ticks: u64, arena: &Bump) -> &[u8] {
    let ([year, month, day], [hour, minute, second]) = (date, clock);
    let mut out = Backward::new(28, arena);
    out.push(b'Z');
    out.padded(ticks, 7);
    let parts = [(b'.', second), (b':', minute), (b':', hour), (b'T', day), (b'-', month)];
    for (mark, number) in parts {
        out.push(mark);
        out.padded(number, 2);
    }
    out.push(b'-');
    out.padded(year, 4);
    out.finish()
}

/// The date that many days after 1601-01-01 (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01 in eras of 400 years.
    let z = days + 584_694;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (era * 400 + yoe + u64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}
