//! L1 as tracking logs and gateways quote it.

use logwasp_sdk::text::{clean, fingerprint, shorten};
use logwasp_sdk::{Confidence, Hosts, Severity, identity};

use crate::places::Places;
use crate::reply;
use crate::rows::Failed;
use crate::sighting::{Identity, Sighting, first_recipient, keep, plain_id};

/// How much of a line is searched.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// A recipient's status in a tracking log.
pub(crate) fn in_tracking(row: &Failed<'_>, places: &Places, learned: &Hosts) -> Option<Sighting> {
    let status = shorten(row.status?, LINE_BYTES_MAX);
    let (origin, reply) = reply::find(status)?;
    let server = row.server_hostname.and_then(identity::meaningful).or(row.host);
    let next_hop = between(status, "{FQDN=", "}").and_then(identity::meaningful);
    let next_ip = between(status, "{IP=", "}").and_then(identity::ip);
    let id = row.message_id.and_then(plain_id);
    let identity = match id {
        Some(id) => Identity::Message(fingerprint(&[id])),
        None => Identity::Record(fingerprint(&[status])),
    };
    Some(Sighting {
        origin: Some(origin),
        message_id: keep(id),
        sender: keep(row.sender),
        recipient: first_recipient(row.recipients),
        places: [places.of(server, None, learned), places.of(next_hop, next_ip, learned)]
            .into_iter()
            .flatten()
            .collect(),
        tenant: keep(row.tenant),
        summary: clean(&format!("{} on {}", reply, server.unwrap_or("an unnamed server")), 400),
        reply: Some(reply),
        ..Sighting::new("L1", Severity::High, identity)
    })
}

/// A gateway's log line.
pub(crate) fn in_line(
    host: Option<&str>,
    message: Option<&str>,
    places: &Places,
    learned: &Hosts,
) -> Option<Sighting> {
    let line = shorten(message?, LINE_BYTES_MAX);
    let (origin, reply) = reply::find(line)?;
    let next_hop =
        between(line, "relay=", ",").map(|hop| hop.split(['[', ':']).next().unwrap_or(hop));
    let id = between(line, "message-id=<", ">").and_then(plain_id);
    let identity = match id {
        Some(id) => Identity::Message(fingerprint(&[id])),
        None => Identity::Record(fingerprint(&[line])),
    };
    Some(Sighting {
        confidence: Confidence::Medium,
        origin: Some(origin),
        message_id: keep(id),
        sender: keep(between(line, "from=<", ">")),
        recipient: keep(between(line, "to=<", ">")),
        places: [places.of(host, None, learned), places.of(next_hop, None, learned)]
            .into_iter()
            .flatten()
            .collect(),
        summary: clean(&format!("{} quotes: {reply}", host.unwrap_or("a gateway")), 400),
        reply: Some(reply),
        ..Sighting::new("L1", Severity::High, identity)
    })
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    text.split_once(open)?.1.split_once(close).map(|(inner, _)| inner)
}
