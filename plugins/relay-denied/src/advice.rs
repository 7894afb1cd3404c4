//! What each rule means, and what to do about it.

use crate::rule::Rule;

/// What happened and why it matters.
pub(crate) fn explanation(rule: Rule, open_relay: bool) -> &'static str {
    match rule {
        Rule::ExchangeOnline => {
            "With centralized transport Exchange Online hands its Internet mail to this server. \
             The session landed on a connector that does not let it relay, so that mail bounces."
        }
        Rule::OwnExchange => {
            "Both ends are Exchange servers of our own, so mail between them stops. The session \
             landed on a connector that does not recognise its peer as one."
        }
        Rule::Internal => {
            "A device or application sends to a foreign domain without the right to relay; its \
             mail is lost unless it tries another way."
        }
        Rule::Internet if open_relay => {
            "In a session with refusals a stranger was allowed, without authentication, to send \
             to a domain that is not ours. If that is not a partner with the right to relay, \
             spammers will use it."
        }
        Rule::Internet => {
            "Somebody on the Internet tries whether this server relays. It does not; this is \
             ordinary background noise."
        }
        Rule::Attribution => {
            "Exchange Online matches the certificate or address of the sending server with none \
             of our inbound connectors, so it takes our mail for a stranger's and refuses it."
        }
        Rule::BlockedIp => {
            "Exchange Online has put the address on its block list; mail from it to any \
             Microsoft 365 tenant is refused."
        }
        Rule::NotAuthenticated => {
            "A device or application sends without authentication to a connector that demands it."
        }
        Rule::Harvest => {
            "One address tries many recipients that do not exist, most likely to find out which \
             do. If they exist in another system, the accepted domain has the wrong type."
        }
        Rule::Quoted => {
            "Another system tells that a server refused to relay its mail; the refused side sees \
             the bounce, not the reason."
        }
    }
}

/// What to do.
pub(crate) fn remediation(rule: Rule, open_relay: bool) -> &'static str {
    match rule {
        Rule::ExchangeOnline => {
            "Create a dedicated frontend receive connector whose RemoteIPRanges are the ranges of \
             Exchange Online Protection; set its TlsDomainCapabilities to \
             mail.protection.outlook.com:AcceptCloudServicesMail and grant \
             ms-Exch-SMTP-Accept-Any-Recipient to NT AUTHORITY\\ANONYMOUS LOGON on it. Check that \
             sessions from Exchange Online land there and not on the default connector."
        }
        Rule::OwnExchange => {
            "Find the connector that takes the session: its RemoteIPRanges must not catch the \
             other server ahead of the default connector, and it needs ExchangeServers in its \
             permission groups and ExchangeServer authentication."
        }
        Rule::Internal => {
            "If the host may relay, add its address to an anonymous-relay receive connector with \
             narrow RemoteIPRanges, or let it use authenticated submission on port 587. If it \
             may not, find out who runs it and stop it."
        }
        Rule::Internet if open_relay => {
            "Look at the receive connector at once: remove ms-Exch-SMTP-Accept-Any-Recipient from \
             NT AUTHORITY\\ANONYMOUS LOGON unless RemoteIPRanges holds only trusted hosts, and \
             check the list of accepted domains. Search the queues and message tracking for mail \
             from this address."
        }
        Rule::Internet => {
            "Nothing, if the server only refused. Block the address at the firewall if it keeps \
             on. If a partner is behind it, check whether a domain left the accepted domains."
        }
        Rule::Attribution => {
            "Run the Hybrid Configuration Wizard again. The inbound connector in Exchange Online \
             must name exactly the certificate that the send connector presents (compare \
             TlsSenderCertificateName with the subject above), or list the sending address. A \
             change takes up to an hour."
        }
        Rule::BlockedIp => {
            "Find and stop what sent spam from the address, then ask for its removal at \
             https://sender.office.com (5.7.511: write to delist@microsoft.com from the address \
             in the reply). Until then send through another address."
        }
        Rule::NotAuthenticated => {
            "Configure the application to authenticate, or point it at a receive connector that \
             allows anonymous mail from its address (permission group AnonymousUsers, narrow \
             RemoteIPRanges)."
        }
        Rule::Harvest => {
            "If the recipients exist in another mail system, set the accepted domain to \
             InternalRelay. Otherwise switch on recipient filtering with a tarpit interval, or \
             block the address."
        }
        Rule::Quoted => {
            "Look at the refusing server's receive log for the reason. If the reporting system \
             may relay there, add its address to an anonymous-relay connector with narrow \
             RemoteIPRanges or let it authenticate."
        }
    }
}
