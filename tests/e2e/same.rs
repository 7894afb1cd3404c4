//! The worked examples of all detectors, natively and as components.

use logwasp::alert::Alert;
use logwasp::pipeline::reasons;
use logwasp::sandbox::{Batch, Guest, Plugin, RowHead, Sandbox};
use logwasp_sdk::abi::Rows;
use logwasp_sdk::testkit::Example;
use logwasp_sdk::{Detector, Runner};

/// Runs the examples of one detector both ways.
fn same<D: Detector>(examples: Vec<Example>) {
    let component = logwasp_detectors::find(D::NAME).expect("it is bundled").component;
    let plugin = Sandbox::new(None).expect("an engine").load(component).expect("it loads");
    assert_eq!(plugin.manifest().name, D::NAME);
    assert!(!examples.is_empty());
    for example in examples {
        let native: Vec<Alert> = example.run::<D>().into_iter().map(from_native).collect();
        let mut started = plugin.start(example.config, None).expect("it starts");
        let (_, subscriptions) = Runner::<D>::start(example.config, None).expect("it starts");
        let batch = to_host(&example.batch(&subscriptions), &subscriptions);
        let guest = &mut started.guest;
        let mut alerts = guest.process(&batch).expect("no fault");
        if let Some(watermark) = example.watermark() {
            alerts.extend(guest.advance(watermark).expect("no fault"));
        }
        alerts.extend(guest.finish().expect("no fault"));
        assert_eq!(alerts, native, "{}", example.name);
        // A snapshot goes over to a new instance, which ends without a word.
        let snapshot = guest.snapshot().expect("no fault");
        plugin.start(example.config, Some(&snapshot)).expect("it goes on");
        let reasons = asked(&plugin, &example, &batch, &native);
        println!("{}: native = wasm, {} alerts, {reasons} reasons", example.name, native.len());
    }
}

/// Runs an example once more with the host's question: nothing of it may change an
/// alert, and whoever got rows says something. How many reasons were told.
fn asked(plugin: &Plugin, example: &Example, batch: &Batch, unasked: &[Alert]) -> usize {
    let mut config: serde_json::Value = serde_json::from_str(example.config).expect("JSON");
    config[reasons::CONFIG_KEY] = true.into();
    let mut guest = plugin.start(&config.to_string(), None).expect("it starts").guest;
    let mut alerts = guest.process(batch).expect("no fault");
    let mut log = guest.take_log();
    if let Some(watermark) = example.watermark() {
        alerts.extend(guest.advance(watermark).expect("no fault"));
    }
    alerts.extend(guest.finish().expect("no fault"));
    log.extend(guest.take_log());
    assert_eq!(alerts, unasked, "{}: the question changed the alerts", example.name);
    let told = log.iter().filter(|(_, line)| reasons::Reason::parse(line).is_some()).count();
    let only_coverage = example.events.iter().all(|event| event.kind == "coverage");
    assert!(told > 0 || batch.events() == 0 || only_coverage, "{}: no reason", example.name);
    told
}

/// Scenario: the worked examples of `lockout`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn lockout_is_the_same() {
    same::<detector_lockout::Lockout>(detector_lockout::examples::all());
}

/// Scenario: the worked examples of `schannel`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn schannel_is_the_same() {
    same::<detector_schannel::Schannel>(detector_schannel::examples::all());
}

/// Scenario: the worked examples of `relay-denied`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn relay_denied_is_the_same() {
    same::<detector_relay_denied::RelayDenied>(detector_relay_denied::examples::all());
}

/// Scenario: the worked examples of `authas-anomaly`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn authas_anomaly_is_the_same() {
    same::<detector_authas_anomaly::AuthAsAnomaly>(detector_authas_anomaly::examples::all());
}

/// Scenario: the worked examples of `kerberos-auth`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn kerberos_auth_is_the_same() {
    same::<detector_kerberos_auth::KerberosAuth>(detector_kerberos_auth::examples::all());
}

/// Scenario: the worked examples of `mail-loop`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn mail_loop_is_the_same() {
    same::<detector_mail_loop::MailLoop>(detector_mail_loop::examples::all());
}

/// Scenario: the worked examples of `connector-attribution`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn connector_attribution_is_the_same() {
    same::<detector_connector_attribution::ConnectorAttribution>(
        detector_connector_attribution::examples::all(),
    );
}

/// Scenario: the worked examples of `service-inactive`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn service_inactive_is_the_same() {
    same::<detector_service_inactive::ServiceInactive>(detector_service_inactive::examples::all());
}

/// Scenario: the worked examples of `tls-failure`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn tls_failure_is_the_same() {
    same::<detector_tls_failure::TlsFailure>(detector_tls_failure::examples::all());
}

