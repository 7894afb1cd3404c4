//! What is told of decisions when somebody asks.

use logwasp_sdk::explain;

use crate::config::Config;
use crate::member::Member;
use crate::parent::Kind;
use crate::rows::Alert;

/// An alert that is part of no story that is known.
pub(crate) fn not_joined(row: &Alert<'_>) {
    explain("", row.key.unwrap_or_default(), || {
        let rule = row.rule.unwrap_or("-");
        format!("{rule} is joined with no other rule, silent")
    });
}

/// An alert came behind its time.
pub(crate) fn late(alert: &Member) {
    explain("", &alert.key, || "a late alert is remembered, and joins nothing now".to_owned());
}

/// Which alerts of one story are near each other.
pub(crate) fn near(
    kind: Kind,
    alert: &Member,
    near: &[(&String, &Member)],
    joins: bool,
    config: &Config,
) {
    explain(kind.rule(), &alert.key, || {
        let mut rules: Vec<&str> = near.iter().map(|(_, member)| member.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let (window, wanted) = match kind {
            Kind::HybridTrust => {
                (config.window, "authas-anomaly A1 or A5 and one of tenant-throttle or mail-loop")
            }
            Kind::TlsKey => (config.tls_window, "schannel R1 and tls-failure of one host"),
        };
        let rules = rules.join(", ");
        match joins {
            true => format!("joined: {rules} within {window}"),
            false => format!("{rules} within {window}, wanted are {wanted}: silent"),
        }
    });
}

/// TLS that breaks off is put down to an outage, or not.
pub(crate) fn suppression(broken: &Member, because: Option<&Member>, config: &Config) {
    explain("", &broken.key, || match because {
        Some(because) => format!("suppressed by {} {}", because.rule, because.key),
        None => format!("no inactive server of its ends within {}", config.suppress_window),
    });
}
