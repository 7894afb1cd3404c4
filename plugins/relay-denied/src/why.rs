//! What is told of decisions when somebody asks.

use logwasp_sdk::explain;

use crate::config::Config;
use crate::rows::{Row, Session};
use crate::rule::{HARVEST_MIN, PROBE_DOMAINS_MIN, Rule};
use crate::track::{Step, Track};

/// A refusal was counted.
pub(crate) fn counted(key: &str, track: &Track, step: Step, config: &Config) {
    explain(track.rule.code(), key, || {
        let counted = words(track, config);
        match step {
            Step::Nothing => format!("{counted}, silent"),
            Step::Full => format!("{counted}, enough, but too many incidents are open: shared"),
            Step::Create => format!("{counted}, enough"),
            Step::Update | Step::Hold => format!("{counted}, the incident is open"),
        }
    });
}

fn words(track: &Track, config: &Config) -> String {
    let (refusals, distinct) = track.within_window();
    let (min, window) = (track.rule.refusals_min(config), config.window);
    match track.rule {
        Rule::Harvest => {
            format!("{distinct} of {HARVEST_MIN} unknown recipients within {window}")
        }
        Rule::Internet => {
            let relay = if track.open_relay { ", and one foreign recipient was taken" } else { "" };
            format!(
                "{refusals} of {min} refusals, {distinct} of {PROBE_DOMAINS_MIN} recipient \
                 domains within {window}{relay}"
            )
        }
        _ => format!("{refusals} of {min} refusals within {window}"),
    }
}

/// A refusal came behind its time.
pub(crate) fn late(rule: Rule, key: &str) {
    explain(rule.code(), key, || {
        "a late refusal: it may join an open incident, and begins none".to_owned()
    });
}

/// A row that refuses nothing.
pub(crate) fn no_refusal(row: &Session<'_>) {
    explain("", row.ip.unwrap_or_default(), || {
        let (reply, direction) = (row.reply.unwrap_or("-"), row.direction.unwrap_or("-"));
        format!("{reply:?} in a {direction} log is no refusal to relay that counts, silent")
    });
}

/// A text that quotes no refusal that counts.
pub(crate) fn no_quote(row: &Row<'_>) {
    let whose = match row {
        Row::Mail(_) => None,
        Row::Syslog(row) => row.host,
        Row::Text(row) => row.host,
        Row::Tracking(row) => row.message_id,
        Row::Session(_) | Row::Command(_) | Row::Coverage(_) => return,
    };
    explain("R9", whose.unwrap_or_default(), || {
        "the text quotes no refusal to relay with its code and its words, silent".to_owned()
    });
}
