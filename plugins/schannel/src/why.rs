//! What is told of decisions when somebody asks.

use logwasp_sdk::time::format_timestamp;
use logwasp_sdk::{Timestamp, explain};

use crate::config::Config;
use crate::incident::{Step, Tally};
use crate::noise::Period;
use crate::subject::Key;

/// A hit was counted.
pub(crate) fn counted(key: &Key, tally: &Tally, step: &Step, config: &Config) {
    let rule = key.subject.rule();
    explain(rule, key, || {
        let (seen, min, window) = (tally.waiting(), key.subject.hits_min(config), config.window);
        match step {
            Step::Wait => format!("{seen} of {min} records within {window}, silent"),
            Step::Create { .. } => format!("{min} of {min} records within {window}, enough"),
            Step::Update => "one more of an open incident, told now".to_owned(),
            Step::Hold { until } => {
                format!("one more of an open incident, told at {}", format_timestamp(*until))
            }
        }
    });
}

/// A hit came behind its time.
pub(crate) fn late(key: &Key) {
    explain(key.subject.rule(), key, || {
        "a late record: it may join an open incident, and begins none".to_owned()
    });
}

/// The noise of a host so far.
pub(crate) fn noise(host: &str, period: &Period, until: Timestamp, config: &Config) {
    explain("N", host, || {
        let (count, min) = (period.count(), config.summary_min);
        let (paired, until) = (period.paired, format_timestamp(until));
        let verdict =
            if count >= u64::from(min) { "summed up" } else { "dropped if no more comes" };
        format!("{count} of {min} noise records, {paired} paired, {verdict} at {until}")
    });
}

/// The period of a host ended.
pub(crate) fn dropped(host: &str, period: &Period, config: &Config) {
    explain("N", host, || {
        let (count, min) = (period.count(), config.summary_min);
        format!("{count} of {min} noise records in {}, silent", config.summary_interval)
    });
}

/// A logon that is not counted.
pub(crate) fn ignored(user: &str) {
    explain("R0", user, || {
        "not counted: a computer's account, one of `site.ignore_users`, or loopback, silent"
            .to_owned()
    });
}

/// A code that is noise by the options.
pub(crate) fn noise_code(code: Option<u32>) {
    explain("R0b", format_args!("0x{:08X}", code.unwrap_or_default()), || {
        "not counted: one of `noise_substatus`, silent".to_owned()
    });
}

/// A TLS alert that says nothing about the set-up.
pub(crate) fn harmless_alert(alert: u32) {
    explain("R4", "", || {
        format!("TLS alert {alert} is not counted: it says nothing of the set-up")
    });
}
