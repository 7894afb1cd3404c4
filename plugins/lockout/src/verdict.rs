//! The verdict on one lockout, and the alert that tells it.

use logwasp_sdk::Alert;
use logwasp_sdk::time::format_span;

use crate::advice;
use crate::cause::Judgement;
use crate::chain::{Attribution, Kind};
use crate::config::{LOCK_KNOWN, MASS_LOCK_USERS};
use crate::evidence;
use crate::failure::{Failure, attempts};
use crate::lock::Lock;
use crate::scene::Scene;
use crate::text;

/// All that is found out about one lockout.
pub struct Verdict<'a> {
    /// What was looked at.
    pub scene: Scene<'a>,
    /// What locked the account.
    pub attribution: Attribution,
    /// Why, how bad, how sure.
    pub judgement: Judgement,
    /// The failures that led to it, oldest first, with copies.
    pub failures: Vec<&'a Failure>,
    /// How many attempts they are.
    pub attempts: usize,
    /// The domain controller that saw most of them.
    pub dc_with_failures: String,
}

impl<'a> Verdict<'a> {
    /// Decides.
    pub fn of(scene: Scene<'a>) -> Self {
        let failures = scene.failures();
        let attempts = attempts(failures.iter().copied()).len();
        let attribution = Attribution::of(&scene, &failures);
        let judgement = Judgement::of(&scene, &attribution, &failures, attempts);
        let dc_with_failures = dc_with_failures(&scene, &failures);
        Self { scene, attribution, judgement, failures, attempts, dc_with_failures }
    }

    /// The machine nearest the cause, when it has a name.
    pub fn host(&self) -> Option<&str> {
        let machine = self.attribution.machine.as_ref()?;
        let has_name = logwasp_sdk::identity::ip(machine.key()).is_none();
        let is_server = !matches!(self.attribution.kind, Kind::Workstation | Kind::ExternalIp);
        (has_name || is_server).then(|| machine.key())
    }

    /// True when a machine that is no domain controller locked an account of its own.
    fn is_local_account(&self) -> bool {
        let reporter = &self.scene.lock.reporter;
        !reporter.is_empty() && self.scene.inventory.is_dc(reporter) == Some(false)
    }

    /// The account's domain: of a local account, the machine.
    pub fn domain(&self) -> &str {
        let lock = self.scene.lock;
        if self.is_local_account() { &lock.reporter } else { &lock.domain }
    }

    /// The alert of a new incident.
    pub fn alert(&self) -> Alert {
        let scene = &self.scene;
        let rule = if scene.lock.implied { "T2" } else { "T1" };
        let evidence = evidence::of(self);
        let first = evidence.first().map_or(scene.lock.at, |e| e.time).min(scene.lock.at);
        let last = evidence.last().map_or(scene.lock.at, |e| e.time).max(scene.lock.at);
        let alert = Alert::create(rule, key(scene.account, scene.lock), self.judgement.severity)
            .confidence(self.judgement.confidence)
            .seen(first, last, 1)
            .title(text::title(self))
            .description(text::description(self))
            .remediation(advice::remediation(self))
            .evidence(evidence);
        let alert = self.labels(self.attributes(self.entities(alert)));
        match self.judgement.cause.technique() {
            Some(technique) => alert.attack(technique),
            None => alert,
        }
    }

    fn entities(&self, alert: Alert) -> Alert {
        let attribution = &self.attribution;
        let ip = attribution.source_ip().map(|ip| ip.to_string());
        alert
            .entity("user", self.scene.account)
            .entity("host", self.host().unwrap_or_default())
            .entity("src_ip", ip.unwrap_or_default())
            .entity("device", attribution.client.as_ref().map_or_else(String::new, text::device))
    }

    fn attributes(&self, alert: Alert) -> Alert {
        let (lock, judgement) = (self.scene.lock, &self.judgement);
        let attribution = &self.attribution;
        let client = attribution.client.as_ref();
        let truth = |is: bool| if is { "true" } else { "" };
        let alert = alert
            .attribute("kind", attribution.kind_name())
            .attribute("cause", judgement.cause.name())
            .attribute("domain", self.domain())
            .attribute("dc", &lock.reporter)
            .attribute("dc_with_failures", &self.dc_with_failures)
            .attribute("caller", &lock.caller)
            .attribute("caller_blank", truth(!lock.implied && lock.caller.is_empty()))
            .attribute("hop1", attribution.shown())
            .attribute("caller_process", &attribution.caller_process)
            .attribute("client_agent", client.map_or("", |client| &client.agent))
            .attribute("failures", self.attempts)
            .attribute("locks_24h", judgement.locks_24h)
            .attribute("http_excluded", truth(attribution.logs.is_some_and(|logs| logs.http)));
        let changed = judgement.password_changed.map(|at| format_span(lock.at - at));
        let alert = alert.attribute("password_changed_ago", changed.unwrap_or_default());
        match judgement.cadence {
            Some(cadence) => alert
                .attribute("automation", "true")
                .attribute("period_s", cadence.period_s)
                .attribute("jitter_s", cadence.jitter_s),
            None => alert,
        }
    }

    fn labels(&self, alert: Alert) -> Alert {
        let is_local = self.is_local_account();
        let alert = if is_local { alert.label("local_account", "true") } else { alert };
        match self.accounts_locked() {
            count if count >= MASS_LOCK_USERS => alert.label("T1531", count.to_string()),
            _ => alert,
        }
    }

    /// Accounts that the source locked in 24 hours, with this one.
    fn accounts_locked(&self) -> usize {
        let since = self.scene.lock.at.saturating_sub(LOCK_KNOWN);
        let sources = self.attribution.sources();
        let known = &self.scene.state.sources;
        let counts = sources.iter().map(|source| {
            known.accounts_locked(source, since)
                + usize::from(!known.has_locked(source, self.scene.account, since))
        });
        counts.max().unwrap_or(0)
    }
}

/// The key of an incident: one account, one lockout. The SID tells namesakes of
/// two domains apart.
fn key(account: &str, lock: &Lock) -> String {
    match lock.sid.as_str() {
        "" => format!("{account}@{}", lock.at),
        sid => format!("{account}@{}/{sid}", lock.at),
    }
}

/// The domain controller that reported most failures, of equals the one with the
/// newest.
fn dc_with_failures(scene: &Scene<'_>, failures: &[&Failure]) -> String {
    let on_dc = || failures.iter().filter(|failure| scene.inventory.is_from_dc(failure));
    let count = |reporter: &str| on_dc().filter(|f| f.reporter == reporter).count();
    let most = on_dc().max_by_key(|failure| (count(&failure.reporter), failure.at, failure.record));
    most.map(|failure| failure.reporter.clone()).unwrap_or_default()
}
