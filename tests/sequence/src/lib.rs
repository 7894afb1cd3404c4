//! A detector that proves that every line came, and came once. Lines are numbered
//! from 0: `soak n=0000000123`. A line `soak end` makes it say what it has seen.

use std::collections::BTreeMap;

use logwasp_sdk::{
    Alert, Alerts, Detector, Event, Evidence, Severity, Site, Subscription, contains, options,
    read_row, rows,
};

options! {
    /// What it says beside its account.
    pub struct Config {
        /// Raise an alert for each line whose number this divides; 0 for none.
        alert_every: u32 = 0,
    }
}

rows! {
    /// What it reads.
    pub enum Row<'a> {
        /// A line that is numbered, or the end.
        Line on "syslog" { message: "message" }
    }
}

/// What it has seen.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct State {
    rows: u64,
    repeats: u64,
    late: u64,
    /// Numbers that came: from the first to behind the last.
    ranges: BTreeMap<u64, u64>,
}

impl State {
    /// False for a number that has come before.
    fn add(&mut self, number: u64) -> bool {
        let before = self.ranges.range(..=number).next_back().map(|(from, to)| (*from, *to));
        if before.is_some_and(|(_, to)| number < to) {
            return false;
        }
        let from = before.filter(|(_, to)| *to == number).map_or(number, |(from, _)| from);
        let to = self.ranges.remove(&(number + 1)).unwrap_or(number + 1);
        self.ranges.insert(from, to);
        true
    }

    /// `0-5 7-9`, the first few.
    fn ranges(&self) -> String {
        let ranges = self.ranges.iter().take(20);
        let ranges: Vec<_> = ranges.map(|(from, to)| format!("{from}-{}", to - 1)).collect();
        ranges.join(" ")
    }
}

/// The detector.
#[derive(Debug)]
pub struct Sequence {
    config: Config,
    state: State,
}

impl Detector for Sequence {
    const NAME: &'static str = "sequence";
    const SUMMARY: &'static str = "Counts numbered lines.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        vec![Line::subscribe([contains("message", ["soak "])])]
    }

    fn new(config: Config, _: Site, state: State) -> Result<Self, String> {
        Ok(Self { config, state })
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(Row::Line(line)) = read_row(event) else { return };
        let message = line.message.unwrap_or_default();
        let Some(number) = number(message) else { return self.tell(event, alerts) };
        self.state.rows += 1;
        self.state.late += u64::from(event.is_late());
        self.state.repeats += u64::from(!self.state.add(number));
        if self.config.alert_every > 0 && number.is_multiple_of(u64::from(self.config.alert_every))
        {
            let alert = Alert::create("S2", number.to_string(), Severity::Low)
                .title(format!("line {number}"))
                .description("x".repeat(400))
                .seen(event.time(), event.time(), 1);
            alerts.raise(alert.evidence([Evidence::of(event, "the line")]));
        }
    }

    fn state(&self) -> &State {
        &self.state
    }
}

impl Sequence {
    fn tell(&self, event: &Event<'_>, alerts: &mut Alerts) {
        let State { rows, repeats, late, .. } = self.state;
        let alert = Alert::create("S1", "account", Severity::Info)
            .title("what came")
            .attribute("rows", rows)
            .attribute("repeats", repeats)
            .attribute("late", late)
            .attribute("ranges", self.state.ranges())
            .seen(event.time(), event.time(), rows.max(1));
        alerts.raise(alert);
    }
}

/// The number behind `soak n=`.
fn number(message: &str) -> Option<u64> {
    let (_, rest) = message.split_once("soak n=")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

logwasp_sdk::export!(Sequence);
