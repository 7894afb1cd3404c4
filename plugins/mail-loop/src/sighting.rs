//! One record that tells of a loop.

use std::collections::BTreeSet;

use logwasp_sdk::{Confidence, Evidence, Severity, identity, text::clean};

use crate::places::Place;
use crate::reply::Origin;

/// What a record tells.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) rule: &'static str,
    /// The record also satisfies L3.
    pub(crate) has_marks: bool,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) origin: Option<Origin>,
    pub(crate) message_id: Option<String>,
    pub(crate) identity: Identity,
    pub(crate) sender: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) places: BTreeSet<Place>,
    /// How often the message came by.
    pub(crate) passes: u64,
    pub(crate) period_s: Option<i64>,
    pub(crate) tenant: Option<String>,
    pub(crate) reply: Option<String>,
    /// Exchange Online did not recognise the sender.
    pub(crate) is_anonymous: bool,
    pub(crate) is_bounce: bool,
    pub(crate) summary: String,
    /// Records before this one that belong to it, oldest first.
    pub(crate) earlier: Vec<Evidence>,
}

/// What tells two messages apart. Records of one kind are counted together, and the
/// kind with most messages counts: a session that is refused and the bounce of the
/// same message share no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The message's own id.
    Message(u64),
    /// An SMTP session.
    Session(u64),
    /// A bounce or a line that names no message.
    Record(u64),
}

impl Sighting {
    pub(crate) fn new(rule: &'static str, severity: Severity, identity: Identity) -> Self {
        Self {
            rule,
            has_marks: false,
            severity,
            confidence: Confidence::High,
            origin: None,
            message_id: None,
            identity,
            sender: None,
            recipient: None,
            places: BTreeSet::new(),
            passes: 0,
            period_s: None,
            tenant: None,
            reply: None,
            is_anonymous: false,
            is_bounce: false,
            summary: String::new(),
            earlier: Vec::new(),
        }
    }

    pub(crate) fn recipient_domain(&self) -> Option<String> {
        self.recipient.as_deref().and_then(identity::mail_domain).map(|d| clean(&d, 200))
    }
}

/// A message id without brackets; its case counts.
pub(crate) fn plain_id(id: &str) -> Option<&str> {
    identity::meaningful(id.trim().trim_matches(['<', '>']))
}

/// A cell that is kept.
pub(crate) fn keep(cell: Option<&str>) -> Option<String> {
    cell.and_then(identity::meaningful).map(|text| clean(text, 256))
}

/// The first recipient of a cell with several.
pub(crate) fn first_recipient(cell: Option<&str>) -> Option<String> {
    keep(cell?.split([';', '\u{1f}']).next())
}
