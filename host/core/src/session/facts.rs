//! What the rows of a session say together.

use std::collections::VecDeque;

use crate::decode::exchange_csv::endpoint_address;
use crate::event::Certificate;
use crate::event::{Event, Value};

/// The facts of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    direction: String,
    server: String,
    connector: String,
    ip: String,
    local_ip: String,
    ehlo: String,
    peer_name: String,
    tls_subject: String,
    sent_subject: String,
    sent_thumbprint: String,
    mail_from: String,
    rcpts: Vec<String>,
    accepted_rcpts: Vec<String>,
    auth_user: String,
    auth_error: String,
    xoorg: String,
}

/// Recipients of one session that are kept.
const RCPTS_MAX: usize = 64;

/// One row, as text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row<'r> {
    pub(super) connector: &'r str,
    pub(super) local_endpoint: &'r str,
    pub(super) remote_endpoint: &'r str,
    pub(super) event: &'r str,
    pub(super) data: &'r str,
    pub(super) context: &'r str,
    pub(super) direction: &'r str,
}

/// A command that waits for its reply.
#[derive(Debug, Clone)]
enum Pending {
    Rcpt(String),
    Other,
}

/// Whose certificate the rows after this one describe, in older builds.
#[derive(Debug, Clone, Copy)]
enum Side {
    Remote,
    Sending,
}

/// Reads rows in order.
#[derive(Debug, Default)]
pub(super) struct Reader {
    facts: Facts,
    pending: VecDeque<Pending>,
    certificate_of: Option<Side>,
}

impl Reader {
    pub(super) fn row(&mut self, row: &Row<'_>) {
        row.direction.clone_into(&mut self.facts.direction);
        self.endpoints(row);
        let from_client = if row.direction == "receive" { "<" } else { ">" };
        match row.event {
            "*" => self.information(row),
            "<" | ">" if row.event == from_client => self.command(row.data),
            "<" | ">" => self.reply(row.data),
            _ => {}
        }
    }

    pub(super) fn finish(mut self) -> Facts {
        if self.facts.direction == "receive" {
            self.facts.peer_name.clone_from(&self.facts.ehlo);
        }
        self.facts
    }

    fn endpoints(&mut self, row: &Row<'_>) {
        let (server, connector) = row.connector.split_once('\\').unwrap_or(("", row.connector));
        set(&mut self.facts.server, server);
        set(&mut self.facts.connector, connector);
        set_address_once(&mut self.facts.ip, row.remote_endpoint);
        set_address_once(&mut self.facts.local_ip, row.local_endpoint);
    }

    /// A line of the client.
    fn command(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let is = |word: &str| verb.eq_ignore_ascii_case(word);
        let mut pending = Pending::Other;
        if is("EHLO") || is("HELO") {
            set(&mut self.facts.ehlo, rest.trim());
        } else if is("MAIL") {
            set(&mut self.facts.mail_from, address_of(rest));
            set(&mut self.facts.xoorg, parameter(rest, "XOORG=").unwrap_or_default());
        } else if is("RCPT") {
            pending = Pending::Rcpt(address_of(rest).to_owned());
            push(&mut self.facts.rcpts, address_of(rest));
        } else if is("XPROXY") || is("XPROXYFROM") {
            // A frontend speaks for its client.
            if let Some(client) = parameter(rest, "IP=") {
                client.clone_into(&mut self.facts.ip);
            }
        }
        self.pending.push_back(pending);
        if self.pending.len() > RCPTS_MAX {
            self.pending.pop_front();
        }
    }

    /// A line of the server: it answers the oldest command that waits.
    fn reply(&mut self, line: &str) {
        let Some(code) = reply_code(line.as_bytes()) else { return };
        let text = line.get(3..).unwrap_or_default();
        if text.starts_with('-') {
            return;
        }
        let name = text.trim_start().split(' ').next().unwrap_or_default();
        if code == 220
            && self.facts.peer_name.is_empty()
            && name.contains('.')
            && !name.starts_with("2.")
        {
            set(&mut self.facts.peer_name, name);
            return;
        }
        if code == 250 && text.contains(" Hello ") {
            set_once(&mut self.facts.peer_name, name);
        }
        // Only a recipient is told 2.1.5, whatever else is unanswered.
        let is_recipient = name == "2.1.5";
        while let Some(pending) = self.pending.pop_front() {
            match pending {
                Pending::Rcpt(address) => {
                    if code / 100 == 2 {
                        push(&mut self.facts.accepted_rcpts, &address);
                    }
                    return;
                }
                Pending::Other if is_recipient => {}
                Pending::Other => return,
            }
        }
    }

