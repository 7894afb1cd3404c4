//! Probes: records that are decoded whether anybody asked or not. They move the
//! watermark and prove what was read of whom.

use bumpalo::Bump;
use serde::{Deserialize, Serialize};

use crate::event::{Event, Kind};
use crate::time::TimeQuality;

/// What a probed record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The record's kind.
    pub kind: Kind,
    /// Its time.
    pub time: i64,
    /// How far the time can be trusted; an inherited one proves nothing.
    pub time_quality: TimeQuality,
    /// Whose record it is; empty when it does not say.
    pub host: String,
    /// `receive` or `send`, for SMTP logs.
    pub direction: Option<String>,
    /// Only an Exchange server writes such a record.
    pub is_exchange: bool,
}

impl Probe {
    /// What an event proves.
    pub fn of<'c>(event: &Event<'c>, arena: &'c Bump) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let direction = event.field(b"direction").filter(|_| event.kind == Kind::ExchangeSmtp);
        Self {
            kind: event.kind,
            time: event.time,
            time_quality: event.time_quality,
            host: event.host.map(|host| text(host.text(arena))).unwrap_or_default(),
            direction: direction.map(|value| text(value.text(arena))),
            is_exchange: is_exchange(event, arena),
        }
    }
}

fn is_exchange<'c>(event: &Event<'c>, arena: &'c Bump) -> bool {
    match event.kind {
        Kind::ExchangeSmtp
        | Kind::ExchangeTracking
        | Kind::ExchangeConnectivity
        | Kind::ExchangeHttpProxy
        | Kind::ExchangeImapPop
        | Kind::ExchangeOwaIm => true,
        Kind::Iis => {
            event.field(b"cs-uri-stem").is_some_and(|stem| is_exchange_path(stem.text(arena)))
        }
        Kind::WindowsEvent => {
            event.provider.is_some_and(|provider| provider.text(arena).starts_with(b"MSExchange"))
        }
        _ => false,
    }
}

/// Paths that only an Exchange server serves.
fn is_exchange_path(stem: &[u8]) -> bool {
    [b"/Microsoft-Server-ActiveSync".as_slice(), b"/mapi"]
        .iter()
        .any(|path| stem.get(..path.len()).is_some_and(|start| start.eq_ignore_ascii_case(path)))
}