/// Scenario: the worked examples of `tenant-throttle`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn tenant_throttle_is_the_same() {
    same::<detector_tenant_throttle::TenantThrottle>(detector_tenant_throttle::examples::all());
}

/// Scenario: the worked examples of `incident`.
/// Guarantees: as specified, and the same natively and through wasm.
#[test]
fn incident_is_the_same() {
    same::<detector_incident::Incident>(detector_incident::examples::all());
}

/// Rows of the SDK as a batch of the host.
pub(crate) fn to_host(groups: &[Rows], subscriptions: &[logwasp_sdk::Subscription]) -> Batch {
    let columns: Vec<usize> = subscriptions.iter().map(|s| s.columns().len()).collect();
    let mut batch = Batch::new(&columns);
    let events = groups.iter().flat_map(|rows| rows.order.iter().copied()).max();
    for place in 0..events.map_or(0, |last| last + 1) {
        batch.next_event();
        for rows in groups {
            let Ok(row) = rows.order.binary_search(&place) else { continue };
            let head = RowHead {
                time: rows.times[row],
                time_quality: rows.time_quality[row],
                late: rows.late[row] != 0,
                record: rows.records[row],
            };
            let cells = rows.columns.iter().map(|column| column.cell(row).map(str::as_bytes));
            batch.push(rows.subscription as usize, head, cells);
        }
    }
    batch
}

/// An alert of the host as the SDK has it.
pub(crate) fn from_host(alert: Alert) -> logwasp_sdk::Alert {
    use logwasp::alert::{Activity, Confidence, Severity};
    logwasp_sdk::Alert {
        activity: match alert.activity {
            Activity::Create => logwasp_sdk::Activity::Create,
            Activity::Update => logwasp_sdk::Activity::Update,
            Activity::Close => logwasp_sdk::Activity::Close,
        },
        rule: alert.rule,
        key: alert.key,
        severity: match alert.severity {
            Severity::Info => logwasp_sdk::Severity::Info,
            Severity::Low => logwasp_sdk::Severity::Low,
            Severity::Medium => logwasp_sdk::Severity::Medium,
            Severity::High => logwasp_sdk::Severity::High,
            Severity::Critical => logwasp_sdk::Severity::Critical,
        },
        confidence: match alert.confidence {
            Confidence::Low => logwasp_sdk::Confidence::Low,
            Confidence::Medium => logwasp_sdk::Confidence::Medium,
            Confidence::High => logwasp_sdk::Confidence::High,
        },
        noise: alert.noise,
        time: alert.time,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        count: alert.count,
        title: alert.title,
        description: alert.description,
        remediation: alert.remediation,
        entities: alert.entities,
        attributes: alert.attributes,
        labels: alert.labels,
        attack: alert.attack,
        evidence: alert
            .evidence
            .into_iter()
            .map(|e| logwasp_sdk::Evidence { record: e.record, time: e.time, summary: e.summary })
            .collect(),
        amends: alert.amends,
    }
}

fn from_native(alert: logwasp_sdk::Alert) -> Alert {
    use logwasp::alert::{Activity, Confidence, Evidence, Severity};
    Alert {
        activity: match alert.activity {
            logwasp_sdk::Activity::Create => Activity::Create,
            logwasp_sdk::Activity::Update => Activity::Update,
            logwasp_sdk::Activity::Close => Activity::Close,
        },
        rule: alert.rule,
        key: alert.key,
        severity: match alert.severity {
            logwasp_sdk::Severity::Info => Severity::Info,
            logwasp_sdk::Severity::Low => Severity::Low,
            logwasp_sdk::Severity::Medium => Severity::Medium,
            logwasp_sdk::Severity::High => Severity::High,
            logwasp_sdk::Severity::Critical => Severity::Critical,
        },
        confidence: match alert.confidence {
            logwasp_sdk::Confidence::Low => Confidence::Low,
            logwasp_sdk::Confidence::Medium => Confidence::Medium,
            logwasp_sdk::Confidence::High => Confidence::High,
        },
        noise: alert.noise,
        time: alert.time,
        first_seen: alert.first_seen,
        last_seen: alert.last_seen,
        count: alert.count,
        title: alert.title,
        description: alert.description,
        remediation: alert.remediation,
        entities: alert.entities,
        attributes: alert.attributes,
        labels: alert.labels,
        attack: alert.attack,
        evidence: alert
            .evidence
            .into_iter()
            .map(|e| Evidence { record: e.record, time: e.time, summary: e.summary })
            .collect(),
        amends: alert.amends,
    }
}
