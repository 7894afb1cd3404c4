//! What must not change a verdict: the order of sources, records that come twice,
//! where batches end, restarts. Every worked example of every detector is fed in many
//! ways and must end the same.

use std::collections::{BTreeMap, BTreeSet};

use logwasp_sdk::testkit::{Example, Feed, TestEvent, incidents};
use logwasp_sdk::{Alert, Detector, Severity, time::SECOND};
use proptest::collection::btree_set;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Ways in which each example is fed.
const WAYS: u32 = 24;

/// What a coarse clock shows: IIS and Netlogon write whole seconds, this is worse.
const COARSE_NANOS: i64 = 5 * SECOND;

/// One way of feeding.
#[derive(Debug, Clone)]
struct Way {
    cuts: BTreeSet<usize>,
    restarts: BTreeSet<usize>,
    advances: bool,
    /// Rows whose record comes again at once.
    again: BTreeSet<usize>,
    /// The order of sources; rows of one time stand in it.
    sources: Vec<usize>,
    /// All sources have a coarse clock, so that more rows have one time.
    is_coarse: bool,
}

fn ways(rows: usize, sources: usize) -> impl Strategy<Value = Way> {
    let places = move || btree_set(0..rows.max(1), 0..6);
    let order = Just((0..sources).collect::<Vec<_>>()).prop_shuffle();
    (places(), places(), any::<bool>(), places(), order, any::<bool>()).prop_map(
        |(cuts, restarts, advances, again, sources, is_coarse)| Way {
            cuts,
            restarts,
            advances,
            again,
            sources,
            is_coarse,
        },
    )
}

/// Whose log a row is of, and of which kind.
fn source(event: &TestEvent) -> (String, Option<String>) {
    (event.kind.clone(), event.host.clone())
}

fn coarse(feed: &Feed) -> Feed {
    let mut feed = feed.clone();
    feed.rows.iter_mut().for_each(|(_, event)| event.time -= event.time.rem_euclid(COARSE_NANOS));
    feed
}

impl Way {
    fn of(&self, feed: &Feed, sources: &[(String, Option<String>)]) -> Feed {
        let mut feed = feed.clone();
        // With late rows among them the order is the example's own.
        if !feed.rows.iter().any(|(_, event)| event.late) {
            let rank = |event: &TestEvent| {
                let place = sources.iter().position(|known| *known == source(event));
                place.and_then(|place| self.sources.get(place).copied())
            };
            feed.rows.sort_by_key(|(_, event)| (event.time, rank(event)));
        }
        // An alert is no record of its own, and comes once.
        let twice = feed.rows.into_iter().enumerate().flat_map(|(place, row)| {
            let is_again = row.1.kind != "alert" && self.again.contains(&place);
            let times = 1 + usize::from(is_again);
            std::iter::repeat_n(row, times)
        });
        feed.rows = twice.collect();
        (feed.cuts, feed.restarts) = (self.cuts.clone(), self.restarts.clone());
        feed.advances = self.advances;
        feed
    }
}

type Verdict = (String, Severity, BTreeSet<(String, String)>, u64);

/// By key: rule, severity, entities and count of each incident, as last told.
fn verdict(alerts: &[Alert]) -> BTreeMap<(String, Option<String>), Verdict> {
    let told = incidents(alerts).into_iter().map(|alert| {
        let entities = alert.entities.iter().cloned().collect();
        let of = (alert.key.clone(), alert.amends.clone());
        (of, (alert.rule.clone(), alert.severity, entities, alert.count))
    });
    told.collect()
}

fn holds<D: Detector>(examples: &[Example]) {
    for example in examples {
        let feed = example.feed();
        let sources: BTreeSet<_> = feed.rows.iter().map(|(_, event)| source(event)).collect();
        let sources: Vec<_> = sources.into_iter().collect();
        let exact = verdict(&feed.run::<D>(example.config));
        let roughly = coarse(&feed);
        let rough = verdict(&roughly.run::<D>(example.config));
        let config = Config { cases: WAYS, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&ways(feed.rows.len(), sources.len()), |way| {
            let (feed, expected) = if way.is_coarse { (&roughly, &rough) } else { (&feed, &exact) };
            let got = verdict(&way.of(feed, &sources).run::<D>(example.config));
            prop_assert_eq!(&got, expected);
            Ok(())
        });
        if let Err(failure) = result {
            panic!("{} {}: {failure}", D::NAME, example.name);
        }
    }
}

/// Scenario: the examples of `lockout`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn lockout_is_sound() {
    holds::<detector_lockout::Lockout>(&detector_lockout::examples::all());
}

/// Scenario: the examples of `schannel`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn schannel_is_sound() {
    holds::<detector_schannel::Schannel>(&detector_schannel::examples::all());
}

/// Scenario: the examples of `relay-denied`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn relay_denied_is_sound() {
    holds::<detector_relay_denied::RelayDenied>(&detector_relay_denied::examples::all());
}

/// Scenario: the examples of `authas-anomaly`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn authas_anomaly_is_sound() {
    holds::<detector_authas_anomaly::AuthAsAnomaly>(&detector_authas_anomaly::examples::all());
}

/// Scenario: the examples of `kerberos-auth`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn kerberos_auth_is_sound() {
    holds::<detector_kerberos_auth::KerberosAuth>(&detector_kerberos_auth::examples::all());
}

/// Scenario: the examples of `mail-loop`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn mail_loop_is_sound() {
    holds::<detector_mail_loop::MailLoop>(&detector_mail_loop::examples::all());
}

/// Scenario: the examples of `connector-attribution`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn connector_attribution_is_sound() {
    holds::<detector_connector_attribution::ConnectorAttribution>(
        &detector_connector_attribution::examples::all(),
    );
}

/// Scenario: the examples of `service-inactive`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn service_inactive_is_sound() {
    holds::<detector_service_inactive::ServiceInactive>(&detector_service_inactive::examples::all());
}

/// Scenario: the examples of `tls-failure`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn tls_failure_is_sound() {
    holds::<detector_tls_failure::TlsFailure>(&detector_tls_failure::examples::all());
}

/// Scenario: the examples of `tenant-throttle`, each in many ways.
/// Guarantees: the same verdicts.
#[test]
fn tenant_throttle_is_sound() {
    holds::<detector_tenant_throttle::TenantThrottle>(&detector_tenant_throttle::examples::all());
}

/// Scenario: the examples of `incident`, in many ways. Alerts come from one place, in
/// the order of their decisions, and never twice.
/// Guarantees: the same verdicts.
#[test]
fn incident_is_sound() {
    holds::<detector_incident::Incident>(&detector_incident::examples::all());
}
