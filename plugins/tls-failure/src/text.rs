//! What alerts say.

use logwasp_sdk::book::{Facts, Seen};
use logwasp_sdk::text::clean;
use logwasp_sdk::time::format_timestamp;

use crate::rule::Rule;

/// The host takes titles of 512 bytes.
const TITLE_BYTES_MAX: usize = 400;

pub(crate) fn title(rule: Rule, facts: &Facts) -> String {
    let fact = |name, otherwise| facts.first(name).unwrap_or(otherwise);
    let (host, peer) = (fact("host", "an unnamed server"), fact("peer", "an unknown peer"));
    let (error, connector) = (fact("error", "?"), fact("connector", "an unnamed connector"));
    let title = match rule {
        Rule::OwnKey => {
            format!("TLS fails on {host}: certificate of {connector} is not usable ({error})")
        }
        Rule::PeerCertificate => format!("{host} refuses the certificate of {peer}: {error}"),
        Rule::KnownPeer | Rule::AnyPeer => format!("TLS with {peer} fails on {host}: {error}"),
        Rule::OwaTls | Rule::OwaOther => format!(
            "OWA instant messaging on {host} cannot sign in: {}{}",
            fact("code", "?"),
            facts.first("sub_code").map(|sub| format!("/{sub}")).unwrap_or_default()
        ),
        Rule::Event if facts.first("event_id") == Some("12014") => {
            let name = fact("fqdn", "its name");
            format!("No certificate for {name} on {connector} of {host}: no STARTTLS")
        }
        Rule::Event => {
            let print = fact("thumbprint", "of internal transport");
            format!("Transport certificate {print} cannot be loaded on {host}")
        }
        Rule::MustStartTls => {
            format!("{peer} requires TLS, our handshake fails ({connector} on {host})")
        }
    };
    clean(&title, TITLE_BYTES_MAX)
}

pub(crate) fn description(rule: Rule, facts: &Facts, seen: &Seen) -> String {
    let first = format_timestamp(seen.first);
    let mut text = vec![match seen.count {
        1 => format!("One failure at {first}."),
        n => format!("{n} failures from {first} to {}.", format_timestamp(seen.last)),
    }];
    text.push(explanation(rule, facts).to_owned());
    if let Some(innermost) = facts.first("innermost_exception") {
        text.push(format!("The innermost exception: {innermost}."));
    }
    if let Some(reply) = facts.first("reply") {
        text.push(format!("The peer's reply: `{reply}`."));
    }
    text.join(" ")
}

fn explanation(rule: Rule, facts: &Facts) -> &'static str {
    match rule {
        Rule::OwnKey => {
            "The server found no certificate with a usable private key for the handshake: the \
             certificate was removed or renewed, or the service may not read its key."
        }
        Rule::PeerCertificate => {
            "The peer's certificate is expired, names another host, or comes from an authority \
             that this server does not trust."
        }
        Rule::KnownPeer => {
            "Mail with this peer needs TLS; it waits in the queue or goes without encryption."
        }
        Rule::AnyPeer => {
            "Opportunistic TLS with a host on the Internet failed; mail usually goes on without \
             encryption, and scanners leave the same traces."
        }
        Rule::OwaTls => {
            "The instant messaging server (Skype for Business pool) ended the TLS handshake of \
             OWA; presence and chat are missing in OWA."
        }
        Rule::OwaOther => "OWA cannot sign its users in to the instant messaging server.",
        Rule::Event if facts.first("event_id") == Some("12014") => {
            "Transport has no valid certificate with the connector's name in the computer's \
             store, so it does not offer STARTTLS on it."
        }
        Rule::Event => {
            "Servers of the organisation authenticate and encrypt with this certificate; \
             without it mail between them stops."
        }
        Rule::MustStartTls => {
            "The peer takes no mail without TLS, and our server sends without it: the handshake \
             failed before, or TLS is switched off on the send connector."
        }
    }
}

pub(crate) fn remediation(rule: Rule, facts: &Facts) -> &'static str {
    match rule {
        Rule::OwnKey => {
            "Run Get-ExchangeCertificate on the server: the connector's certificate \
             (TlsCertificateName, else the one that matches its FQDN) must be valid, bound to \
             SMTP and have a private key that NETWORK SERVICE may read (Manage Private Keys). \
             Import it again with its key or renew it, then restart the transport services."
        }
        Rule::PeerCertificate => {
            "Ask the peer to renew or complete its certificate chain. For UntrustedRoot check \
             the trusted authorities of this server, for WrongPrincipal the TlsDomain of the \
             connector."
        }
        Rule::KnownPeer => {
            "Compare TLS versions and cipher suites of both sides (Schannel registry settings, \
             group policy), and look for a firewall or proxy that inspects SMTP between them."
        }
        Rule::AnyPeer => {
            "Nothing, if mail flows. Otherwise compare TLS versions and cipher suites with the \
             peer's."
        }
        Rule::OwaTls => {
            "The certificate that OWA presents must have the OWA host name, as the trusted \
             application of the pool knows it, as its common name (CN): compare \
             IMCertificateThumbprint of the OWA configuration with \
             Get-CsTrustedApplicationComputer, and check that both sides trust each other's \
             authority."
        }
        Rule::OwaOther => {
            "Check the instant messaging settings of the OWA virtual directory and its mailbox \
             policy, and whether the pool is reachable from the server."
        }
        Rule::Event if facts.first("event_id") == Some("12014") => {
            "Enable a certificate that contains the name for SMTP (Enable-ExchangeCertificate \
             -Services SMTP), or correct the FQDN of the connector."
        }
        Rule::Event => {
            "Create or import the certificate again and set it with Set-TransportConfig \
             -InternalTransportCertificateThumbprint (New-ExchangeCertificate without parameters \
             makes a new one), then restart the transport service."
        }
        Rule::MustStartTls => {
            "Look at the rows before the reply in the send log: was STARTTLS offered and what \
             ended it? Check the send connector (IgnoreSTARTTLS, RequireTLS, TlsCertificateName) \
             and the events of Schannel on the server."
        }
    }
}
