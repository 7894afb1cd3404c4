//! The zone of each host, for formats that write local time.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil;
use jiff::tz::TimeZone;

use super::civil::civil_from_days;
use super::{DAY, HOUR, SECOND};
use crate::bytes::split_once;

/// The zone of each host, for formats that write local time.
#[derive(Debug, Clone)]
pub struct Zones {
    default: Zone,
    by_host: Vec<(Box<[u8]>, Zone)>,
}

impl Zones {
    /// All hosts in one zone.
    pub fn all_in(default: TimeZone) -> Self {
        Self { default: Zone::new(default), by_host: Vec::new() }
    }

    /// Sets the zone of one host; hosts are compared by their first DNS label,
    /// without regard to case.
    pub fn set(&mut self, host: &str, zone: TimeZone) {
        let name = first_label(host.as_bytes()).to_ascii_lowercase().into();
        self.by_host.push((name, Zone::new(zone)));
    }

    /// The zone of a host.
    pub fn of(&self, host: Option<&[u8]>) -> &Zone {
        let Some(host) = host.filter(|_| !self.by_host.is_empty()) else { return &self.default };
        let label = first_label(host);
        let found = self.by_host.iter().find(|(name, _)| name.eq_ignore_ascii_case(label));
        found.map_or(&self.default, |(_, zone)| zone)
    }
}

fn first_label(host: &[u8]) -> &[u8] {
    split_once(host, b'.').map_or(host, |(label, _)| label)
}

/// A zone that remembers the offset it used last: rules are looked up once in a
/// quarter of an hour of the log, not once a record.
#[derive(Debug)]
pub struct Zone {
    rules: TimeZone,
    /// Nanoseconds east of UTC of a zone that never changes.
    fixed: Option<i64>,
    /// A block of civil time with one offset, see [`Block`].
    last: AtomicI64,
}

impl Clone for Zone {
    fn clone(&self) -> Self {
        Self::new(self.rules.clone())
    }
}

/// A quarter of an hour: no zone changes its offset inside one and back.
const BLOCK: i64 = HOUR / 4;

/// A block and the offset that holds from its start to its end, in one number that
/// threads can share: the block's index above, seconds of the offset below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    index: i64,
    offset_s: i64,
}

impl Block {
    const OFFSET_BITS: u32 = 20;
    const BIAS: i64 = 1 << (Self::OFFSET_BITS - 1);

    fn pack(self) -> i64 {
        (self.index << Self::OFFSET_BITS) | (self.offset_s + Self::BIAS)
    }

    fn unpack(packed: i64) -> Self {
        let offset_s = (packed & ((1 << Self::OFFSET_BITS) - 1)) - Self::BIAS;
        Self { index: packed >> Self::OFFSET_BITS, offset_s }
    }
}

impl Zone {
    /// A zone.
    pub fn new(zone: TimeZone) -> Self {
        let fixed = zone.to_fixed_offset().ok().map(|offset| i64::from(offset.seconds()) * SECOND);
        Self { rules: zone, fixed, last: AtomicI64::new(i64::MIN) }
    }

    /// Civil nanoseconds to UTC. In a fold of daylight saving time the earlier of
    /// both instants is meant, in a gap the offset before it holds, as RFC 5545 has
    /// it.
    pub fn to_utc(&self, civil_nanos: i64) -> i64 {
        if let Some(fixed) = self.fixed {
            return civil_nanos.saturating_sub(fixed);
        }
        let index = civil_nanos.div_euclid(BLOCK);
        let last = Block::unpack(self.last.load(Ordering::Relaxed));
        if last.index == index {
            return civil_nanos.saturating_sub(last.offset_s * SECOND);
        }
        if let Some(block) = self.block(index) {
            self.last.store(block.pack(), Ordering::Relaxed);
        }
        self.look_up(civil_nanos).unwrap_or(civil_nanos)
    }

    /// The block of that index, if one offset holds in all of it.
    fn block(&self, index: i64) -> Option<Block> {
        let offset_at = |civil_nanos: i64| Some(civil_nanos - self.look_up(civil_nanos)?);
        let start = offset_at(index.checked_mul(BLOCK)?)?;
        let end = offset_at(index.checked_add(1)?.checked_mul(BLOCK)? - 1)?;
        (start == end).then_some(Block { index, offset_s: start / SECOND })
    }

    fn look_up(&self, civil_nanos: i64) -> Option<i64> {
        let (days, within) = (civil_nanos.div_euclid(DAY), civil_nanos.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let date = civil::Date::new(year.try_into().ok()?, month as i8, day as i8).ok()?;
        let time = civil::Time::new(
            (within / HOUR) as i8,
            (within / SECOND / 60 % 60) as i8,
            (within / SECOND % 60) as i8,
            (within % SECOND) as i32,
        )
        .ok()?;
        let timestamp = self.rules.to_timestamp(date.to_datetime(time)).ok()?;
        i64::try_from(timestamp.as_nanosecond()).ok()
    }
}
