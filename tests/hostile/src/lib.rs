//! A detector that misbehaves as its options say. It proves what the sandbox
//! promises: whatever a guest does is a fault with its name.

use logwasp_sdk::{
    Alert, Alerts, Detector, Event, Evidence, Severity, Site, Subscription, any_of, options, rows,
};

options! {
    /// What to do wrong, and when.
    pub struct Config {
        /// `loop`, `trap`, `overflow`, `memory`, `title`, `flood`, `rule`, `utf8`, `pointer`,
        /// `evidence`, `log`, `refuse`, `kind`, `op`, or `nothing`.
        misdeed: String = "nothing".to_owned(),
        /// `start`, `event`, `finish` or `snapshot`.
        moment: String = "event".to_owned(),
        /// Behave well for so many rows.
        good_rows: u32 = 0,
    }
}

rows! {
    /// What it reads.
    pub enum Row<'a> {
        /// Any logon event.
        Any on "windows-event" { user: "TargetUserName" }
    }
}

/// What a snapshot holds.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct State {
    rows: u32,
}

/// The detector.
#[derive(Debug)]
pub struct Hostile {
    config: Config,
    state: State,
}

impl Hostile {
    fn misbehave(&self, moment: &str, alerts: &mut Alerts) {
        if self.config.moment != moment || self.state.rows < self.config.good_rows {
            return;
        }
        match self.config.misdeed.as_str() {
            "loop" => forever(),
            "trap" => panic!("on purpose"),
            "overflow" => drop(deep(0)),
            "memory" => grow(),
            "log" => (0..10_000).for_each(|n| logwasp_sdk::log(Severity::Low, &format!("{n}"))),
            "flood" => (0..20_000).for_each(|n| alerts.raise(alert(&n.to_string()))),
            "title" => alerts.raise(alert("k").title("x".repeat(1 << 20))),
            "rule" => alerts.raise(Alert { rule: "../etc".to_owned(), ..alert("k") }),
            "utf8" => alerts.raise(alert("k").title(lie::not_utf8())),
            "pointer" => alerts.raise(alert("k").title(lie::out_of_bounds())),
            "evidence" => alerts.raise(alert("k").evidence([made_up()])),
            _ => {}
        }
    }
}

fn alert(key: &str) -> Alert {
    Alert::create("H1", key, Severity::Low).title("hello")
}

/// A reference that the host never gave.
fn made_up() -> Evidence {
    Evidence { record: u64::MAX, time: i64::MAX, summary: "made up".to_owned() }
}

fn forever() {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "on purpose")]
fn deep(number: u64) -> u64 {
    let frame = std::hint::black_box([number; 64]);
    deep(number + 1) + frame[0]
}

fn grow() {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

/// Strings that are none, to be lowered by the canonical ABI.
#[allow(unsafe_code, reason = "the lie itself")]
mod lie {
    /// SAFETY: broken on purpose, inside a sandbox: the host must refuse the bytes.
    pub(super) fn not_utf8() -> String {
        unsafe { String::from_utf8_unchecked(vec![0xff; 8]) }
    }

    /// SAFETY: broken on purpose, inside a sandbox: the host must not read beyond the
    /// guest's memory.
    pub(super) fn out_of_bounds() -> String {
        let mut text = String::from("short");
        unsafe { text.as_mut_vec().set_len(1 << 30) };
        text
    }
}

impl Detector for Hostile {
    const NAME: &'static str = "hostile";
    const SUMMARY: &'static str = "Misbehaves as its options say.";
    type Config = Config;
    type State = State;

    fn subscriptions(config: &Config, _: &Site) -> Vec<Subscription> {
        let all = Any::subscribe([any_of("@event_id", ["4740", "4625"])]);
        match config.misdeed.as_str() {
            "subscriptions" => vec![all; 10_000],
            "op" => vec![Any::subscribe([any_of("@when", ["now"])])],
            _ => vec![all],
        }
    }

    fn new(config: Config, _: Site, state: State) -> Result<Self, String> {
        if config.misdeed == "refuse" {
            return Err("I do not want to".to_owned());
        }
        let hostile = Self { config, state };
        hostile.misbehave("start", &mut Alerts::default());
        Ok(hostile)
    }

    fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
        alerts.raise(alert(&format!("good {}", self.state.rows)).seen(
            event.time(),
            event.time(),
            1,
        ));
        self.misbehave("event", alerts);
        self.state.rows += 1;
    }

    fn finish(&mut self, alerts: &mut Alerts) {
        self.misbehave("finish", alerts);
    }

    fn state(&self) -> &State {
        &self.state
    }
}

logwasp_sdk::export!(Hostile);
