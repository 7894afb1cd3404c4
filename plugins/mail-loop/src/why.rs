//! What is told of decisions when somebody asks.

use logwasp_sdk::{Cell, explain};

use crate::config::Config;

/// L2: a message came by once more.
pub(crate) fn visited(message_id: Cell<'_>, receives: usize, went_out: bool, config: &Config) {
    explain("L2", message_id.unwrap_or_default(), || {
        let (min, window) = (config.loop_receives, config.window);
        let counted = format!("received {receives} of {min} times by one server within {window}");
        match (receives >= min as usize, went_out) {
            (false, _) => format!("{counted}, silent"),
            (true, false) => format!("{counted}, but never sent elsewhere between, silent"),
            (true, true) => format!("{counted}, and sent elsewhere between, enough"),
        }
    });
}

/// L1 and L3: a mail without a reply that ends a loop, and without the marks of one.
pub(crate) fn no_loop(message_id: Option<&str>, attributed: Option<u64>, config: &Config) {
    explain("L3", message_id.unwrap_or_default(), || {
        let passes = attributed.map_or_else(|| "absent".to_owned(), |n| n.to_string());
        let min = config.attr_min;
        format!(
            "no 5.4.6 or 5.4.14 in it; X-EOPAttributedMessage {passes}, at least {min} would \
             be a mark; Received lines, servers and stamps show no circle, silent"
        )
    });
}

/// L1: a line or a reply of another kind.
pub(crate) fn no_reply(host: Cell<'_>) {
    explain("L1", host.unwrap_or_default(), || {
        "no reply that ends a loop (5.4.6, 5.4.14) with its words, silent".to_owned()
    });
}

/// A record came behind its time and no incident is open.
pub(crate) fn late(rule: &str, group: &str) {
    explain(rule, group, || "a late record begins no incident, silent".to_owned());
}
