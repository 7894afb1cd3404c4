//! Skeleton.
use logwasp_sdk::*;
options! {
    /// Options.
    pub struct Config {
        /// x
        cooldown: Duration = Duration::minutes(60),
    }
}
rows! {
    /// What it reads.
    pub enum Row<'a> {
        /// A failed logon.
        Failure on "windows-event" { user: "TargetUserName" }
    }
}
/// State.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct State {
    n: u64,
}
/// The detector.
pub struct Skeleton {
    state: State,
}
impl Detector for Skeleton {
    const NAME: &'static str = "skeleton";
    const SUMMARY: &'static str = "Counts failed logons of a user.";
    type Config = Config;
    type State = State;
    fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
        vec![Failure::subscribe([equals("@event_id", "4625")])]
    }
    fn new(_: Config, _: Site, state: State) -> Result<Self, String> {
        Ok(Self { state })
    }
    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        let Some(Row::Failure(row)) = read_row(event) else { return };
        self.state.n += 1;
        alerts.raise(Alert::create("F1", row.user.unwrap_or("?"), Severity::Low).seen(
            event.time(),
            event.time(),
            self.state.n,
        ));
    }
    fn state(&self) -> &State {
        &self.state
    }
}
logwasp_sdk::export!(Skeleton);
