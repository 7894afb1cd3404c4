//! What the operator reads.

use logwasp_sdk::text::clean;
use logwasp_sdk::{Alert, Confidence};

pub(crate) const DECRYPT_REMEDIATION: &str = "On the Mailbox server run `klist tickets -li 0x3e7` and look at the encryption type of the \
     tickets for the other server. Remove the registry value DefaultEncryptionType below \
     HKLM\\SYSTEM\\CurrentControlSet\\Control\\Lsa\\Kerberos\\Parameters on all Exchange servers, \
     run `klist purge -li 0x3e7`, restart the transport service. Do not run the transport service \
     as LocalSystem instead: it hides the broken key.";

pub(crate) const REFUSED_REMEDIATION: &str = "Compare the clocks of both servers and of the DC (`w32tm /monitor`), check the SPNs of the \
     computer accounts (`setspn -L`, `setspn -X` for duplicates) and the secure channel (`nltest \
     /sc_verify`). Then look at the tickets: `klist tickets -li 0x3e7`, `klist purge -li 0x3e7`, \
     restart the transport service.";

pub(crate) const TICKET_REMEDIATION: &str = "Find out who forces RC4: DefaultEncryptionType in the registry of client or server, \
     msDS-SupportedEncryptionTypes of the computer account, a group policy about Kerberos \
     encryption types, an old client. `klist tickets -li 0x3e7` on the client shows the type; \
     remove the override, then `klist purge -li 0x3e7`.";

pub(crate) const COLLECTED: &str = "One client asked for RC4 tickets of many services in a short time. Such tickets can be \
     cracked offline for the passwords of the service accounts.";

pub(crate) const COLLECTED_REMEDIATION: &str = "Find the process and the user on the client. Give the service accounts that were asked for \
     long random passwords or make them managed accounts, and switch RC4 off for them. \
     Vulnerability scanners and inventory tools do the same on purpose.";

pub(crate) const ETYPES: &str = "The DC has no key of the requested encryption type; the client tries another one. Typical for \
     an old DC or for accounts whose password is older than AES in the domain.";

pub(crate) const ETYPES_REMEDIATION: &str = "Retire the old DC, or reset the password of the account that is named. Do not silence this \
     with DefaultEncryptionType: forcing RC4 on Exchange servers breaks their mail flow.";

pub(crate) const FORCED: &str = "The value forces one encryption type for Kerberos. On Exchange servers it makes service \
     tickets that NetworkService cannot decrypt: mail between own servers stops while Internet \
     mail flows on.";

pub(crate) fn cannot_decrypt(host: &str) -> String {
    format!("Kerberos service ticket cannot be decrypted on {}", named(host))
}

fn named(host: &str) -> String {
    if host.is_empty() { "an unnamed server".to_owned() } else { clean(&host.to_uppercase(), 120) }
}

pub(crate) fn cannot_decrypt_description(
    failures: usize,
    companions: &[&str],
    is_skewed: bool,
) -> String {
    let mut text = vec![format!(
        "{failures} Kerberos logons over the network failed without a user, for an invalid key."
    )];
    text.push(if companions.is_empty() {
        "No companion was seen: KRB_AP_ERR_MODIFIED at a client, 1035 with ExchangeAuth, or 454 \
         4.7.0 between the servers would prove it. A cluster name or alias without an SPN looks \
         alike."
            .to_owned()
    } else {
        format!("Other records prove it: {}.", companions.join(", "))
    });
    if is_skewed {
        text.push(SKEW.to_owned());
    }
    text.join(" ")
}

const SKEW: &str = "The server's clock was reported as wrong at the same time (KRB_AP_ERR_SKEW): \
                    set the clock first.";

pub(crate) fn cannot_authenticate(from: &str, to: &str) -> String {
    let (from, to) = (named(from), named(to));
    format!("Exchange servers cannot authenticate to each other: {from} to {to}")
}

pub(crate) fn cannot_authenticate_description(is_skewed: bool) -> String {
    let text = "An Exchange server refused another one with `454 4.7.0 Temporary authentication \
                failure`; mail between them waits in the queue. Causes: wrong clock, missing or \
                duplicate SPN, broken Kerberos key.";
    if is_skewed { format!("{text} {SKEW}") } else { text.to_owned() }
}

/// Internet mail flows, submissions fail.
pub(crate) fn unaffected(alert: Alert) -> Alert {
    let description = format!(
        "{} Internet mail unaffected: matches broken Kerberos between Mailbox and Hub.",
        alert.description
    );
    let alert = Alert { description, ..alert };
    alert.confidence(Confidence::High).attribute("internet_mail", "unaffected")
}

pub(crate) fn ticket(service: &str, client: &str, etype: Option<&str>) -> String {
    clean(&format!("ticket for {service}, type {}, to {client}", etype.unwrap_or("?")), 300)
}

pub(crate) fn weak_ticket(host: &str) -> String {
    format!("RC4 ticket for Exchange server {} although AES is available", named(host))
}

pub(crate) fn weak_ticket_description(proof: &str) -> String {
    format!(
        "A DC issued a service ticket encrypted with RC4 for a server that supports AES (proof: \
         {proof}). Somebody forces the weak type; it is a known cause of broken mail flow between \
         Exchange servers."
    )
}

pub(crate) fn collected(client: &str, services: usize) -> String {
    format!("Possible Kerberoasting: {} asked for {services} services with RC4", clean(client, 120))
}

pub(crate) fn etype_errors(dc: &str, count: u64) -> String {
    format!("KDC encryption type negotiation errors on {} ({count})", named(dc))
}

pub(crate) fn etype_error(id: u32, requested: Option<&str>) -> String {
    match requested {
        Some(etypes) => format!("event {id}, requested etypes {etypes}"),
        None => format!("event {id}"),
    }
}

pub(crate) fn forced(host: &str) -> String {
    format!("DefaultEncryptionType set on Exchange server {}", named(host))
}
