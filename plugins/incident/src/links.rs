//! Which alerts belong together.

use std::collections::BTreeMap;

use logwasp_sdk::state::BoundedMap;
use logwasp_sdk::{Alerts, Event, Hosts, Timestamp};
use serde::{Deserialize, Serialize};

use crate::amendment::Amendments;
use crate::config::Config;
use crate::member::{Member, Role};
use crate::parent::{Kind, Parent};
use crate::why;

/// Alerts, and the parents made of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Links {
    members: BoundedMap<String, Member>,
    /// Open parents by their key.
    parents: BTreeMap<String, Parent>,
    /// Hosts that alerts named, to join a name with an address.
    learned: Hosts,
    /// When old alerts were last forgotten.
    swept: Timestamp,
}

/// Old alerts are forgotten so many times in one window.
const SWEEPS: i64 = 16;

impl Default for Links {
    fn default() -> Self {
        let members = BoundedMap::new(24 * 1024 * 1024);
        Self { members, parents: BTreeMap::new(), learned: Hosts::default(), swept: 0 }
    }
}

/// The row at hand and what is needed to judge it.
pub(crate) struct Case<'a> {
    pub(crate) event: &'a Event<'a>,
    pub(crate) exchange: &'a Hosts,
    pub(crate) config: &'a Config,
}

impl Links {
    pub(crate) fn set_bytes_max(&mut self, bytes_max: usize) {
        self.members.set_bytes_max(bytes_max);
    }

    /// Takes an alert in and says what it makes of others. A late one is only
    /// remembered.
    pub(crate) fn take(&mut self, id: &str, new: Member, case: &Case<'_>, alerts: &mut Alerts) {
        let at = case.event.time();
        let role = new.role;
        self.learn(&new);
        self.expire(at, case.config);
        let revise = |member: &mut Member| member.revise(&new);
        let (is_stale, _) = self.members.touch(id.to_owned(), at, || new.clone(), revise);
        if case.event.is_late() {
            why::late(&new);
            return;
        }
        let mut amendments = Amendments::default();
        if is_stale {
            amendments.again(id);
        }
        if role.is_hybrid() {
            self.hybrid_trust(id, case, &mut amendments, alerts);
            self.throttle_cause(id, case.config, &mut amendments);
        }
        if role == Role::PrivateKey || role.is_tls() {
            self.tls_key(id, case, &mut amendments, alerts);
        }
        if matches!(role, Role::Inactive | Role::BrokenTls) {
            self.suppress(id, case, &mut amendments);
        }
        amendments.raise(&mut self.members, alerts);
        self.close_ended(alerts);
    }

    /// Forgets what is near nothing that may still come.
    fn expire(&mut self, now: Timestamp, config: &Config) {
        let window = config.window.nanos();
        if now.saturating_sub(self.swept) > window / SWEEPS {
            self.swept = now;
            self.members.expire(now.saturating_sub(window));
        }
    }

    /// Only Exchange servers: the one name and the one address may then be joined.
    fn learn(&mut self, member: &Member) {
        if member.role.is_tls() || member.role == Role::Inactive {
            member.hosts.iter().for_each(|host| self.learned.learn(host));
        }
    }

    /// Own mail anonymous, and throttling, blocking or loops within the window.
    fn hybrid_trust(
        &mut self,
        id: &str,
        case: &Case<'_>,
        amendments: &mut Amendments,
        alerts: &mut Alerts,
    ) {
        let key = Kind::HybridTrust.rule();
        let window = case.config.window;
        let Some(at_hand) = self.members.get(&id.to_owned()) else { return };
        let near: Vec<(&String, &Member)> = self
            .members
            .iter()
            .filter(|(_, member)| member.role.is_hybrid() && member.is_near(at_hand, window))
            .collect();
        let has_consequence = near.iter().any(|(_, other)| other.role.is_consequence());
        let is_one = has_consequence
            && near.iter().any(|(_, trust)| {
                trust.role == Role::Untrusted
                    && near.iter().any(|(_, other)| {
                        other.role.is_consequence() && other.is_near(trust, window)
                    })
            });
        let joins = is_one || self.parents.contains_key(key);
        why::near(Kind::HybridTrust, at_hand, &near, joins, case.config);
        if joins {
            let children = near.into_iter().map(|(id, _)| id.clone()).collect();
            self.adopt(Kind::HybridTrust, key, None, children, case, amendments, alerts);
        }
    }

    /// A private key that cannot be used, and TLS of mail that fails on the same host.
    fn tls_key(
        &mut self,
        id: &str,
        case: &Case<'_>,
        amendments: &mut Amendments,
        alerts: &mut Alerts,
    ) {
        let Some(at_hand) = self.members.get(&id.to_owned()) else { return };
        let Some(host) = at_hand.hosts.first() else { return };
        let is_near = |member: &Member| member.is_near(at_hand, case.config.tls_window);
        let is_key = |member: &Member| member.role == Role::PrivateKey && is_near(member);
        if !self.members.iter().any(|(_, member)| is_key(member)) {
            return;
        }
        let near: Vec<(&String, &Member)> = self
            .members
            .iter()
            .filter(|(_, member)| member.role == Role::PrivateKey || member.role.is_tls())
            .filter(|(_, member)| is_near(member))
            .filter(|(_, member)| member.hosts.iter().any(|other| self.same(other, host, case)))
            .collect();
        let has = |test: fn(Role) -> bool| near.iter().any(|(_, member)| test(member.role));
        let joins = has(|role| role == Role::PrivateKey) && has(Role::is_tls);
        why::near(Kind::TlsKey, at_hand, &near, joins, case.config);
        if !joins {
            return;
        }
        let host = self.name(host, case);
        let key = format!("{} {host}", Kind::TlsKey.rule());
        let children = near.into_iter().map(|(id, _)| id.clone()).collect();
        self.adopt(Kind::TlsKey, &key, Some(host), children, case, amendments, alerts);
    }

