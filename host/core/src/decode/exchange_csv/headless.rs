//! Rows without any header: their columns are those that Exchange always writes.

use bumpalo::Bump;

use super::super::csv::Row;
use crate::bytes::digits;
use crate::time::iso8601;

/// The columns of every SMTP protocol log since 2007.
pub(in crate::decode) const SMTP_COLUMNS: &[u8] =
    b"date-time,connector-id,session-id,sequence-number,\
    local-endpoint,remote-endpoint,event,data,context";

/// Message tracking since Exchange 2013.
const TRACKING_COLUMNS: &[u8] = b"date-time,client-ip,client-hostname,server-ip,server-hostname,\
    source-context,connector-id,source,event-id,internal-message-id,message-id,\
    network-message-id,recipient-address,recipient-status,total-bytes,recipient-count,\
    related-recipient-address,reference,message-subject,sender-address,return-path,message-info,\
    directionality,tenant-id,original-client-ip,original-server-ip,custom-data,\
    transport-traffic-type,log-id,schema-version";

/// Message tracking of Exchange 2010.
const TRACKING_2010_COLUMNS: &[u8] = b"date-time,client-ip,client-hostname,server-ip,\
    server-hostname,source-context,connector-id,source,event-id,internal-message-id,message-id,\
    recipient-address,recipient-status,total-bytes,recipient-count,related-recipient-address,\
    reference,message-subject,sender-address,return-path,message-info,directionality,tenant-id,\
    original-client-ip,original-server-ip,custom-data";

/// Transport connectivity.
const CONNECTIVITY_COLUMNS: &[u8] = b"date-time,session,source,Destination,direction,description";

/// IMAP4 and POP3 since Exchange 2013, and before.
const IMAP_POP_COLUMNS: &[u8] =
    b"dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,parameters,context,puid";
const IMAP_POP_2010_COLUMNS: &[u8] =
    b"dateTime,sessionId,seqNumber,sIp,cIp,user,duration,command,parameters,context";

/// The columns of a row, when it has the shape of a row of some log.
pub(in crate::decode) fn default_columns(line: &[u8]) -> Option<&'static [u8]> {
    let arena = Bump::new();
    let mut row = Row::new(line);
    let mut cells = Vec::new();
    while let Some(Ok(cell)) = row.next_cell() {
        cells.push(cell.text(&arena));
    }
    let (time, rest) = cells.split_first()?;
    iso8601(time)?;
    let at = |place: usize| rest.get(place - 1).copied().unwrap_or_default();
    let is_sign = |cell: &[u8]| matches!(cell, b"+" | b"-" | b"<" | b">" | b"*");
    let is_event = |cell: &[u8]| cell.len() > 2 && cell.iter().all(u8::is_ascii_uppercase);
    let has_endpoints = digits(at(2)).is_some() && at(3).contains(&b':') && at(4).contains(&b':');
    Some(match cells.len() {
        9 if digits(at(3)).is_some() && is_sign(at(6)) => SMTP_COLUMNS,
        30 if is_event(at(7)) && is_event(at(8)) => TRACKING_COLUMNS,
        26 if is_event(at(7)) && is_event(at(8)) => TRACKING_2010_COLUMNS,
        6 if is_sign(at(4)) => CONNECTIVITY_COLUMNS,
        13 if has_endpoints => IMAP_POP_COLUMNS,
        10 if has_endpoints => IMAP_POP_2010_COLUMNS,
        _ => return None,
    })
}

/// True for a row of an SMTP protocol log.
pub(in crate::decode) fn looks_like_smtp_row(line: &[u8]) -> bool {
    default_columns(line).is_some_and(|columns| columns == SMTP_COLUMNS)
}
