//! What the operator reads: one line, then the reasons.

use logwasp_sdk::time::{format_span, format_timestamp};
use logwasp_sdk::windows::FailureClass;

use crate::cause::Cause;
use crate::chain::{Kind, Logs};
use crate::client::{Device, Service};
use crate::failure::attempts;
use crate::hop2::Client;
use crate::verdict::Verdict;

/// `Account CONTOSO\user1 locked out - ActiveSync device iPhone ABC123 at ...`.
pub(crate) fn title(verdict: &Verdict<'_>) -> String {
    format!("Account {} locked out - {}", account(verdict), phrase(verdict))
}

/// The device of a client as an entity: `iPhone/ABC123`.
pub(crate) fn device(client: &Client) -> String {
    device_words(&client.device).join("/")
}

fn device_words(device: &Device) -> Vec<&str> {
    let words = [device.model.as_str(), device.id.as_str()];
    words.into_iter().filter(|word| !word.is_empty()).collect()
}

/// `CONTOSO\user1`, as far as known.
fn account(verdict: &Verdict<'_>) -> String {
    match verdict.domain() {
        "" => verdict.scene.account.to_owned(),
        domain => format!("{domain}\\{}", verdict.scene.account),
    }
}

/// Where it came from, in the words of the title.
fn phrase(verdict: &Verdict<'_>) -> String {
    let attribution = &verdict.attribution;
    let machine = attribution.shown();
    match (&attribution.client, attribution.kind) {
        (Some(client), _) => client_phrase(verdict, client, machine),
        (None, Kind::ExchangeUnknown) => format!("unknown client of Exchange server {machine}"),
        (None, Kind::Intermediary) => {
            format!("unknown client of {machine}, which passes logons on")
        }
        (None, Kind::ExternalIp) => format!("external address {machine}"),
        (None, Kind::Workstation) => format!("workstation {machine}"),
        (None, _) => "unidentified non-domain device".to_owned(),
    }
}

fn client_phrase(verdict: &Verdict<'_>, client: &Client, machine: &str) -> String {
    let service = client.service.shown();
    if client.service == Service::ActiveSync {
        let device = device_words(&client.device).join(" ");
        let blank = if device.is_empty() { "" } else { " " };
        let at = client.ip.map(|ip| format!(" at {ip}")).unwrap_or_default();
        return format!("{service} device{blank}{device}{at} via {machine}");
    }
    let from = client.ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let cadence = verdict.judgement.cadence;
    let every = cadence.map(|found| format!(" every ~{}s", found.period_s)).unwrap_or_default();
    format!("{service}{from} via {machine}{every}")
}

/// What happened and why we think so.
pub(crate) fn description(verdict: &Verdict<'_>) -> String {
    let sentences = [
        Some(lockout(verdict)),
        Some(failures(verdict)),
        path(verdict),
        logs_read(verdict),
        logs_absent(verdict),
        proxied_device(verdict),
        rhythm(verdict),
        cause(verdict),
        password_change(verdict),
        repetition(verdict),
    ];
    let said: Vec<String> = sentences.into_iter().flatten().collect();
    said.join(" ")
}

fn lockout(verdict: &Verdict<'_>) -> String {
    let lock = verdict.scene.lock;
    let (account, at) = (account(verdict), format_timestamp(lock.at));
    if lock.implied {
        return format!(
            "Logons of {account} were refused as locked out until {at}, but no domain controller's \
             report of the lockout was read: collect the Security logs of all domain controllers."
        );
    }
    let reporter = if lock.reporter.is_empty() { "the event" } else { &lock.reporter };
    let caller = match lock.caller.as_str() {
        "" => "no caller computer".to_owned(),
        caller => format!("{caller} as the caller computer"),
    };
    format!("{account} was locked out at {at}; {reporter} names {caller}.")
}

