//! Finds a client by the moments of its failures.
//!
//! A log that records AUTH failures without the user still has their times and
//! addresses. The client whose failures coincide with most of the user's failed
//! logons, and with clearly more of them than any other's do, is the one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use logwasp_sdk::Timestamp;

use crate::client::{Anonymous, Device};
use crate::failure::{Attempt, Failure, attempts};
use crate::hop2::Client;
use crate::machine::Machine;
use crate::scene::Scene;

/// A runner-up with more than this share of the best one's coincidences makes
/// both doubtful.
const RUNNER_UP_SHARE_MAX: f64 = 0.5;

/// What coincides with one client's failures.
#[derive(Default)]
struct Match<'a> {
    attempts: Vec<Timestamp>,
    failures: Vec<&'a Anonymous>,
}

/// The client of `machine` whose failures coincide with the user's.
pub(crate) fn client(
    scene: &Scene<'_>,
    machine: &Machine,
    failures: &[&Failure],
) -> Option<Client> {
    let there = |attempt: &Attempt<'_>| {
        attempt.reports.iter().any(|report| report.involves(|key| machine.is(key)))
    };
    let mut tried = attempts(failures.iter().copied());
    tried.retain(there);
    let anonymous = anonymous(scene, machine);
    let mut matches: BTreeMap<IpAddr, Match<'_>> = BTreeMap::new();
    for attempt in &tried {
        for (ip, failure) in coinciding(scene, attempt, &anonymous) {
            let found = matches.entry(ip).or_default();
            found.attempts.push(attempt.at());
            found.failures.push(failure);
        }
    }
    best(scene, matches, tried.len())
}

/// Failures without a user on the machine; a log that does not name its server is
/// taken for this one's.
fn anonymous<'a>(scene: &Scene<'a>, machine: &Machine) -> Vec<&'a Anonymous> {
    let keys = machine.keys().chain([""]);
    let rings = keys.filter_map(|key| scene.state.anonymous.get(&key.to_owned()));
    rings.flat_map(|ring| ring.newest.iter()).collect()
}

/// The clients with a failure at the moment of the attempt, each once.
fn coinciding<'a>(
    scene: &Scene<'_>,
    attempt: &Attempt<'_>,
    anonymous: &[&'a Anonymous],
) -> BTreeMap<IpAddr, &'a Anonymous> {
    let skew = scene.config.join_skew.nanos();
    let delay = scene.config.tarpit.nanos();
    let near = |failure: &&&Anonymous| {
        let latest = if failure.delayed { skew.saturating_add(delay) } else { skew };
        (-skew..=latest).contains(&(failure.at - attempt.at()))
    };
    anonymous.iter().filter(near).map(|failure| (failure.ip, *failure)).collect()
}

/// The client with most coincidences, when they are enough and nobody else's.
fn best(scene: &Scene<'_>, matches: BTreeMap<IpAddr, Match<'_>>, tried: usize) -> Option<Client> {
    let count_of = |found: &Match<'_>| found.attempts.len();
    let (ip, found) = matches.iter().max_by_key(|(_, found)| count_of(found))?;
    let count = count_of(found);
    let others = matches.iter().filter(|(other, _)| *other != ip);
    let runner_up = others.map(|(_, found)| count_of(found)).max().unwrap_or(0);
    let accepted = count >= scene.config.join_min as usize
        && count as f64 >= scene.config.join_ratio * tried as f64
        && runner_up as f64 <= RUNNER_UP_SHARE_MAX * count as f64;
    let service = found.failures.last()?.service;
    accepted.then(|| Client {
        service,
        inferred: true,
        ip: Some(*ip),
        device: Device::default(),
        agent: String::new(),
        refusals: count,
        beats: found.attempts.clone(),
        records: found.failures.iter().map(|failure| (failure.at, failure.record)).collect(),
    })
}
