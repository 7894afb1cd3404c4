//! A flow's memory: its newest anonymous messages, and what each of the last 75
//! minutes brought.

use std::collections::VecDeque;

use logwasp_sdk::state::{Keep, Weigh};
use logwasp_sdk::time::MINUTE;
use logwasp_sdk::{Evidence, RecordRef, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// A5 compares this span ...
const NOW_MINUTES: i64 = 15;
/// ... with the one before it.
const BEFORE_MINUTES: i64 = 60;
/// Share of anonymous messages that is a break now, and was none before.
const BROKEN_RATIO_MIN: f64 = 0.5;
const SOUND_RATIO_MAX: f64 = 0.1;
/// Messages that make a share meaningful, in either span.
const RATIO_MESSAGES_MIN: u32 = 10;
/// Earlier records that a new alert shows beside the one at hand.
const EARLIER_MAX: usize = 19;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Flow {
    anonymous: VecDeque<Sighting>,
    minutes: VecDeque<Minute>,
    /// An alert of it was raised and no repair was seen through yet.
    alerted: bool,
    /// The first good message after the alert.
    repaired_at: Option<Timestamp>,
    newest_is_good: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Sighting {
    time: Timestamp,
    sender: u64,
    record: RecordRef,
    /// It belongs to a case.
    told: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Minute {
    number: i64,
    internal: u32,
    anonymous: u32,
    /// Time of its first anonymous message.
    first_anonymous: Timestamp,
}

/// What the flow looks like after an anonymous message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    /// Anonymous messages within the window, this one included.
    pub(crate) in_window: usize,
    /// Their senders.
    pub(crate) senders: usize,
    /// Those that belong to no case yet, this one included.
    pub(crate) untold: usize,
    /// Their records before this one, oldest first.
    pub(crate) earlier: Vec<Evidence>,
    pub(crate) broke: Option<Break>,
    /// A repair is spreading.
    pub(crate) is_quiet: bool,
}

/// The turn from Internal to Anonymous.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Break {
    /// The first anonymous message of the last minutes.
    pub(crate) at: Timestamp,
    pub(crate) anonymous: u32,
    pub(crate) internal: u32,
    pub(crate) ratio_before: f64,
}

impl Flow {
    /// Takes a good message; true when it is the first sign of a repair.
    pub(crate) fn internal(&mut self, now: Timestamp) -> bool {
        self.minute(now).internal += 1;
        self.newest_is_good = true;
        let is_repair = self.alerted && self.repaired_at.is_none();
        if is_repair {
            self.repaired_at = Some(now);
        }
        is_repair
    }

    /// Takes an anonymous message.
    pub(crate) fn anonymous(
        &mut self,
        now: Timestamp,
        sender: u64,
        record: RecordRef,
        config: &Config,
    ) -> Counted {
        let minute = self.minute(now);
        minute.anonymous += 1;
        if minute.anonymous == 1 {
            minute.first_anonymous = now;
        }
        self.newest_is_good = false;
        self.forget(now, config);
        let earlier = self.earlier();
        self.anonymous.push_back(Sighting { time: now, sender, record, told: false });
        Counted {
            in_window: self.anonymous.len(),
            untold: self.anonymous.iter().filter(|sighting| !sighting.told).count(),
            senders: self.senders(),
            earlier,
            broke: self.broke(now),
            is_quiet: self.repaired_at.is_some(),
        }
    }

    /// What came so far belongs to a case now, maybe to a new one.
    pub(crate) fn note_told(&mut self, is_new: bool) {
        self.alerted |= is_new;
        self.anonymous.iter_mut().for_each(|sighting| sighting.told = true);
    }

    pub(crate) fn repaired_at(&self) -> Option<Timestamp> {
        self.repaired_at
    }

    /// The repair had its time; true when all is well.
    pub(crate) fn ends_repair(&mut self) -> bool {
        let is_well = self.repaired_at.take().is_some() && self.newest_is_good;
        if is_well {
            self.alerted = false;
        }
        is_well
    }

    /// Makes room for one more within the window and the count that matters.
    fn forget(&mut self, now: Timestamp, config: &Config) {
        let kept_max = config.burst.max(config.min_messages) as usize;
        while self.anonymous.len() >= kept_max
            || self.anonymous.front().is_some_and(|s| now - s.time > config.window.nanos())
        {
            self.anonymous.pop_front();
        }
    }

    fn senders(&self) -> usize {
        let mut senders: Vec<u64> = self.anonymous.iter().map(|sighting| sighting.sender).collect();
        senders.sort_unstable();
        senders.dedup();
        senders.len()
    }

    /// The oldest and the newest of what belongs to no case.
    fn earlier(&self) -> Vec<Evidence> {
        let untold: Vec<_> = self.anonymous.iter().filter(|sighting| !sighting.told).collect();
        let left_out = untold.len().saturating_sub(EARLIER_MAX);
        let shown = untold.iter().enumerate();
        shown
            .filter(|(index, _)| *index == 0 || *index > left_out)
            .map(|(_, sighting)| Evidence {
                record: sighting.record,
                time: sighting.time,
                summary: "own message treated as anonymous".to_owned(),
            })
            .collect()
    }

    fn minute(&mut self, now: Timestamp) -> &mut Minute {
        let number = now.div_euclid(MINUTE);
        let oldest = number - NOW_MINUTES - BEFORE_MINUTES;
        while self.minutes.front().is_some_and(|m| m.number <= oldest) {
            self.minutes.pop_front();
        }
        if self.minutes.back().is_none_or(|newest| newest.number < number) {
            self.minutes.push_back(Minute {
                number,
                internal: 0,
                anonymous: 0,
                first_anonymous: 0,
            });
        }
        self.minutes.back_mut().expect("the newest was just added")
    }

    fn broke(&self, now: Timestamp) -> Option<Break> {
        let turn = now.div_euclid(MINUTE) - NOW_MINUTES;
        let (before, recent): (Vec<&Minute>, Vec<&Minute>) =
            self.minutes.iter().partition(|m| m.number <= turn);
        let (anonymous_before, internal_before) = sums(&before);
        let (anonymous, internal) = sums(&recent);
        let enough = anonymous + internal >= RATIO_MESSAGES_MIN
            && anonymous_before + internal_before >= RATIO_MESSAGES_MIN;
        let ratio_before = ratio(anonymous_before, internal_before);
        if !enough
            || ratio(anonymous, internal) < BROKEN_RATIO_MIN
            || ratio_before > SOUND_RATIO_MAX
        {
            return None;
        }
        let at = recent.iter().find(|m| m.anonymous > 0)?.first_anonymous;
        Some(Break { at, anonymous, internal, ratio_before })
    }
}

fn sums(minutes: &[&Minute]) -> (u32, u32) {
    minutes.iter().fold((0, 0), |(anonymous, internal), m| {
        (anonymous.saturating_add(m.anonymous), internal.saturating_add(m.internal))
    })
}

fn ratio(anonymous: u32, internal: u32) -> f64 {
    let all = f64::from(anonymous) + f64::from(internal);
    if all > 0.0 { f64::from(anonymous) / all } else { 0.0 }
}

impl Break {
    pub(crate) fn ratio(&self) -> f64 {
        ratio(self.anonymous, self.internal)
    }
}

impl Weigh for Flow {
    fn heap_bytes(&self) -> usize {
        self.anonymous.capacity() * size_of::<Sighting>()
            + self.minutes.capacity() * size_of::<Minute>()
    }

    fn keep(&self) -> Keep {
        match self.minutes.len() {
            _ if self.alerted => Keep::Protected,
            0 | 1 => Keep::Once,
            _ => Keep::Several,
        }
    }
}
