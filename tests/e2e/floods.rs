//! Floods of fresh keys: memory stays within `state_bytes_max`, and what was slowly
//! going on is found. A hundred thousand keys natively; a million as a component, with
//! the default memory, by `cargo xtask flood`.

use logwasp::sandbox::{Guest, Sandbox};
use logwasp_sdk::testkit::Flood;
use logwasp_sdk::{Detector, Runner};

use crate::same::{from_host, to_host};

const KEYS: u64 = 100_000;
/// Far less than the keys need.
const BYTES_MAX: u32 = 1_000_000;

const HEAVY_KEYS: u64 = 1_000_000;
const MIB: u32 = 1024 * 1024;

/// Through the sandbox, with its limits of memory and time.
fn component<D: Detector>(flood: &Flood, state_bytes_max: u32, keys: u64) {
    let config = (flood.config)(state_bytes_max);
    let component = logwasp_detectors::find(D::NAME).expect("it is bundled").component;
    let plugin = Sandbox::new(None).expect("an engine").load(component).expect("it loads");
    let mut guest = plugin.start(&config, None).expect("it starts").guest;
    let (_, subscriptions) = Runner::<D>::start(&config, None).expect("it starts");
    let host = |batch: &[_]| to_host(batch, &subscriptions);
    for batch in flood.begin(&subscriptions, keys) {
        guest.process(&host(&batch)).unwrap_or_else(|fault| panic!("{}: {fault:?}", D::NAME));
    }
    let bytes = guest.snapshot().expect("no fault").len();
    assert!(bytes <= state_bytes_max as usize, "{}: {bytes} bytes", D::NAME);
    let mut alerts = guest.process(&host(&flood.end(&subscriptions))).expect("no fault");
    alerts.extend(guest.finish().expect("no fault"));
    (flood.check)(&alerts.into_iter().map(from_host).collect::<Vec<_>>());
    println!("{}: {keys} keys, a snapshot of {bytes} bytes", D::NAME);
}

macro_rules! floods {
    ($($name:ident, $heavy:ident: $crate_name:ident :: $detector:ident, $mib:literal;)+) => {
        $(
            /// Scenario: something slow under way, a hundred thousand fresh keys, the
            /// rest of the slow thing.
            /// Guarantees: memory stays within its limit; the slow thing is found.
            #[test]
            fn $name() {
                $crate_name::flood::flood().run::<$crate_name::$detector>(BYTES_MAX, KEYS);
            }

            /// Scenario: the same with a million keys, as a component.
            /// Guarantees: the same, and no limit of the sandbox is hit.
            #[test]
            #[ignore = "takes minutes: cargo xtask flood"]
            fn $heavy() {
                component::<$crate_name::$detector>(
                    &$crate_name::flood::flood(),
                    $mib * MIB,
                    HEAVY_KEYS,
                );
            }
        )+
    };
}

// Each with the default of its `state_bytes_max`, in MiB.
floods! {
    lockout, heavy_lockout: detector_lockout::Lockout, 24;
    schannel, heavy_schannel: detector_schannel::Schannel, 24;
    relay_denied, heavy_relay_denied: detector_relay_denied::RelayDenied, 12;
    authas_anomaly, heavy_authas_anomaly: detector_authas_anomaly::AuthAsAnomaly, 24;
    kerberos_auth, heavy_kerberos_auth: detector_kerberos_auth::KerberosAuth, 24;
    mail_loop, heavy_mail_loop: detector_mail_loop::MailLoop, 24;
    connector_attribution, heavy_connector_attribution:
        detector_connector_attribution::ConnectorAttribution, 12;
    service_inactive, heavy_service_inactive: detector_service_inactive::ServiceInactive, 24;
    tls_failure, heavy_tls_failure: detector_tls_failure::TlsFailure, 24;
    tenant_throttle, heavy_tenant_throttle: detector_tenant_throttle::TenantThrottle, 24;
}

/// Scenario: anonymous own mail, a hundred thousand other alerts, throttling.
/// Guarantees: memory stays within its limit; the two are joined.
#[test]
fn incident() {
    detector_incident::flood::flood().run::<detector_incident::Incident>(BYTES_MAX, KEYS);
}

/// Scenario: the same as a component, with its default memory. A million alerts
/// within the window are beyond what the host lets through.
/// Guarantees: the same, and no limit of the sandbox is hit.
#[test]
#[ignore = "takes minutes: cargo xtask flood"]
fn heavy_incident() {
    let flood = detector_incident::flood::flood();
    component::<detector_incident::Incident>(&flood, 4 * MIB, KEYS);
}
