//! Refused IMAP4 and POP3 logons.

use logwasp_sdk::Event;
use logwasp_sdk::identity::meaningful;
use logwasp_sdk::windows::FailureClass;

use super::Refused;
use crate::client::{Anonymous, Device, Refusal, Service};
use crate::inventory::Inventory;
use crate::place::{self, NAME_BYTES_MAX, client_ip, word};
use crate::rows::Mailbox;

/// The key of a POP3 session, whose USER and PASS are separate rows.
pub(crate) fn session(row: &Mailbox<'_>) -> (String, String) {
    (server(row), word(row.session, NAME_BYTES_MAX))
}

/// The user that a POP3 client names, when the row is a USER command that was not
/// refused itself.
pub(crate) fn named_user(row: &Mailbox<'_>) -> Option<String> {
    let is_user = row.command?.eq_ignore_ascii_case("user");
    let name = row.parameters.and_then(first_word).filter(|_| is_user && !is_refusal(row))?;
    Some(word(Some(name), NAME_BYTES_MAX))
}

/// A refused logon; `said` is the user that the session named before.
pub(crate) fn refused(
    event: &Event<'_>,
    row: &Mailbox<'_>,
    said: Option<&str>,
    inventory: &Inventory,
) -> Option<Refused> {
    if !is_refusal(row) {
        return None;
    }
    let (at, record) = (event.time(), event.record());
    let (service, ip) = (service(row)?, client_ip(row.client?)?);
    let Some(name) = user(row).or(said) else {
        let failure = Anonymous { at, record, ip, service, delayed: false };
        return Some(Refused::Nobody(server(row), failure));
    };
    let refusal = Refusal {
        at,
        record,
        class: FailureClass::BadPassword,
        server: server(row),
        service,
        ip: Some(ip),
        device: Device::default(),
        agent: String::new(),
    };
    Some(Refused::User(inventory.account(Some(name))?, refusal))
}

fn is_refusal(row: &Mailbox<'_>) -> bool {
    let context = row.context.unwrap_or_default();
    ["NO ", "-ERR", "LogonDenied", "LogonFailed"].iter().any(|mark| context.contains(mark))
}

/// The user column, which is empty on failure, else the command's own argument.
fn user<'a>(row: &Mailbox<'a>) -> Option<&'a str> {
    let takes_name = row.command.is_some_and(|command| {
        ["login", "user"].iter().any(|name| command.eq_ignore_ascii_case(name))
    });
    let argument = row.parameters.filter(|_| takes_name).and_then(first_word);
    row.user.and_then(meaningful).or(argument)
}

/// The first word, without quotes; passwords are masked by stars.
fn first_word(parameters: &str) -> Option<&str> {
    let word = parameters.split_whitespace().next()?.trim_matches('"');
    meaningful(word).filter(|word| !word.chars().all(|c| c == '*'))
}

/// By the server's port, else by the command.
fn service(row: &Mailbox<'_>) -> Option<Service> {
    let port = row.server.and_then(|endpoint| endpoint.rsplit_once(':')).map(|(_, port)| port);
    match port {
        Some("143" | "993") => Some(Service::Imap),
        Some("110" | "995") => Some(Service::Pop),
        _ => match row.command?.to_ascii_lowercase().as_str() {
            "login" | "authenticate" => Some(Service::Imap),
            _ => Some(Service::Pop),
        },
    }
}

fn server(row: &Mailbox<'_>) -> String {
    let address = row.server.and_then(logwasp_sdk::identity::endpoint_ip);
    match row.host.map(place::key).filter(|key| !key.is_empty()) {
        Some(key) => key,
        None => address.map(|address| address.to_string()).unwrap_or_default(),
    }
}
