//! The first hop: the machine from which the failed logons reached Windows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use logwasp_sdk::Timestamp;

use crate::failure::{Failure, Reported};
use crate::place::Place;
use crate::scene::Scene;

/// The machine that the lockout names, else the one that its failures name most.
pub(crate) fn hop1(scene: &Scene<'_>, failures: &[&Failure]) -> Option<Place> {
    Place::of(&scene.lock.caller)
        .or_else(|| most_named(scene, failures))
        .or_else(|| serving(scene))
        .or_else(|| reporting(scene, failures))
}

/// How often and when a machine was named, and by how telling a record.
struct Named {
    place: Place,
    count: usize,
    newest: Timestamp,
    /// The lower, the more telling.
    rank: usize,
}

/// The most frequent source of the failures, of equals the newest.
fn most_named(scene: &Scene<'_>, failures: &[&Failure]) -> Option<Place> {
    let mut named: BTreeMap<String, Named> = BTreeMap::new();
    for failure in failures {
        for place in failure.sources() {
            let machine = scene.machine_key(&place);
            let rank = rank(failure.reported(), place.address().is_some());
            let entry =
                named.entry(machine).or_insert(Named { place, count: 0, newest: failure.at, rank });
            entry.count += 1;
            entry.newest = entry.newest.max(failure.at);
            entry.rank = entry.rank.min(rank);
        }
    }
    let best = named.into_values().max_by_key(|n| (n.count, n.newest, Reverse(n.rank)));
    best.map(|named| named.place)
}

/// Kerberos addresses tell most, then addresses of logons, names given to NTLM,
/// names given to logons, netlogon.
fn rank(reported: Reported, is_address: bool) -> usize {
    match (reported, is_address) {
        (Reported::Kerberos, _) => 0,
        (Reported::Logon, true) => 1,
        (Reported::Ntlm, _) => 2,
        (Reported::Logon, false) => 3,
        (Reported::Netlogon, _) => 4,
    }
}

/// Windows names nobody, but a server's own log names the user.
fn serving(scene: &Scene<'_>) -> Option<Place> {
    let mut servers: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for refusal in scene.refusals().filter(|refusal| !refusal.server.is_empty()) {
        let (count, newest) = servers.entry(&refusal.server).or_insert((0, refusal.at));
        *count += 1;
        *newest = (*newest).max(refusal.at);
    }
    let (server, _) = servers.into_iter().max_by_key(|&(_, seen)| seen)?;
    Place::of(server)
}

/// A logon failed on a machine that is no domain controller and names no client.
fn reporting(scene: &Scene<'_>, failures: &[&Failure]) -> Option<Place> {
    let is_dc = |reporter: &str| {
        scene.inventory.is_dc(reporter).unwrap_or_else(|| {
            scene.lock.reports.iter().any(|report| report.reporter == reporter)
                || failures.iter().any(|other| other.is_from_dc() && other.reporter == reporter)
        })
    };
    let mut logons = failures.iter().rev().filter(|f| f.reported() == Reported::Logon);
    Place::of(&logons.find(|failure| !is_dc(&failure.reporter))?.reporter)
}
