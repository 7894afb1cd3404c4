//! The worked examples of the rules: none is missing. That they hold is tested in each
//! detector, and in [`super::same`] as components.

use std::collections::BTreeMap;

use logwasp_sdk::testkit::Example;

/// Sections, one per detector, and how many examples each has. 10.3 needs alerts of
/// two detectors and is told by `incident`.
const SECTIONS: [(u32, &str, u32); 11] = [
    (1, "lockout", 10),
    (2, "schannel", 8),
    (3, "relay-denied", 8),
    (4, "authas-anomaly", 7),
    (5, "kerberos-auth", 7),
    (6, "mail-loop", 7),
    (7, "connector-attribution", 7),
    (8, "service-inactive", 7),
    (9, "tls-failure", 7),
    (10, "tenant-throttle", 6),
    (11, "incident", 3),
];

fn all() -> Vec<Example> {
    [
        detector_lockout::examples::all(),
        detector_schannel::examples::all(),
        detector_relay_denied::examples::all(),
        detector_authas_anomaly::examples::all(),
        detector_kerberos_auth::examples::all(),
        detector_mail_loop::examples::all(),
        detector_connector_attribution::examples::all(),
        detector_service_inactive::examples::all(),
        detector_tls_failure::examples::all(),
        detector_tenant_throttle::examples::all(),
        detector_incident::examples::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `9.6 an unusable key` gives 9 and 6; `10 the tenant is blocked` is beyond the list.
fn number(name: &str) -> Option<(u32, u32)> {
    let (section, number) = name.split(' ').next()?.split_once('.')?;
    Some((section.parse().ok()?, number.parse().ok()?))
}

/// Scenario: the names of all worked examples.
/// Guarantees: each number of each section is there, and no other.
#[test]
fn no_worked_example_is_missing() {
    let mut found: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
    let examples = all();
    let mut further = 0;
    for example in &examples {
        match number(example.name) {
            Some(number) => found.entry(number).or_default().push(example.name),
            None => further += 1,
        }
    }
    for (section, detector, count) in SECTIONS {
        let of: Vec<_> = found.iter().filter(|((of, _), _)| *of == section).collect();
        println!("{section} {detector}: {} of {count}", of.len());
        for name in of.iter().flat_map(|(_, names)| names.iter()) {
            println!("    {name}");
        }
        let numbers: Vec<u32> = of.iter().map(|((_, number), _)| *number).collect();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "section {section}, {detector}");
    }
    let expected: u32 = SECTIONS.iter().map(|(_, _, count)| count).sum();
    assert_eq!(found.len(), expected as usize);
    println!("{} numbers, {} examples, {further} without a number", found.len(), examples.len());
}
