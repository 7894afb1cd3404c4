//! The table, for people and as CSV.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::measure::Cost;

/// How much work a row was.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// Bytes of the input.
    Bytes(u64),
    /// Events.
    Events(u64),
}

impl Amount {
    /// In millions a CPU-second.
    fn speed(self, cost: &Cost) -> f64 {
        let (Self::Bytes(count) | Self::Events(count)) = self;
        count as f64 / 1e6 / cost.cpu.as_secs_f64().max(1e-9)
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Bytes(_) => "MB/s",
            Self::Events(_) => "M events/s",
        }
    }
}

/// One piece of work, done by us and by a peer.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was to be done.
    pub work: String,
    pub amount: Amount,
    pub ours: Cost,
    /// Who else did it, or something that is a part of it.
    pub peer: String,
    /// `None` when the peer is not here.
    pub theirs: Option<Cost>,
    /// How much faster than the peer we mean to be.
    pub goal: Option<f64>,
    pub note: String,
}

impl Row {
    fn ratio(&self) -> Option<f64> {
        self.theirs.map(|theirs| theirs.cpu.as_secs_f64() / self.ours.cpu.as_secs_f64().max(1e-9))
    }

    fn cells(&self) -> [String; 9] {
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.2}"));
        let speed = |cost: Cost| {
            let speed = self.amount.speed(&cost);
            if speed < 100.0 { format!("{speed:.2}") } else { format!("{speed:.0}") }
        };
        [
            self.work.clone(),
            speed(self.ours),
            self.theirs.map(speed).unwrap_or_default(),
            self.amount.unit().to_owned(),
            number(self.ratio()),
            number(self.goal),
            self.peer.clone(),
            match self.ours.rss_bytes_max {
                0 => String::new(),
                bytes => (bytes >> 20).to_string(),
            },
            self.note.clone(),
        ]
    }
}

const HEADS: [&str; 9] =
    ["work", "ours", "peer", "a CPU-second", "ratio", "goal", "who", "MiB", "note"];

/// The table as aligned text.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| lines.iter().filter_map(|l| l.get(column)).map(String::len).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            // Numbers end together.
            if matches!(column, 1 | 2 | 4 | 5 | 7) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// Writes the table as CSV, with the machine's facts above it.
pub(crate) fn record(rows: &[Row], path: &Path, facts: &str) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADS)?;
    for row in rows {
        writer.write_record(row.cells())?;
    }
    let table = String::from_utf8(writer.into_inner()?)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, format!("# {facts}\n{table}"))?)
}

/// The processor, its cores, the kernel: what a number depends on.
pub(crate) fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |m| m.trim_start_matches(['\t', ' ', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, kernel {}", kernel.trim())
}