    fn information(&mut self, row: &Row<'_>) {
        let context = row.context.trim();
        if let Some((_, error)) = auth_error(context.as_bytes()) {
            self.facts.auth_error = String::from_utf8_lossy(error).into_owned();
        } else if let Some(user) = context.strip_prefix("User Name:") {
            let user = user.trim();
            if !user.eq_ignore_ascii_case("null") {
                set(&mut self.facts.auth_user, user);
            }
        } else if let Some(user) = proxied_user(context) {
            set_once(&mut self.facts.auth_user, user);
        } else {
            self.certificate(context, row.data);
        }
    }

    fn certificate(&mut self, context: &str, data: &str) {
        if context.starts_with("Remote certificate") {
            self.certificate_of = Some(Side::Remote);
        } else if context.starts_with("Sending certificate") {
            self.certificate_of = Some(Side::Sending);
        } else if !context.starts_with("Certificate ") {
            return;
        }
        let Some(side) = self.certificate_of else { return };
        if context == "Certificate thumbprint" {
            if let Side::Sending = side {
                set(&mut self.facts.sent_thumbprint, data.trim());
            }
            return;
        }
        let names_subject =
            !context.starts_with("Certificate ") || context == "Certificate subject";
        let certificate = Certificate::parse(data.as_bytes()).filter(|_| names_subject);
        let Some(certificate) = certificate else { return };
        let text = |part| str::from_utf8(part).unwrap_or_default();
        match side {
            Side::Remote => set(&mut self.facts.tls_subject, text(certificate.subject)),
            Side::Sending => {
                set(&mut self.facts.sent_subject, text(certificate.subject));
                set(
                    &mut self.facts.sent_thumbprint,
                    text(certificate.thumbprint.unwrap_or_default()),
                );
            }
        }
    }
}

impl Facts {
    /// Adds the facts that are known to an event.
    pub(super) fn push_to<'c>(&'c self, event: &mut Event<'c>) {
        let facts = [
            ("direction", &self.direction),
            ("server", &self.server),
            ("connector", &self.connector),
            ("ip", &self.ip),
            ("local_ip", &self.local_ip),
            ("ehlo", &self.ehlo),
            ("peer_name", &self.peer_name),
            ("tls_subject", &self.tls_subject),
            ("sent_subject", &self.sent_subject),
            ("sent_thumbprint", &self.sent_thumbprint),
            ("mail_from", &self.mail_from),
            ("auth_user", &self.auth_user),
            ("auth_error", &self.auth_error),
            ("xoorg", &self.xoorg),
        ];
        let lists = [("rcpts", &self.rcpts), ("accepted_rcpts", &self.accepted_rcpts)];
        let of_lists =
            lists.iter().flat_map(|(name, values)| values.iter().map(move |v| (*name, v)));
        for (name, value) in
            facts.into_iter().filter(|(_, value)| !value.is_empty()).chain(of_lists)
        {
            event.push(name.as_bytes(), Value::plain(value.as_bytes()));
        }
    }
}

/// `Inbound AUTH <mech> failed because of <error>`
pub(super) fn auth_error(context: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = context.strip_prefix(b"Inbound AUTH ")?;
    let at = memchr::memmem::find(rest, b" failed because of ")?;
    let (mechanism, error) = rest.split_at_checked(at)?;
    Some((mechanism, error.strip_prefix(b" failed because of ")?.trim_ascii()))
}

/// The three digits that an SMTP reply begins with.
pub(super) fn reply_code(line: &[u8]) -> Option<u32> {
    let (code, rest) = line.split_at_checked(3)?;
    let code = crate::bytes::digits(code).filter(|code| (200..600).contains(code))?;
    matches!(rest.first(), None | Some(b' ' | b'-')).then_some(code)
}

/// `Proxy session was successfully set up. Session for user1@contoso.com will now
/// be proxied`; one build glues the name to the word before.
fn proxied_user(context: &str) -> Option<&str> {
    let (_, rest) = context.split_once("Session for")?;
    rest.split_once(" will now be proxied").map(|(user, _)| user.trim())
}

/// The address of `FROM:<a@b> SIZE=1`.
fn address_of(text: &str) -> &str {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(
        || text.split_once(':').map_or("", |(_, rest)| rest.trim()),
        |(address, _)| address,
    )
}

/// The value of a parameter such as `XOORG=example.com`.
fn parameter<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split(' ').find_map(|word| {
        let (key, value) = word.split_at_checked(name.len())?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn set(fact: &mut String, value: &str) {
    if !value.is_empty() {
        value.clone_into(fact);
    }
}

fn set_once(fact: &mut String, value: &str) {
    if fact.is_empty() {
        value.clone_into(fact);
    }
}

fn set_address_once(fact: &mut String, endpoint: &str) {
    let address = if fact.is_empty() { endpoint_address(endpoint.as_bytes()) } else { None };
    if let Some(address) = address {
        *fact = String::from_utf8_lossy(address).into_owned();
    }
}

fn push(list: &mut Vec<String>, value: &str) {
    if !value.is_empty() && list.len() < RCPTS_MAX && !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
}