    #[expect(clippy::too_many_arguments, reason = "a parent's whole circumstances, used twice")]
    fn adopt(
        &mut self,
        kind: Kind,
        key: &str,
        host: Option<String>,
        mut children: Vec<String>,
        case: &Case<'_>,
        amendments: &mut Amendments,
        alerts: &mut Alerts,
    ) {
        let is_new = !self.parents.contains_key(key);
        let parent = self.parents.entry(key.to_owned()).or_insert_with(|| Parent::new(kind, host));
        let first_seen = |id: &String| self.members.get(id).map(|member| member.first_seen);
        children.sort_by_key(|id| (first_seen(id), id.clone()));
        let mut has_news = false;
        for id in &children {
            let Some(child) = self.members.get(id) else { continue };
            if parent.take(id, child) {
                has_news = true;
            }
            amendments.parent(id, key);
        }
        parent.newest = parent.newest.max(case.event.time());
        if has_news {
            let alert = parent.alert(key, &self.members);
            alerts.raise(if is_new { alert } else { alert.as_update() });
        }
    }

    /// Throttling within the window of anonymous own mail, or of mail that was refused
    /// as unattributed, has this cause.
    fn throttle_cause(&self, id: &str, config: &Config, amendments: &mut Amendments) {
        let Some(at_hand) = self.members.get(&id.to_owned()) else { return };
        let of = |test: fn(Role) -> bool| {
            self.members.iter().filter(move |(_, member)| test(member.role))
        };
        // The others were judged when they came.
        let throttled = of(|role| role == Role::Throttled).filter(|(other, throttled)| {
            at_hand.role != Role::Throttled && throttled.is_near(at_hand, config.window)
                || *other == id
        });
        for (id, throttled) in throttled {
            let because = of(|role| matches!(role, Role::Untrusted | Role::NotAttributed))
                .filter(|(_, trust)| trust.is_near(throttled, config.window))
                .min_by_key(|(id, trust)| (trust.first_seen, *id));
            if let Some((because, _)) = because {
                amendments.cause(id, because);
            }
        }
    }

    /// TLS that breaks off on an inactive server, or with one, only shows that.
    fn suppress(&self, id: &str, case: &Case<'_>, amendments: &mut Amendments) {
        let Some(at_hand) = self.members.get(&id.to_owned()) else { return };
        // All of a role, or, when the alert at hand has it, that alone.
        let of = |role| {
            let is_meant = move |other: &str| at_hand.role != role || other == id;
            let members = self.members.iter();
            members.filter(move |(other, member)| member.role == role && is_meant(other))
        };
        for (id, broken) in of(Role::BrokenTls) {
            let inactive = of(Role::Inactive).find(|(_, inactive)| {
                inactive.is_near(broken, case.config.suppress_window)
                    && inactive.hosts.iter().any(|host| {
                        let mut ends = broken.hosts.iter().chain(&broken.peer);
                        ends.any(|end| self.same(end, host, case))
                    })
            });
            why::suppression(broken, inactive.map(|(_, inactive)| inactive), case.config);
            if let Some((because, _)) = inactive {
                amendments.suppress(id, because);
            }
        }
    }

    fn same(&self, a: &str, b: &str, case: &Case<'_>) -> bool {
        case.exchange.same(a, b) || self.learned.same(a, b)
    }

    /// The name of a host, when only its address is at hand and the name is known.
    fn name(&self, host: &str, case: &Case<'_>) -> String {
        let known = case.exchange.canonical(host).or_else(|| self.learned.canonical(host));
        known.unwrap_or_else(|| host.to_owned())
    }

    /// A parent ends with the last of its children.
    fn close_ended(&mut self, alerts: &mut Alerts) {
        let members = &self.members;
        let is_over = |parent: &Parent| {
            parent.children.iter().all(|id| members.get(id).is_none_or(|child| child.is_closed))
        };
        let ended: Vec<String> = self
            .parents
            .iter()
            .filter(|(_, parent)| is_over(parent))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &ended {
            self.close(key, alerts);
        }
    }

    fn close(&mut self, key: &str, alerts: &mut Alerts) {
        if let Some(mut parent) = self.parents.remove(key) {
            alerts.raise(parent.alert(key, &self.members).as_close());
        }
    }

    /// When the first parent had no child for the window.
    pub(crate) fn deadline(&self, config: &Config) -> Option<Timestamp> {
        self.parents.values().map(|parent| quiet_at(parent, config)).min()
    }

    /// Closes parents without children for the window.
    pub(crate) fn timer(&mut self, now: Timestamp, config: &Config, alerts: &mut Alerts) {
        let quiet: Vec<String> = self
            .parents
            .iter()
            .filter(|(_, parent)| quiet_at(parent, config) <= now)
            .map(|(key, _)| key.clone())
            .collect();
        for key in &quiet {
            self.close(key, alerts);
        }
    }
}

fn quiet_at(parent: &Parent, config: &Config) -> Timestamp {
    parent.newest.saturating_add(config.window.nanos()).saturating_add(1)
}
