//! Crowd: who is read on when many rows wait for their time.
//!
//! Rows wait because time is held back: by the stream whose newest time is the
//! oldest. When room gets scarce the others are not read; they are ahead, and what
//! they give would only wait. So the one behind catches up, time goes on, and no row
//! comes late, however far apart the streams begin.
//!
//! When there is no room at all, time is let go on: at first to where the one behind
//! is, so that `lateness` is given up, but not the order of the streams; only when no
//! row waits up to there, beyond it.

use logwasp_core::time::SECOND;

/// How many rows may wait, and what they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// All may be read.
    Enough,
    /// Those that are ahead are not.
    Little,
    /// None is, until time goes on.
    None,
}

/// A step reads so many bytes for each row that has room: few logs have shorter
/// records.
const ROW_BYTES_MIN: usize = 128;
/// A step reads at least so much.
const STEP_BYTES_MIN: usize = 16 << 10;

impl Waiting {
    /// The room that is left within a bound.
    pub(super) fn room_in(self, bound: Self) -> Room {
        let is_over =
            |part: usize| self.rows >= bound.rows / part || self.bytes >= bound.bytes / part;
        match (is_over(1), is_over(2)) {
            (true, _) => Room::None,
            (false, true) => Room::Little,
            (false, false) => Room::Enough,
        }
    }

    /// How much a step may read, so that its rows do not fill all the room at once.
    pub(super) fn step_bytes(self, bound: Self, most: usize) -> usize {
        let rows = bound.rows.saturating_sub(self.rows) / 4;
        rows.saturating_mul(ROW_BYTES_MIN).clamp(STEP_BYTES_MIN, most)
    }
}

/// To where time is let go on when there is no room: to the stream that is furthest
/// behind, when that helps; else to the middle of what waits. Many logs tell whole
/// seconds: where it helps, the second in which that stream is stays open.
pub(super) fn forced(
    behind: Option<i64>,
    oldest_waiting: Option<i64>,
    middle: Option<i64>,
) -> Option<i64> {
    let behind = behind.into_iter().flat_map(|at| [at.saturating_sub(SECOND), at]);
    let mut helping = behind.filter(|at| Some(*at) >= oldest_waiting);
    helping.next().or(middle)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Scenario: rows, or their bytes, grow up to the bound.
    /// Guarantees: what is scarcer decides; a step never takes more than a quarter of
    /// what is left, but always something.
    #[test]
    fn the_scarcer_decides() {
        let bound = Waiting { rows: 1_000, bytes: 1 << 20 };
        let room = |rows, bytes| Waiting { rows, bytes }.room_in(bound);
        assert_eq!(room(499, 0), Room::Enough);
        assert_eq!(room(500, 0), Room::Little);
        assert_eq!(room(0, 1 << 19), Room::Little);
        assert_eq!(room(1_000, 0), Room::None);
        assert_eq!(room(0, 1 << 20), Room::None);
        let step = |rows| Waiting { rows, bytes: 0 }.step_bytes(bound, 1 << 20);
        assert_eq!((step(0), step(2_000)), (250 * 128, STEP_BYTES_MIN));
        let wide = Waiting { rows: 1 << 30, bytes: 1 << 40 };
        assert_eq!(Waiting { rows: 0, bytes: 0 }.step_bytes(wide, 1 << 20), 1 << 20);
    }

    /// A saved log: times that never go back, all of whose records are wanted.
    struct Log {
        times: Vec<i64>,
        read: usize,
    }

    impl Log {
        fn newest(&self) -> Option<i64> {
            self.times.get(self.read.checked_sub(1)?).copied()
        }

        fn is_ready(&self) -> bool {
            self.read < self.times.len()
        }
    }

    /// Reads logs as the engine does; the most rows that waited, and how many came
    /// late.
    fn read_all(logs: &mut [Log], bound: Waiting, step_rows: usize) -> (usize, usize) {
        const LATENESS: i64 = 5;
        let mut waiting = BTreeSet::new();
        let (mut most, mut late, mut watermark) = (0, 0, i64::MIN);
        while logs.iter().any(Log::is_ready) {
            for index in 0..logs.len() {
                let room = Waiting { rows: waiting.len(), bytes: 0 }.room_in(bound);
                let ready = logs.iter().filter(|log| log.is_ready());
                let behind = ready.map(Log::newest).min().flatten();
                let log = &mut logs[index];
                if room == Room::None || (room == Room::Little && log.newest() > behind) {
                    continue;
                }
                let to = log.times.len().min(log.read + step_rows);
                for place in log.read..to {
                    late += usize::from(log.times[place] <= watermark);
                    waiting.insert((log.times[place], index, place));
                }
                log.read = to;
            }
            most = most.max(waiting.len());
            let rows = |waiting: &BTreeSet<_>| Waiting { rows: waiting.len(), bytes: 0 };
            let ready = || logs.iter().filter(|log| log.is_ready());
            let behind = ready().map(Log::newest).min().flatten();
            if rows(&waiting).room_in(bound) != Room::Enough
                && let Some(behind) = behind
            {
                watermark = watermark.max(behind - LATENESS);
                waiting = waiting.split_off(&(watermark + 1, 0, 0));
            }
            if rows(&waiting).room_in(bound) == Room::None {
                let oldest = waiting.iter().next().map(|key| key.0);
                let middle = waiting.iter().nth(waiting.len() / 2).map(|key| key.0);
                watermark = watermark.max(forced(behind, oldest, middle).expect("rows wait"));
                waiting = waiting.split_off(&(watermark + 1, 0, 0));
            }
        }
        (most, late)
    }

    proptest! {
        /// Scenario: up to six logs that begin and end at any time, thin or dense, are
        /// read together with little room.
        /// Guarantees: what waits stays within the bound and one round of reading; no
        /// row is late.
        #[test]
        fn no_row_is_late_for_want_of_room(
            shapes in proptest::collection::vec((0_i64..5_000, 1_i64..20, 1_usize..3_000), 1..6),
            step_rows in 1_usize..40,
        ) {
            let mut logs: Vec<Log> = shapes
                .iter()
                .map(|(from, gap, count)| Log {
                    times: (0..*count as i64).map(|n| from + n * gap).collect(),
                    read: 0,
                })
                .collect();
            let bound = Waiting { rows: 500, bytes: usize::MAX };
            let (most, late) = read_all(&mut logs, bound, step_rows);
            prop_assert_eq!(late, 0);
            prop_assert!(most < bound.rows + step_rows * logs.len(), "{}", most);
        }
    }
}
