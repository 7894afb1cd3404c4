//! Explanations: what a detector knew when it decided, told only when the host asks.
//!
//! A component built with this SDK says in its schema that it understands the
//! question ([`announce`]); the host asks with the reserved key [`CONFIG_KEY`] of the
//! configuration, and the answers are lines of the log. Nothing of it changes the
//! contract, an alert, or a snapshot.

use std::cell::Cell;
use std::fmt;

use serde_json::{Map, Value};

use crate::time::Timestamp;

/// Key of the configuration, and keyword of the schema that announces it.
pub const CONFIG_KEY: &str = "x-logwasp-explain";

/// How a line of the log begins that is an explanation. Time (nanoseconds), rule, key
/// and reason follow, with a tab before each.
pub const LINE_MARK: &str = "explain";

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static NOW: Cell<Timestamp> = const { Cell::new(0) };
}

/// Says why a rule fired or stayed silent for a key: what was counted, what would have
/// been enough, within which window, what was left out. `reason` is called, and `key`
/// written, only when somebody asked, so a call costs a test of a flag.
///
/// ```
/// # let (count, failures_min) = (3, 5);
/// logwasp_sdk::explain("F1", "user1", || format!("{count} of {failures_min} failures, silent"));
/// ```
pub fn explain(rule: &str, key: impl fmt::Display, reason: impl FnOnce() -> String) {
    if IS_ASKED.get() {
        tell(rule, &key.to_string(), &reason());
    }
}

/// `3 of 5 failures, silent`; the same for all detectors.
pub fn of(count: impl Into<u64>, enough: impl Into<u64>, what: &str) -> String {
    let (count, enough) = (count.into(), enough.into());
    let verdict = if count >= enough { "enough" } else { "silent" };
    format!("{count} of {enough} {what}, {verdict}")
}

#[cold]
fn tell(rule: &str, key: &str, reason: &str) {
    let one_cell = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    let (rule, key, reason) = (one_cell(rule), one_cell(key), one_cell(reason));
    let line = format!("{LINE_MARK}\t{}\t{rule}\t{key}\t{reason}", NOW.get());
    #[cfg(target_family = "wasm")]
    crate::log(crate::Severity::Info, &line);
    #[cfg(not(target_family = "wasm"))]
    native::LINES.with_borrow_mut(|lines| lines.push(line));
}

/// True while the host wants to know; for reasons that take more than a closure.
pub fn is_asked() -> bool {
    IS_ASKED.get()
}

/// The detector that is called next was asked, or not.
pub(crate) fn set_asked(is_asked: bool) {
    IS_ASKED.set(is_asked);
}

/// The event time of what is explained next.
pub(crate) fn set_now(now: Timestamp) {
    NOW.set(now);
}

/// Takes the host's question out of the configuration.
pub(crate) fn take_question(config: &mut Map<String, Value>) -> bool {
    config.remove(CONFIG_KEY).is_some_and(|asked| asked == Value::Bool(true))
}

/// A schema that says that the question is understood.
pub fn announce(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert(CONFIG_KEY.to_owned(), Value::Bool(true));
    }
    schema
}

#[cfg(not(target_family = "wasm"))]
pub(crate) mod native {
    use std::cell::RefCell;

    thread_local! {
        pub(super) static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// Takes what was explained on this thread, as `rule key: reason`.
    pub(crate) fn take() -> Vec<String> {
        let lines = LINES.with_borrow_mut(std::mem::take);
        lines.iter().map(|line| readable(line)).collect()
    }

    fn readable(line: &str) -> String {
        let cells: Vec<&str> = line.splitn(5, '\t').collect();
        let [_, _, rule, key, reason] = cells.as_slice() else { return line.to_owned() };
        format!("{rule} {key}: {reason}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: explanations while nobody asks, and while somebody does.
    /// Guarantees: a reason is not even made in vain; cells stay cells.
    #[test]
    fn only_who_asks_is_answered() {
        set_asked(false);
        explain("F1", "user1", || unreachable!("nobody asked"));
        set_asked(true);
        set_now(7);
        explain("F1", "us\ter1", || of(3_u32, 5_u32, "failures"));
        set_asked(false);
        assert_eq!(native::take(), ["F1 us er1: 3 of 5 failures, silent"]);
    }

    /// Scenario: configurations with and without the question.
    /// Guarantees: the key is taken out, so that options need not know it.
    #[test]
    fn the_question_is_taken_out() {
        let read = |json: &str| -> (bool, usize) {
            let mut config = serde_json::from_str(json).expect("an object");
            (take_question(&mut config), config.len())
        };
        assert_eq!(read(r#"{"x-logwasp-explain": true, "a": 1}"#), (true, 1));
        assert_eq!(read(r#"{"x-logwasp-explain": 1}"#), (false, 0));
        assert_eq!(read(r#"{"a": 1}"#), (false, 1));
    }
}
