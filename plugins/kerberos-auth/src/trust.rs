//! K1 and K5: servers that no longer trust each other.

use std::collections::BTreeMap;

use logwasp_sdk::state::{BoundedMap, Keep, Ring, Weigh};
use logwasp_sdk::text::clean;
use logwasp_sdk::time::{MINUTE, SECOND};
use logwasp_sdk::{Alert, Confidence, Event, Evidence, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Hit;
use crate::config::Config;
use crate::flow::Flow;
use crate::rows::Session;
use crate::text;
use crate::why;

/// Failures of one server that are an incident without a companion.
const FAILURES_MIN: usize = 3;
/// Refusals between own servers within the span that are one.
const REFUSALS_MIN: usize = 3;
const REFUSALS_NANOS: i64 = 5 * MINUTE;
/// Both servers log one refusal, and their clocks differ.
const COPY_NANOS: i64 = 2 * SECOND;
/// Records kept of one server.
const RING_MAX: usize = 32;
/// Servers whose clocks were seen to differ.
const SKEWS_MAX: usize = 256;

#[derive(Serialize, Deserialize)]
pub(crate) struct Trust {
    servers: BoundedMap<String, Server>,
    refusals: Ring<Refusal>,
    skews: BTreeMap<String, Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Server {
    failures: Ring<Evidence>,
    companions: Ring<(Companion, Evidence)>,
}

/// What proves that failed logons are about Kerberos keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Companion {
    /// A client was told KRB_AP_ERR_MODIFIED by this server.
    Modified,
    /// 1035 with ExchangeAuth.
    ExchangeAuth,
    /// 454 4.7.0 between this server and another of ours.
    Refused,
}

impl Companion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Modified => "KRB_AP_ERR_MODIFIED",
            Self::ExchangeAuth => "1035 ExchangeAuth",
            Self::Refused => "454 4.7.0",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Refusal {
    evidence: Evidence,
    is_send: bool,
    is_paired: bool,
    ends: [String; 2],
}

impl Default for Trust {
    fn default() -> Self {
        Self { servers: BoundedMap::new(0), refusals: Ring::new(RING_MAX), skews: BTreeMap::new() }
    }
}

impl Trust {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.servers.set_bytes_max(bytes_max);
    }

    /// Incidents of K1 and K5 that may be open.
    pub(crate) fn groups(&self) -> Vec<String> {
        self.servers.iter().map(|(host, _)| group(host)).chain(["K5".to_owned()]).collect()
    }

    /// A failed logon on the server.
    pub(crate) fn failure(
        &mut self,
        host: String,
        summary: String,
        event: &Event<'_>,
        config: &Config,
        flow: &Flow,
    ) -> Vec<Hit> {
        let evidence = Evidence::of(event, summary);
        let note = |server: &mut Server| {
            server.failures.push(evidence);
        };
        self.servers.touch(host.clone(), event.time(), Server::default, note);
        self.judge(&host, event, 1, config, flow).into_iter().collect()
    }

    /// Something that proves the failed logons of these servers.
    pub(crate) fn companions(
        &mut self,
        hosts: &[String],
        companion: Companion,
        event: &Event<'_>,
        config: &Config,
        flow: &Flow,
    ) -> Vec<Hit> {
        let mut hits = Vec::new();
        for host in hosts {
            let evidence = Evidence::of(event, format!("{} names {host}", companion.name()));
            let note = |server: &mut Server| {
                server.companions.push((companion, evidence));
            };
            self.servers.touch(host.clone(), event.time(), Server::default, note);
            hits.extend(self.judge(host, event, 0, config, flow));
        }
        hits
    }

    /// A refusal between two servers of ours.
    pub(crate) fn refusal(
        &mut self,
        ends: &[String; 2],
        row: &Session<'_>,
        event: &Event<'_>,
        config: &Config,
        flow: &Flow,
    ) -> Vec<Hit> {
        let is_send = row.direction == Some("send");
        // What the refusing side sends is `>` in its own log and `<` in the other's.
        let [from, to] = if is_send { ends.clone() } else { [ends[1].clone(), ends[0].clone()] };
        let known: Vec<String> = ends.iter().filter(|end| !end.is_empty()).cloned().collect();
        let mut hits = self.companions(&known, Companion::Refused, event, config, flow);
        let at = event.time();
        let copy = self.refusals.iter_mut().find(|other| {
            other.is_send != is_send
                && !other.is_paired
                && (at - other.evidence.time).abs() <= COPY_NANOS
        });
        if let Some(copy) = copy {
            copy.is_paired = true;
            return hits;
        }
        let summary = clean(
            &format!(
                "{from} -> {to}, {}: {}",
                row.connector.unwrap_or("-"),
                row.reply.unwrap_or_default()
            ),
            400,
        );
        let evidence = Evidence::of(event, summary);
        self.refusals.push(Refusal { evidence, is_send, is_paired: false, ends: [from, to] });
        hits.extend(self.judge_refusals(event, config, flow));
        hits
    }

    fn judge_refusals(&self, event: &Event<'_>, config: &Config, flow: &Flow) -> Option<Hit> {
        let at = event.time();
        let recent: Vec<&Refusal> = self
            .refusals
            .iter()
            .filter(|refusal| (0..=REFUSALS_NANOS).contains(&(at - refusal.evidence.time)))
            .collect();
        why::refusals(recent.len(), REFUSALS_MIN, at);
        if recent.len() < REFUSALS_MIN {
            return None;
        }
        let first = recent.first()?;
        let [from, to] = &recent.last()?.ends;
        let is_skewed = [from, to].into_iter().any(|host| self.is_skewed(host, at, config));
        let mut alert = Alert::create("K5", "K5", Severity::High)
            .confidence(Confidence::High)
            .seen(first.evidence.time, at, recent.len() as u64)
            .title(text::cannot_authenticate(from, to))
            .description(text::cannot_authenticate_description(is_skewed))
            .remediation(text::REFUSED_REMEDIATION)
            .entity("host", from.clone())
            .entity("host", to.clone())
            .evidence(recent.iter().map(|refusal| refusal.evidence.clone()));
        if is_skewed {
            alert = alert.attribute("clock_skew", "true");
        }
        if flow.is_split(at, config) {
            alert = text::unaffected(alert);
        }
        Some(Hit::new(alert))
    }

    /// The clock of a server was seen to differ.
    pub(crate) fn skew(&mut self, host: String, event: &Event<'_>) {
        if self.skews.len() < SKEWS_MAX || self.skews.contains_key(&host) {
            self.skews.insert(host, event.time());
        }
    }

    fn is_skewed(&self, host: &str, at: Timestamp, config: &Config) -> bool {
        self.skews.get(host).is_some_and(|seen| (at - seen).abs() <= config.window.nanos())
    }

    fn judge(
        &self,
        host: &str,
        event: &Event<'_>,
        more: u64,
        config: &Config,
        flow: &Flow,
    ) -> Option<Hit> {
        let (at, window) = (event.time(), config.window.nanos());
        let server = self.servers.get(&host.to_owned())?;
        let is_near = |time: Timestamp| (at - time).abs() <= window;
        let failures: Vec<&Evidence> =
            server.failures.iter().filter(|evidence| is_near(evidence.time)).collect();
        if failures.is_empty() {
            why::judged(host, 0, FAILURES_MIN, server.companions.len(), config);
        }
        let (first, last) = (failures.first()?, failures.last()?);
        let companions: Vec<&(Companion, Evidence)> = server
            .companions
            .iter()
            .filter(|(_, found)| failures.iter().any(|f| (f.time - found.time).abs() <= window))
            .collect();
        let is_proven = !companions.is_empty();
        why::judged(host, failures.len(), FAILURES_MIN, companions.len(), config);
        if !is_proven && failures.len() < FAILURES_MIN {
            return None;
        }
        let mut kinds: Vec<&str> = companions.iter().map(|(kind, _)| kind.name()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut evidence: Vec<Evidence> = failures.iter().copied().cloned().collect();
        evidence.extend(companions.iter().map(|(_, found)| found.clone()));
        evidence.sort_by_key(|evidence| evidence.time);
        let is_skewed = self.is_skewed(host, at, config);
        let (severity, confidence) = if is_proven {
            (Severity::High, Confidence::High)
        } else {
            (Severity::Medium, Confidence::Medium)
        };
        let mut alert = Alert::create("K1", group(host), severity)
            .confidence(confidence)
            .seen(first.time, last.time, failures.len() as u64)
            .title(text::cannot_decrypt(host))
            .description(text::cannot_decrypt_description(failures.len(), &kinds, is_skewed))
            .remediation(text::DECRYPT_REMEDIATION)
            .entity("host", host)
            .attribute("failure", last.summary.clone())
            .attribute("companions", kinds.join(", "))
            .evidence(evidence);
        if is_skewed {
            alert = alert.attribute("clock_skew", "true");
        }
        if flow.is_split(at, config) {
            alert = text::unaffected(alert);
        }
        Some(Hit { more, ..Hit::new(alert) })
    }
}

fn group(host: &str) -> String {
    format!("K1|{host}")
}

impl Default for Server {
    fn default() -> Self {
        Self { failures: Ring::new(RING_MAX), companions: Ring::new(RING_MAX) }
    }
}

impl Weigh for Server {
    fn heap_bytes(&self) -> usize {
        let companions = self.companions.iter().map(|(_, evidence)| evidence);
        let texts: usize =
            self.failures.iter().chain(companions).map(|evidence| evidence.summary.len()).sum();
        self.failures.heap_bytes() + self.companions.heap_bytes() + texts
    }

    fn keep(&self) -> Keep {
        match self.failures.len() + self.companions.len() {
            0 | 1 => Keep::Once,
            _ => Keep::Protected,
        }
    }
}
