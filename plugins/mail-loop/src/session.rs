//! L1 in our own protocol logs.

use logwasp_sdk::text::{clean, fingerprint};
use logwasp_sdk::{Hosts, Severity, identity, smtp};

use crate::places::Places;
use crate::reply;
use crate::rows::Session;
use crate::sighting::{Identity, Sighting, first_recipient, keep};

/// The reply that ended a loop, with both ends of its session.
pub(crate) fn sighting(row: &Session<'_>, places: &Places, learned: &Hosts) -> Option<Sighting> {
    let text = row.reply?;
    smtp::reply(text).filter(|reply| reply.code >= 400)?;
    let (origin, reply) = reply::find(text)?;
    let server = row.server.or(row.host);
    let id = fingerprint(&[server.unwrap_or_default(), row.id.unwrap_or_default()]);
    let own = places.of(server, row.local_ip.and_then(identity::ip), learned);
    let peer_name = row.peer_name.or(row.ehlo);
    let peer = places.of(peer_name, row.ip.and_then(identity::ip), learned);
    Some(Sighting {
        origin: Some(origin),
        sender: keep(row.mail_from),
        recipient: first_recipient(row.rcpts),
        places: own.into_iter().chain(peer).collect(),
        summary: clean(
            &format!(
                "{} {}: {reply}",
                row.connector.unwrap_or_default(),
                if row.direction == Some("send") { "was told" } else { "answered" }
            ),
            400,
        ),
        reply: Some(reply),
        ..Sighting::new("L1", Severity::High, Identity::Session(id))
    })
}

/// Whoever writes an SMTP protocol log is an Exchange server.
pub(crate) fn learn(learned: &mut Hosts, row: &Session<'_>) {
    let is_real = |ip: &std::net::IpAddr| !ip.is_loopback() && !ip.is_unspecified();
    let local_ip = row.local_ip.and_then(identity::ip).filter(is_real);
    if let Some(ip) = local_ip {
        learned.learn(&ip.to_string());
    }
    if let Some(server) = row.server.and_then(identity::meaningful) {
        learned.learn(server);
        if let Some(ip) = local_ip {
            learned.join(server, ip);
        }
    }
}
