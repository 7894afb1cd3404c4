//! A detector that takes every line of an IIS log, reads three columns of it, and
//! says in the end what it counted: the least that a detector can do with a row.

use logwasp_sdk::{
    Alert, Alerts, Detector, Event, Severity, Site, Subscription, options, read_row, rows,
};

options! {
    /// It has none.
    pub struct Config {}
}

rows! {
    /// What it reads.
    pub enum Row<'a> {
        /// Any request.
        Request on "iis" { user: "cs-username", client: "c-ip", status: "sc-status" }
    }
}

/// What it counted.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct State {
    rows: u64,
    bytes: u64,
}

/// The detector.
#[derive(Debug)]
pub struct Count {
    state: State,
}

impl Detector for Count {
    const NAME: &'static str = "count";
    const SUMMARY: &'static str = "Counts the lines of IIS logs.";
    type Config = Config;
    type State = State;

    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        vec![Request::subscribe([])]
    }

    fn new(_: Config, _: Site, state: State) -> Result<Self, String> {
        Ok(Self { state })
    }

    fn event(&mut self, event: &Event<'_>, _: &mut Alerts) {
        let Some(Row::Request(request)) = read_row(event) else { return };
        let cells = [request.user, request.client, request.status];
        self.state.rows += 1;
        self.state.bytes += cells.iter().flatten().map(|cell| cell.len() as u64).sum::<u64>();
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        let title = format!("{} rows, {} bytes", self.state.rows, self.state.bytes);
        alerts.raise(Alert::create("C1", "all", Severity::Info).title(title));
    }

    fn state(&self) -> &State {
        &self.state
    }
}

logwasp_sdk::export!(Count);
