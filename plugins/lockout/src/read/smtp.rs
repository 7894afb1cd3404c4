//! Failed SMTP AUTH: in the sessions of receive logs and in event 1035.

use logwasp_sdk::identity::meaningful;
use logwasp_sdk::windows::FailureClass;
use logwasp_sdk::{Cell, Event, smtp};

use super::Refused;
use crate::client::{Anonymous, Device, Refusal, Service};
use crate::inventory::Inventory;
use crate::place::{self, NAME_BYTES_MAX, client_ip, word};
use crate::rows::{ExchangeEvent, Session};

/// A failed AUTH of a client. What fails between servers (a damaged or foreign
/// token) is nobody's password.
pub(crate) fn refused(
    event: &Event<'_>,
    row: &Session<'_>,
    inventory: &Inventory,
) -> Option<Refused> {
    let attempt = attempt(row)?;
    let (at, record) = (event.time(), event.record());
    let server = place::key(server(row).unwrap_or_default());
    let ip = client_ip(row.ip?)?;
    let Some(name) = row.auth_user.and_then(meaningful) else {
        let service = Service::Smtp;
        let failure = Anonymous { at, record, ip, service, delayed: attempt.delayed };
        return Some(Refused::Nobody(server, failure));
    };
    let user = inventory.account(Some(name))?;
    let refusal = Refusal {
        at,
        record,
        class: attempt.class,
        server,
        service: Service::Smtp,
        ip: Some(ip),
        device: Device::default(),
        agent: word(attempt.mechanism, NAME_BYTES_MAX),
    };
    Some(Refused::User(user, refusal))
}

/// The server's name.
pub(crate) fn server<'a>(row: &Session<'a>) -> Cell<'a> {
    row.server.and_then(meaningful).or(row.host)
}

/// What a candidate row says about an attempt.
#[derive(Debug, PartialEq, Eq)]
struct Attempt<'a> {
    class: FailureClass,
    mechanism: Option<&'a str>,
    delayed: bool,
}

fn attempt<'a>(row: &Session<'a>) -> Option<Attempt<'a>> {
    if row.direction == Some("send") {
        return None;
    }
    match row.context.and_then(|context| context.split_once(" failed because of ")) {
        Some((before, error)) => {
            let mechanism = before.rsplit(' ').next();
            Some(Attempt { class: class(error)?, mechanism, delayed: false })
        }
        None => reply(row),
    }
}

/// The bare reply counts where the failure itself was not logged.
fn reply<'a>(row: &Session<'a>) -> Option<Attempt<'a>> {
    let logged = row.auth_error.and_then(meaningful).is_some();
    let reply = smtp::reply(row.data?).filter(|reply| reply.code == 535 && !logged)?;
    let wrong_password = matches!(reply.enhanced, None | Some("5.7.3" | "5.7.8"));
    wrong_password.then_some(Attempt {
        class: FailureClass::BadPassword,
        mechanism: None,
        delayed: true,
    })
}

fn class(error: &str) -> Option<FailureClass> {
    match error.split_whitespace().next()?.trim_end_matches(['.', ',']) {
        "LogonDenied" => Some(FailureClass::BadPassword),
        "AccountDisabled" => Some(FailureClass::Disabled),
        _ => None,
    }
}

/// Event 1035, which does not name the user.
pub(crate) fn event_1035(event: &Event<'_>, row: &ExchangeEvent<'_>) -> Option<Refused> {
    if row.event_id != Some("1035") || row.error.map(str::trim) != Some("LogonDenied") {
        return None;
    }
    let failure = Anonymous {
        at: event.time(),
        record: event.record(),
        ip: client_ip(row.ip?)?,
        service: Service::Smtp,
        delayed: false,
    };
    Some(Refused::Nobody(place::key(row.host?), failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(context: &'a str, data: &'a str, auth_error: Option<&'a str>) -> Session<'a> {
        Session {
            host: Some("EXCH01"),
            server: None,
            local_ip: Some("10.0.0.25"),
            ip: Some("10.1.2.3"),
            direction: Some("receive"),
            auth_user: None,
            auth_error,
            data: Some(data),
            context: Some(context),
        }
    }

    /// Scenario: candidate rows of failed logons, of failures between servers, of
    /// replies with and without a logged failure, of other refusals.
    /// Guarantees: only a client's wrong password counts, and once.
    #[test]
    fn only_wrong_passwords_count() {
        let failed = |error: &str| format!("Inbound AUTH LOGIN failed because of {error}");
        let denied = failed("LogonDenied");
        let found = attempt(&row(&denied, "", Some("LogonDenied"))).expect("it counts");
        assert_eq!((found.class, found.mechanism), (FailureClass::BadPassword, Some("LOGIN")));
        for error in ["IllegalMessage", "UnexpectedExchangeAuthBlob", "InvalidToken", ""] {
            assert_eq!(attempt(&row(&failed(error), "", None)), None, "{error}");
        }
        let unsuccessful = "535 5.7.3 Authentication unsuccessful";
        assert!(attempt(&row("", unsuccessful, None)).is_some_and(|found| found.delayed));
        assert_eq!(attempt(&row("", unsuccessful, Some("LogonDenied"))), None);
        let disabled = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.";
        assert_eq!(attempt(&row("", disabled, None)), None);
        let sent = Session { direction: Some("send"), ..row(&denied, "", None) };
        assert_eq!(attempt(&sent), None);
    }
}