fn failures(verdict: &Verdict<'_>) -> String {
    let all = attempts(verdict.failures.iter().copied());
    let before = format_span(verdict.scene.config.lookback.nanos());
    let Some(newest) = all.last() else {
        return format!("Windows reported no failed logon of the account in the {before} before.");
    };
    let locked = all.iter().filter(|attempt| attempt.class() == FailureClass::Locked).count();
    let counts = [
        (all.len() - locked, "with a wrong password"),
        (locked, "refused because the account was locked"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
    let seen = match verdict.dc_with_failures.as_str() {
        "" => String::new(),
        dc => format!(", most of them seen by {dc}"),
    };
    format!(
        "Failed logons in the {before} before: {}{seen}, the last at {}.",
        counts.join(", "),
        format_timestamp(newest.at())
    )
}

/// How the logons came.
fn path(verdict: &Verdict<'_>) -> Option<String> {
    let attribution = &verdict.attribution;
    let machine = attribution.shown();
    match (&attribution.client, attribution.kind) {
        (Some(client), Kind::InferredClient) => Some(inferred(verdict, client, machine)),
        (Some(client), _) => Some(named(client, machine)),
        (None, Kind::ExchangeUnknown) => {
            Some(format!("The logons came through Exchange server {machine}."))
        }
        (None, Kind::Intermediary) => {
            Some(format!("{machine} passed the logons on; only its own log can name the client."))
        }
        (None, Kind::NonDomainDevice) => Some(
            "Nothing names the source: it is no Windows machine of the domain, but a phone, a \
             proxy, or a Java or Linux program."
                .to_owned(),
        ),
        (None, _) => None,
    }
}

fn named(client: &Client, machine: &str) -> String {
    let ip = client.ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let agent = match client.agent.as_str() {
        "" => String::new(),
        agent => format!(" ({agent})"),
    };
    format!(
        "The log of {machine} names the user in {} refused {} requests{ip}{agent}.",
        client.refusals,
        client.service.shown()
    )
}

fn inferred(verdict: &Verdict<'_>, client: &Client, machine: &str) -> String {
    let ip = client.ip.map(|ip| ip.to_string()).unwrap_or_default();
    format!(
        "The log of {machine} does not name the user, but {} of {} attempts coincide with {} \
         failures from {ip}, and no other client comes near.",
        client.refusals,
        verdict.attempts,
        client.service.shown()
    )
}

fn logs_read(verdict: &Verdict<'_>) -> Option<String> {
    let names = log_names(verdict.attribution.logs?, true)?;
    Some(format!("Its {names} logs were read and do not give the client away."))
}

/// What nobody collected excludes nothing.
fn logs_absent(verdict: &Verdict<'_>) -> Option<String> {
    let names = log_names(verdict.attribution.logs?, false)?;
    Some(format!("{names} logs were not collected."))
}

fn log_names(logs: Logs, read: bool) -> Option<String> {
    let all = [(logs.http, "HTTP"), (logs.smtp, "SMTP"), (logs.mailbox, "IMAP/POP")];
    let names: Vec<&str> =
        all.into_iter().filter(|(was_read, _)| *was_read == read).map(|(_, name)| name).collect();
    (!names.is_empty()).then(|| names.join("/"))
}

/// The HTTP proxy logs ordinary handshakes too, so its device is only a hint.
fn proxied_device(verdict: &Verdict<'_>) -> Option<String> {
    verdict.attribution.logs?;
    let mut proxied = verdict.scene.user.proxied.iter().rev();
    let refusal = proxied.find(|refusal| verdict.scene.covers(refusal.at))?;
    let device = device_words(&refusal.device).join(" ");
    let at = refusal.ip.map(|ip| format!(" at {ip}")).unwrap_or_default();
    Some(format!("The HTTP proxy answered 401 to the user's ActiveSync device {device}{at}."))
}

fn rhythm(verdict: &Verdict<'_>) -> Option<String> {
    let found = verdict.judgement.cadence?;
    Some(format!(
        "The failures come every {} s (jitter {} s): a program, not a person.",
        found.period_s, found.jitter_s
    ))
}

fn cause(verdict: &Verdict<'_>) -> Option<String> {
    match verdict.judgement.cause {
        Cause::Spraying => Some(format!(
            "The same source failed for {} accounts within 10 minutes: it tries passwords.",
            verdict.judgement.accounts_failed
        )),
        Cause::Guessing => Some(
            "Several addresses outside the site tried this account: somebody guesses its password."
                .to_owned(),
        ),
        Cause::UserError => Some(
            "Few attempts at a keyboard: most likely a mistyped or forgotten password.".to_owned(),
        ),
        _ => None,
    }
}

fn password_change(verdict: &Verdict<'_>) -> Option<String> {
    let ago = format_span(verdict.scene.lock.at - verdict.judgement.password_changed?);
    Some(format!("The password was changed {ago} before; something may still use the old one."))
}

fn repetition(verdict: &Verdict<'_>) -> Option<String> {
    let count = verdict.judgement.locks_24h;
    (count > 1).then(|| format!("It is lockout {count} of the account in 24 hours."))
}
