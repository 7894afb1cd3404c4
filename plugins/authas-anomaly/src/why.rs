//! What is told of decisions when somebody asks.

use logwasp_sdk::explain;

use crate::config::Config;
use crate::flow::Counted;
use crate::foreign;
use crate::inventory::Inventory;
use crate::message::Message;

/// What a message is called in explanations.
fn key(message: &Message) -> &str {
    let named = message.id.as_deref().or(message.sender.as_deref());
    named.or(message.sender_domain.as_deref()).unwrap_or_default()
}

/// A2 and A3: a message is not a stranger's, or not known to be.
pub(crate) fn no_stranger(message: &Message, has_entry: bool, inventory: &Inventory) {
    let why = || {
        if !message.is_internal() {
            "it does not count as internal"
        } else if foreign::is_good(message, inventory) {
            "its source is ours, as it should be"
        } else if has_entry {
            "its source is ours, or nobody knows"
        } else {
            "no host of the Internet handed it to us without authentication"
        }
    };
    explain("A2", key(message), || format!("{}, silent", why()));
    explain("A3", key(message), || {
        let brought = message.organization.len();
        format!("{brought} headers of Exchange, none that a stranger brought along, silent")
    });
}

/// A1 and A5: a message that is no passage of a flow of ours.
pub(crate) fn no_flow(message: &Message, because: &str) {
    explain("A1", key(message), || format!("{because}, silent"));
}

/// A1 and A5: an anonymous message was counted.
pub(crate) fn anonymous(flow: &str, counted: &Counted, config: &Config) {
    let quiet = || if counted.is_quiet { ", held back by `post_fix_quiet`" } else { "" };
    explain("A1", flow, || {
        let (seen, min, window) = (counted.in_window, config.min_messages, config.window);
        let is_enough = seen >= min as usize && !counted.is_quiet;
        let verdict = if is_enough { "enough" } else { "silent" };
        let quiet = quiet();
        format!("{seen} of {min} own messages anonymous within {window}{quiet}, {verdict}")
    });
    explain("A5", flow, || match &counted.broke {
        Some(broke) => {
            let (now, before) = (broke.ratio(), broke.ratio_before);
            format!("{now:.2} of 15m anonymous after {before:.2} of the hour before{}", quiet())
        }
        None => "no break: it needs 10 messages in 15m of which half are anonymous, after an hour \
             with 10 messages of which a tenth was, silent"
            .to_owned(),
    });
}

/// A1 and A5: a message was treated as it should.
pub(crate) fn internal(flow: &str, is_repair: bool) {
    explain("A1", flow, || match is_repair {
        true => "treated as internal again: a repair begins to spread".to_owned(),
        false => "treated as internal, as it should be, silent".to_owned(),
    });
}

/// A4: which mechanisms are usual.
pub(crate) fn baseline(key: &str, min: u32, is_usual: bool, known: impl FnOnce() -> (u32, bool)) {
    explain("A4", key, || {
        let (messages, is_known) = known();
        let is_new = !is_usual && !is_known;
        let known = if is_new { "an unknown mechanism" } else { "a known mechanism" };
        let verdict = if is_new && messages >= min { "enough" } else { "silent" };
        format!("{known} after {messages} of {min} messages within 7d, {verdict}")
    });
}
