//! Decode: a frame becomes an event.
//!
//! A decoder borrows everything from the frame. Damaged input is a value: a
//! reason and a place, and the flow goes on with the next frame.

mod csv;
pub(crate) mod exchange_csv;
mod json;
mod mail;
mod ncsa;
mod ndjson;
mod netlogon;
mod owa_im;
mod recognize;
mod syslog;
mod tabular;
mod text;
mod w3c;
mod winevent_json;
mod winevent_text;
mod winevent_xml;
mod xml;

pub(crate) use exchange_csv::Log;
pub(crate) use winevent_text::{
    identify as identify_message, ossec_parts, sources as message_sources, titles as message_titles,
};

pub use recognize::{Recognized, Rows, recognize};
use serde::{Deserialize, Serialize};

use bumpalo::Bump;

use crate::event::Event;
use crate::format::Format;
use crate::limits::NAME_BYTES_MAX;
use crate::time::{YearReference, Zones};

/// Why a frame is no event, and where in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// In a few words.
    pub reason: &'static str,
    /// Offset in the frame.
    pub at: usize,
}

/// What a frame turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// An event.
    Event,
    /// A directive, a repeated header: it shapes what follows, and is no record.
    Structure,
}

/// What a decoder may look at besides the frame.
#[derive(Debug, Clone, Copy)]
pub struct Context<'c, 'e> {
    /// Where unescaped values are written.
    pub arena: &'c Bump,
    /// The zones of hosts that write local time.
    pub zones: &'e Zones,
    /// What a missing year is inferred from.
    pub year: YearReference,
}

/// The decoder of one stream, with what its directives said so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Decoder {
    state: State,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum State {
    WinEventXml,
    WinEventText,
    Json { windows: bool },
    Syslog(syslog::State),
    W3c(w3c::State),
    Ncsa,
    IisNative,
    ExchangeCsv(exchange_csv::State),
    OwaIm(owa_im::State),
    Netlogon,
    Mail,
    Text,
}

/// Column names in the arena of the chunk at hand.
pub(crate) type Names<'c> = Option<&'c [&'c [u8]]>;

impl Decoder {
    /// The decoder of a recognised stream. EVTX has a reader of its own.
    pub fn new(recognized: Recognized) -> Self {
        let state = match recognized.format {
            Format::WinEventXml | Format::Evtx => State::WinEventXml,
            Format::WinEventText => State::WinEventText,
            Format::WinEventJson => State::Json { windows: true },
            Format::Ndjson => State::Json { windows: false },
            Format::Syslog => State::Syslog(syslog::State::default()),
            Format::W3c => match recognized.rows {
                Rows::Named => State::W3c(w3c::State::default()),
                Rows::Columns(names) => State::W3c(w3c::State::headless(names)),
                Rows::Ncsa => State::Ncsa,
                Rows::IisNative => State::IisNative,
            },
            Format::ExchangeCsv => State::ExchangeCsv(match recognized.rows {
                Rows::Columns(names) => exchange_csv::State::with_columns(names),
                _ => exchange_csv::State::default(),
            }),
            Format::OwaIm => State::OwaIm(owa_im::State::default()),
            Format::Netlogon => State::Netlogon,
            Format::Mail => State::Mail,
            Format::Text => State::Text,
        };
        Self { state }
    }

    /// Decodes a frame into `event`; `Ok` comes with how much of the frame the
    /// record took.
    pub(crate) fn decode<'c>(
        &mut self,
        frame: &'c [u8],
        context: &Context<'c, '_>,
        names: &mut Names<'c>,
        event: &mut Event<'c>,
    ) -> Result<(Decoded, usize), Damage> {
        let whole = |()| (Decoded::Event, frame.len());
        match &mut self.state {
            State::WinEventXml => winevent_xml::decode(frame, context, event).map(whole),
            State::WinEventText => winevent_text::decode(frame, context, event).map(whole),
            State::Json { windows: true } => match winevent_json::decode(frame, context, event)? {
                true => Ok(whole(())),
                false => ndjson::decode(frame, context, event).map(whole),
            },
            State::Json { windows: false } => ndjson::decode(frame, context, event).map(whole),
            State::Syslog(state) => {
                let decoded = syslog::decode(frame, context, state, event)?;
                Ok((decoded, frame.len()))
            }
            State::W3c(state) => {
                let decoded = w3c::decode(frame, context, state, names, event)?;
                Ok((decoded, frame.len()))
            }
            State::Ncsa => ncsa::decode(frame, event).map(whole),
            State::IisNative => ncsa::decode_native(frame, context, event).map(whole),
            State::ExchangeCsv(state) => exchange_csv::decode(frame, context, state, names, event),
            State::OwaIm(state) => Ok(owa_im::decode(frame, context, state, names, event)),
            State::Netlogon => netlogon::decode(frame, context, event).map(whole),
            State::Mail => mail::decode(frame, context, event).map(whole),
            State::Text => {
                text::decode(frame, context, event);
                Ok(whole(()))
            }
        }
    }

    /// Which log of Exchange the rows that follow are of, once its columns are known.
    pub(crate) fn log(&self) -> Option<Log> {
        match &self.state {
            State::ExchangeCsv(state) => state.log(),
            _ => None,
        }
    }

    /// True when a row means something only after all rows before, or when its
    /// cells do not stand between blanks as the scan expects it of W3C logs.
    pub(crate) fn needs_every_row(&self) -> bool {
        match &self.state {
            State::W3c(state) => state.needs_every_row(),
            State::Ncsa | State::IisNative => true,
            _ => false,
        }
    }

    /// The first column of the rows that follow, for tabular logs.
    pub(crate) fn first_column(&self) -> Option<&[u8]> {
        match &self.state {
            State::W3c(state) => state.first_column(),
            _ => None,
        }
    }
}

/// `Outer/Inner`; `None` when that gets longer than [`NAME_BYTES_MAX`].
fn nested_name<'c>(parts: &[&[u8]], arena: &'c Bump) -> Option<&'c [u8]> {
    let mut name = bumpalo::collections::Vec::new_in(arena);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            name.push(b'/');
        }
        if name.len() + part.len() > NAME_BYTES_MAX {
            return None;
        }
        name.extend_from_slice(part);
    }
    Some(name.into_bump_slice())
}

#[cfg(test)]
mod tests;
