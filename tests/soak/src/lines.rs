//! Numbered lines, as the detector `sequence` counts them.

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

/// Lines with times that go on evenly.
pub(crate) struct Lines {
    start: Timestamp,
    per_second: u64,
    next: u64,
    second: (u64, String),
    padding: String,
}

impl Lines {
    /// So many lines in each second, beginning a day ago.
    pub(crate) fn saved(per_second: u64) -> Self {
        let start = Timestamp::now() - SignedDuration::from_hours(48);
        Self {
            start,
            per_second,
            next: 0,
            second: (u64::MAX, String::new()),
            padding: "x".repeat(80),
        }
    }

    /// The next line. One in `noted_every` is numbered, and the detector's.
    pub(crate) fn write(&mut self, noted_every: u64, out: &mut impl Write) -> io::Result<()> {
        let (second, part) = (self.next / self.per_second, self.next % self.per_second);
        if self.second.0 != second {
            let at = self.start + SignedDuration::from_secs(second as i64);
            self.second = (second, at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        }
        let micros = part * 1_000_000 / self.per_second;
        let time = &self.second.1;
        let (number, padding) = (self.next / noted_every, &self.padding);
        match self.next.is_multiple_of(noted_every) {
            true => writeln!(
                out,
                "<13>1 {time}.{micros:06}Z host1 app 12 - - soak n={number:010} {padding}"
            )?,
            false => writeln!(
                out,
                "<13>1 {time}.{micros:06}Z host1 app 12 - - request of {number:010} is done {padding}"
            )?,
        }
        self.next += 1;
        Ok(())
    }
}

/// A line of this moment.
pub(crate) fn now(text: &str) -> String {
    let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
    format!("<13>1 {time} host1 app 12 - - {text}\n")
}
