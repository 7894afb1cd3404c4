//! Takes rows into the state.

use logwasp_sdk::identity::{self, meaningful};
use logwasp_sdk::windows::is_audit_failure;
use logwasp_sdk::{Alerts, Cell, Event, Evidence, Timestamp};

use crate::Lockout;
use crate::client::{Refusal, Service};
use crate::coverage::LogKind;
use crate::incident::Unlock;
use crate::lock::{Lock, SID_BYTES_MAX};
use crate::place::{self, NAME_BYTES_MAX, word};
use crate::read::windows::{Failed, audit_id};
use crate::read::{Refused, iis, mailbox, smtp};
use crate::rows::{Account, Coverage, ExchangeEvent, Iis, Mailbox, Proxy, Session};
use crate::state::PopUser;
use crate::user::User;
use crate::why;

impl Lockout {
    /// Something happened to an account itself.
    pub(crate) fn account(&mut self, event: &Event<'_>, row: &Account<'_>, alerts: &mut Alerts) {
        let Some(id) = audit_id(row.event_id, row.provider) else { return };
        let Some(user) = self.inventory.account(row.user) else { return };
        match id {
            4740 | 644 => self.locked(event, row, &user.key, alerts),
            4767 | 671 => self.unlocked(event, row, &user.key, alerts),
            _ if row.keywords.is_some_and(is_audit_failure) => {}
            _ => self.touch(&user.key, event.time(), alerts, |user| {
                user.password_changed = user.password_changed.max(Some(event.time()));
            }),
        }
    }

    fn locked(&mut self, event: &Event<'_>, row: &Account<'_>, account: &str, alerts: &mut Alerts) {
        let lock = Lock::reported(event, row, &self.inventory);
        let summary = format!("{}: {account} locked out", lock.reporter);
        let (dup_window, settle) = (self.config.dup_window.nanos(), self.config.settle.nanos());
        let copied = self.touch(account, event.time(), alerts, |user| {
            let copied = user.copy_of(&lock, dup_window);
            if !copied {
                user.locked(lock.at, false);
                if !event.is_late() {
                    user.pending.push(lock);
                }
            }
            copied
        });
        why::locked(account, &summary, copied, &self.config);
        if copied || event.is_late() {
            self.reconsider(account, &Evidence::of(event, summary), alerts);
        } else {
            self.state.timers.set(event.time().saturating_add(settle), account.to_owned());
        }
    }

    fn unlocked(
        &mut self,
        event: &Event<'_>,
        row: &Account<'_>,
        account: &str,
        alerts: &mut Alerts,
    ) {
        let unlock = Unlock {
            at: event.time(),
            record: event.record(),
            sid: word(row.sid, SID_BYTES_MAX),
            by: word(row.subject, NAME_BYTES_MAX),
        };
        let Some(user) = self.state.users.get_mut(&account.to_owned()) else { return };
        user.free(event.time());
        let open = user.incidents.iter().filter(|incident| !incident.closed).count();
        why::unlocked(account, open);
        for lock in user.pending.iter_mut().filter(|lock| unlock.ends(lock)) {
            lock.unlocked = Some(unlock.clone());
        }
        for incident in user.incidents.iter_mut().filter(|incident| !incident.closed) {
            if unlock.ends(&incident.lock) {
                incident.close(&unlock, alerts);
            }
        }
    }

    /// A logon failed.
    pub(crate) fn failed(
        &mut self,
        event: &Event<'_>,
        failed: Option<Failed>,
        written: Cell<'_>,
        alerts: &mut Alerts,
    ) {
        let Some(Failed { user, domain, failure }) = failed else {
            why::no_failure(written);
            return;
        };
        for place in failure.sources() {
            self.state.sources.failed(&place.key, &user.key, event.time());
        }
        let evidence = crate::evidence::of_failure(&failure);
        self.touch(&user.key, event.time(), alerts, |user| {
            if !domain.is_empty() {
                user.domain = domain;
            }
            user.failed(failure);
        });
        self.after_failure(event, &user.key, &evidence, alerts);
    }

    /// A server refused a client.
    fn refused(&mut self, event: &Event<'_>, refused: Refused, alerts: &mut Alerts) {
        match refused {
            Refused::User(user, refusal) => self.refused_user(event, &user, refusal, alerts),
            Refused::Nobody(server, failure) => {
                self.read(&server, failure.service, event.time());
                why::nobody(&server);
                self.state.failed_anonymously(&server, failure);
            }
        }
    }

    fn refused_user(
        &mut self,
        event: &Event<'_>,
        user: &identity::User,
        refusal: Refusal,
        alerts: &mut Alerts,
    ) {
        self.read(&refusal.server, refusal.service, event.time());
        if let Some(source) = refusal.source() {
            self.state.sources.failed(&source, &user.key, event.time());
        }
        let evidence = crate::evidence::of_refusal(&refusal);
        self.touch(&user.key, event.time(), alerts, |user| user.refused(refusal));
        self.after_failure(event, &user.key, &evidence, alerts);
    }

