//! Texts for stage benches, and subscriptions like those of the stock detectors.

use logwasp_core::interest::{ConditionSpec, Interest, Subscription, SubscriptionSpec};
use logwasp_core::stream::{Encoding, Origin};
use logwasp_core::time::Zones;

use crate::generate::{self, Log, Mix};

/// A log of about `bytes`.
pub(crate) fn text(log: Log, mix: Mix, bytes: u64) -> Vec<u8> {
    let mut text = Vec::new();
    generate::write(log, mix, bytes, &mut text).expect("memory takes everything");
    text
}

/// A file of today, in UTC.
pub(crate) fn origin() -> Origin {
    Origin {
        reference_nanos: 1_795_132_800_000_000_000,
        zones: Zones::all_in(jiff::tz::TimeZone::UTC),
        encoding: Encoding::Utf8,
    }
}

/// Failed logons, refused relaying, certificates: a condition or two each.
pub(crate) fn interest() -> Interest {
    let ids = ["4740", "4767", "4771", "4776", "4625", "644", "529", "36874", "36888"];
    let status = ["1326", "1909", "1331"];
    let specs = [
        (
            "windows-event",
            ("@event_id", "any-of", ids.to_vec()),
            &["TargetUserName", "Status", "@host"][..],
        ),
        ("iis", ("sc-win32-status", "any-of", status.to_vec()), &["cs-username", "c-ip"]),
        ("exchange-smtp", ("data", "contains", vec!["5.7.54", "Unable to relay"]), &["data"]),
        ("syslog", ("@raw", "contains", vec!["Unable to relay"]), &["@host", "@raw"]),
    ];
    let subscriptions = specs.map(|(kind, (field, op, values), columns)| {
        let condition = ConditionSpec {
            field: field.to_owned(),
            op: op.to_owned(),
            values: values.into_iter().map(str::to_owned).collect(),
            ignore_case: false,
            negate: false,
        };
        Subscription::compile(&SubscriptionSpec {
            kind: kind.to_owned(),
            all_of: vec![condition],
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        })
        .expect("a subscription like the detectors'")
    });
    Interest::new(subscriptions.into())
}
