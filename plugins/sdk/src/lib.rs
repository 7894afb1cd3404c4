//! Write a logwasp detector: one trait, one macro.
//!
//! A detector is a WebAssembly component that gets rows and gives alerts. It has
//! no clock, no files, no network: the same rows always give the same alerts, and
//! nothing it does can hurt the pipeline or its neighbours.
//!
//! An author writes
//! * what the detector reads, with [`rows!`]: typed columns of typed events;
//! * its options, with [`options!`]: defaults, reader and JSON Schema in one;
//! * [`Detector`]: subscriptions, and what to do with a row and with a deadline;
//! * [`export!`], which makes a component of it.
//!
//! The logic runs natively too: [`testkit`] feeds rows to a detector in a plain
//! unit test, without wasm.
//!
//! ```
//! use logwasp_sdk::testkit::{self, Kit};
//! use logwasp_sdk::*;
//!
//! options! {
//!     /// Options of the detector.
//!     pub struct Config {
//!         /// Failures of one user that make an alert.
//!         failures_min: u32 = 3,
//!     }
//! }
//!
//! rows! {
//!     /// What it reads.
//!     pub enum Row<'a> {
//!         /// A failed logon.
//!         Failure on "windows-event" { user: "TargetUserName" }
//!     }
//! }
//!
//! #[derive(Default, serde::Serialize, serde::Deserialize)]
//! # #[serde(crate = "logwasp_sdk::serde")]
//! pub struct State {
//!     failures: std::collections::BTreeMap<String, u32>,
//! }
//!
//! struct Knocks {
//!     config: Config,
//!     state: State,
//! }
//!
//! impl Detector for Knocks {
//!     const NAME: &'static str = "knocks";
//!     const SUMMARY: &'static str = "Counts failed logons of a user.";
//!     type Config = Config;
//!     type State = State;
//!
//!     fn subscriptions(_: &Config, _: &Site) -> Vec<Subscription> {
//!         vec![Failure::subscribe([equals("@event_id", "4625")])]
//!     }
//!
//!     fn new(config: Config, _: Site, state: State) -> Result<Self, String> {
//!         Ok(Self { config, state })
//!     }
//!
//!     fn event(&mut self, event: &Event<'_>, alerts: &mut Alerts) {
//!         let Some(Row::Failure(row)) = read_row(event) else { return };
//!         let Some(user) = row.user.and_then(identity::user) else { return };
//!         let count = self.state.failures.entry(user.key.clone()).or_default();
//!         *count += 1;
//!         if *count == self.config.failures_min {
//!             alerts.raise(
//!                 Alert::create("F1", &user.key, Severity::Low)
//!                     .title(format!("{} failed logons of {}", count, user.key))
//!                     .seen(event.time(), event.time(), u64::from(*count))
//!                     .entity("user", user.key),
//!             );
//!         }
//!     }
//!
//!     fn state(&self) -> &State {
//!         &self.state
//!     }
//! }
//!
//! logwasp_sdk::export!(Knocks);
//!
//! # fn main() {
//! let mut kit = Kit::<Knocks>::new("{}");
//! for second in 0..3 {
//!     kit.row(testkit::windows(second, "DC01", 4625, &[("TargetUserName", "CONTOSO\\user1")]));
//! }
//! assert_eq!(kit.finish()[0].entity_value("user"), Some("user1"));
//! # }
//! ```

// The macros name the crate by its public path, also inside its own tests.
extern crate self as logwasp_sdk;

pub mod abi;
mod alert;
pub mod book;
mod cadence;
mod detector;
pub mod domain;
mod event;
pub mod explain;
#[cfg(target_family = "wasm")]
pub mod guest;
pub mod http;
pub mod identity;
pub mod mail;
#[doc(hidden)]
pub mod options;
mod site;
pub mod smtp;
pub mod state;
mod subscription;
#[cfg(not(target_family = "wasm"))]
pub mod testkit;
pub mod text;
pub mod time;
pub mod tracking;
pub mod windows;

pub use alert::{Activity, Alert, Alerts, Confidence, Evidence, Severity};
pub use cadence::{Cadence, cadence};
pub use detector::{Detector, Runner, read_row};
pub use event::{Cell, Event, ReadRow, RecordRef, TimeQuality};
pub use explain::explain;
pub use options::{OptionType, Options};
pub use site::{Hosts, Hybrid, Nets, Site};
pub use subscription::{
    Condition, Op, Subscription, absent, any_of, contains, equals, number_in, prefix, present,
    suffix,
};
pub use time::{Duration, Timestamp};

pub use {serde, serde_json};

/// The guide's detector is compiled with the documentation's other examples.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/plugin-guide.md")]
struct Guide;

/// Writes a line to the operator's log; natively to nowhere.
pub fn log(severity: Severity, message: &str) {
    #[cfg(target_family = "wasm")]
    guest::log(severity, message);
    #[cfg(not(target_family = "wasm"))]
    let _ = (severity, message);
}

/// Makes a component of a detector. Natively it expands to nothing, so the same
/// crate is unit-tested without wasm.
#[macro_export]
macro_rules! export {
    ($detector:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "the exported symbols of the canonical ABI")]
        mod guest {
            use super::*;
            use $crate::guest::bindings::logwasp::detector::types;
            use std::cell::RefCell;

            struct Component;

            thread_local! {
                static RUNNER: RefCell<Option<$crate::Runner<$detector>>> =
                    const { RefCell::new(None) };
            }

            fn with_runner<R>(
                f: impl FnOnce(&mut $crate::Runner<$detector>) -> Result<R, String>,
            ) -> Result<R, String> {
                RUNNER.with_borrow_mut(|runner| match runner {
                    Some(runner) => f(runner),
                    None => Err("the detector was not started".to_owned()),
                })
            }

            impl $crate::guest::bindings::Guest for Component {
                fn describe() -> types::Manifest {
                    $crate::guest::describe::<$detector>(env!("CARGO_PKG_VERSION"))
                }

                fn start(
                    config: String,
                    state: Option<Vec<u8>>,
                ) -> Result<Vec<types::Subscription>, String> {
                    let (runner, subscriptions) =
                        $crate::guest::start::<$detector>(&config, state.as_deref())?;
                    RUNNER.with_borrow_mut(|slot| *slot = Some(runner));
                    Ok(subscriptions)
                }

                fn process(batch: Vec<types::Rows>) -> Result<Vec<types::Alert>, String> {
                    let batch = $crate::guest::from_wit_batch(batch);
                    with_runner(|runner| runner.process(&batch)).map($crate::guest::to_wit_alerts)
                }

                fn advance(watermark: i64) -> Result<Vec<types::Alert>, String> {
                    with_runner(|runner| Ok(runner.advance(watermark)))
                        .map($crate::guest::to_wit_alerts)
                }

                fn finish() -> Result<Vec<types::Alert>, String> {
                    with_runner(|runner| Ok(runner.finish())).map($crate::guest::to_wit_alerts)
                }

                fn snapshot() -> Result<Vec<u8>, String> {
                    with_runner(|runner| runner.snapshot())
                }
            }

            $crate::guest::bindings::export_detector!(Component with_types_in $crate::guest::bindings);
        }
    };
}