    /// A failure may imply a lockout; a late one may explain one.
    fn after_failure(
        &mut self,
        event: &Event<'_>,
        account: &str,
        evidence: &Evidence,
        alerts: &mut Alerts,
    ) {
        let at = event.time();
        if event.is_late() {
            why::late(account);
            self.reconsider(account, evidence, alerts);
            return;
        }
        let key = account.to_owned();
        let Some(user) = self.state.users.get(&key) else { return };
        why::failed(account, user, at, &self.config);
        if user.is_lock_implied(at, &self.config) {
            let lock = Lock::implied(at, &user.domain);
            self.touch(account, at, alerts, |user| {
                user.locked(at, true);
                user.pending.push(lock);
            });
            self.state.timers.set(at.saturating_add(self.config.settle.nanos()), key);
        }
    }

    /// A row of a server's log shows that the log is read.
    fn read(&mut self, server: &str, service: Service, at: Timestamp) {
        let log = match service {
            Service::Smtp => LogKind::Smtp,
            Service::Imap | Service::Pop => LogKind::Mailbox,
            _ => LogKind::Http,
        };
        self.state.coverage.read(server, log, at, at);
    }

    pub(crate) fn exchange_event(
        &mut self,
        event: &Event<'_>,
        row: &ExchangeEvent<'_>,
        alerts: &mut Alerts,
    ) {
        self.learn(row.host);
        if let Some(refused) = smtp::event_1035(event, row) {
            self.refused(event, refused, alerts);
        }
    }

    pub(crate) fn iis(&mut self, event: &Event<'_>, row: &Iis<'_>, alerts: &mut Alerts) {
        // A server that takes SMTP AUTH or serves these paths logs on for others.
        if iis::is_smtp(row) || iis::is_exchange(row) {
            self.learn(row.host);
        }
        self.join(row.server_name, row.server_ip);
        if let Some(refused) = iis::refused(event, row, &self.inventory) {
            self.refused(event, refused, alerts);
        }
    }

    /// A record shows that a machine is an Exchange server. Probes address their
    /// own server as loopback, which is every machine's address.
    fn learn(&mut self, host: Cell<'_>) {
        let key = place::key(host.unwrap_or_default());
        if !identity::ip(&key).is_some_and(|ip| ip.is_loopback()) {
            self.state.exchange.learn(&key);
        }
    }

    /// A record gives an Exchange server's name and its address.
    fn join(&mut self, name: Cell<'_>, address: Cell<'_>) {
        if let (Some(name), Some(address)) = (name, address.and_then(place::client_ip)) {
            self.state.exchange.join(&place::key(name), address);
        }
    }

    pub(crate) fn session(&mut self, event: &Event<'_>, row: &Session<'_>, alerts: &mut Alerts) {
        if row.direction != Some("send") {
            let server = smtp::server(row);
            self.learn(server);
            self.join(server, row.local_ip);
        }
        if let Some(refused) = smtp::refused(event, row, &self.inventory) {
            self.refused(event, refused, alerts);
        }
    }

    pub(crate) fn mailbox(&mut self, event: &Event<'_>, row: &Mailbox<'_>, alerts: &mut Alerts) {
        let session = mailbox::session(row);
        self.learn(Some(&session.0));
        if let Some(name) = mailbox::named_user(row) {
            let user = || PopUser { name: String::new() };
            self.state.pop_sessions.touch(session, event.time(), user, |user| user.name = name);
            return;
        }
        // The back end's client is the front end, whose own log names the client.
        let client = row.client.and_then(place::client_ip);
        if client.is_some_and(|ip| self.state.exchange.contains_ip(ip)) {
            return;
        }
        let said = self.state.pop_sessions.get(&session).map(|user| user.name.as_str());
        if let Some(refused) = mailbox::refused(event, row, said, &self.inventory) {
            self.refused(event, refused, alerts);
        }
    }

    pub(crate) fn proxy(&mut self, event: &Event<'_>, row: &Proxy<'_>, alerts: &mut Alerts) {
        self.learn(row.server.or(row.host));
        let Some((user, refusal)) = iis::proxied(event, row, &self.inventory) else { return };
        self.touch(&user.key, event.time(), alerts, |user| {
            user.proxied.push(refusal);
        });
    }

    pub(crate) fn coverage(&mut self, row: &Coverage<'_>) {
        let server = place::key(row.host.unwrap_or_default());
        if row.exchange == Some("true") {
            self.learn(row.host);
        }
        let log = LogKind::of(row.kind.unwrap_or_default(), row.direction, row.source);
        let nanos = |cell: Option<&str>| cell.and_then(meaningful)?.parse::<Timestamp>().ok();
        if let (Some(log), Some(from), Some(to)) = (log, nanos(row.from), nanos(row.to)) {
            self.state.coverage.read(&server, log, from, to);
        }
    }

    /// Changes what is known of an account. Accounts that must go to make room get
    /// a last word.
    pub(crate) fn touch<R>(
        &mut self,
        account: &str,
        at: Timestamp,
        alerts: &mut Alerts,
        change: impl FnOnce(&mut User) -> R,
    ) -> R {
        let users = &mut self.state.users;
        let (result, evicted) = users.touch(account.to_owned(), at, User::default, change);
        for (account, user) in evicted {
            self.last_word(&account, &user, alerts);
        }
        result
    }

    /// Forgets what is too old.
    pub(crate) fn sweep(&mut self, now: Timestamp, alerts: &mut Alerts) {
        for (account, user) in self.state.sweep(now) {
            self.last_word(&account, &user, alerts);
        }
    }
}
