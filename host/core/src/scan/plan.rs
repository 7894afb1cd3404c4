//! The plan: for each format, what is searched for, or that everything is decoded.

use std::sync::OnceLock;

use super::Coat;
use super::event_id::{ANY_EVENT_ID, CAMEL_EVENT_ID, JSON_EVENT_ID, XML_EVENT_ID};
use super::literal::{Literal, rarest};
use super::searcher::{ByteSet, Pattern, Role, Scan};
use crate::decode::message_titles;
use crate::event::Kind;
use crate::format::Format;
use crate::interest::{Interest, Subscription};

/// How the records of a stream are found.
#[derive(Debug)]
pub enum Mode {
    /// Every record is decoded.
    DecodeAll,
    /// Only records around hits are.
    Scan {
        /// The search.
        scan: Box<Scan>,
        /// Columns that must not be the first of a row: a literal of theirs begins
        /// with the delimiter. A stream that has one there is decoded fully.
        not_first: Vec<Box<[u8]>>,
    },
}

/// What detectors want, and how each format is searched for it.
#[derive(Debug)]
pub struct Plan {
    interest: Interest,
    /// In the order of the formats; made when the first stream of a format comes.
    modes: [OnceLock<Mode>; Format::ALL.len()],
    /// The logs of Exchange look alike and are wanted for different things, so each
    /// is searched for its own.
    exchange_modes: [OnceLock<Mode>; EXCHANGE_LOGS.len()],
    is_prefiltered: bool,
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const _: () = {
    let mut place = 0;
    while place < Format::ALL.len() {
        assert!(Format::ALL[place] as usize == place, "modes stand in the order of the formats");
        place += 1;
    }
};

/// The kinds that the rows of Exchange logs give.
pub(super) const EXCHANGE_LOGS: [(Kind, &[Kind]); 6] = [
    (Kind::ExchangeSmtp, &[Kind::ExchangeSmtp, Kind::ExchangeSmtpSession]),
    (Kind::ExchangeTracking, &[Kind::ExchangeTracking]),
    (Kind::ExchangeConnectivity, &[Kind::ExchangeConnectivity]),
    (Kind::ExchangeHttpProxy, &[Kind::ExchangeHttpProxy]),
    (Kind::ExchangeImapPop, &[Kind::ExchangeImapPop]),
    (Kind::ExchangeOwaIm, &[Kind::ExchangeOwaIm]),
];

impl Plan {
    /// Plans for the subscriptions; without `prefilter` everything is decoded.
    pub fn new(interest: Interest, prefilter: bool) -> Self {
        Self {
            interest,
            modes: [const { OnceLock::new() }; _],
            exchange_modes: [const { OnceLock::new() }; _],
            is_prefiltered: prefilter,
        }
    }

    /// What detectors want.
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// True when records that no subscription can match need not be decoded.
    pub fn is_prefiltered(&self) -> bool {
        self.is_prefiltered
    }

    /// How a format is read.
    pub fn mode(&self, format: Format) -> &Mode {
        self.modes
            .get(format as usize)
            .map_or(&Mode::DecodeAll, |mode| mode.get_or_init(|| self.make(format, coats(format))))
    }

    /// How a log of Exchange whose rows are of this kind is read.
    pub fn mode_of_log(&self, kind: Kind) -> &Mode {
        let mut logs = EXCHANGE_LOGS.iter().zip(&self.exchange_modes);
        let found = logs.find(|((planned, _), _)| *planned == kind);
        found.map_or(&Mode::DecodeAll, |((_, kinds), mode)| {
            mode.get_or_init(|| self.make(Format::ExchangeCsv, &[(Coat::Csv, kinds)]))
        })
    }

    fn make(&self, format: Format, coats: &[(Coat, &[Kind])]) -> Mode {
        let mode = self.is_prefiltered.then(|| scan_mode(&self.interest, format, coats));
        mode.flatten().unwrap_or(Mode::DecodeAll)
    }
}

/// The coats that a format's records can wear, and the kinds they give.
pub(super) fn coats(format: Format) -> &'static [(Coat, &'static [Kind])] {
    const XML: (Coat, &[Kind]) = (Coat::Xml, &[Kind::WindowsEvent]);
    const W3C: (Coat, &[Kind]) = (Coat::W3c, &[Kind::Iis]);
    const NETLOGON: (Coat, &[Kind]) = (Coat::Line, &[Kind::Netlogon]);
    const SENT_CSV: (Coat, &[Kind]) =
        (Coat::Csv, &[Kind::ExchangeSmtp, Kind::ExchangeSmtpSession, Kind::ExchangeTracking]);
    match format {
        Format::WinEventXml => &[XML],
        Format::WinEventJson => &[(Coat::Json, &[Kind::WindowsEvent, Kind::Json])],
        Format::WinEventText => &[XML, (Coat::Line, &[Kind::WindowsEvent])],
        Format::Ndjson => &[(Coat::Json, &[Kind::Json])],
        Format::OwaIm => &[(Coat::Csv, &[Kind::ExchangeOwaIm])],
        Format::Netlogon => &[NETLOGON],
        Format::W3c => &[W3C],
        Format::Syslog => &[
            XML,
            (Coat::Json, &[Kind::WindowsEvent, Kind::Syslog]),
            SENT_CSV,
            W3C,
            NETLOGON,
            (Coat::Line, &[Kind::Syslog, Kind::WindowsEvent]),
            (Coat::Cef, &[Kind::Syslog]),
        ],
        Format::Text => &[(Coat::Line, &[Kind::Text])],
        // A mail's words may be encoded, an EVTX file has its own way to skip, and a
        // log of Exchange is not read by its format alone.
        Format::Mail | Format::Evtx | Format::ExchangeCsv => &[],
    }
}

/// The scan of a format; `None` when some subscription has no literal in it.
fn scan_mode(interest: &Interest, format: Format, coats: &[(Coat, &[Kind])]) -> Option<Mode> {
    if coats.is_empty() {
        return None;
    }
    let mut parts = Parts::default();
    for (coat, kinds) in coats {
        for kind in *kinds {
            for subscription in interest.of_kind(*kind) {
                parts.add(subscription, *coat)?;
            }
        }
    }
    Some(parts.finish(format))
}

/// What the subscriptions of a format need.
#[derive(Default)]
struct Parts {
    literals: Vec<(Coat, Literal)>,
    event_ids: Vec<(Coat, u32)>,
    not_first: Vec<Box<[u8]>>,
}

impl Parts {
    /// Adds the rarest literals of a subscription; `None` when it has none.
    fn add(&mut self, subscription: &Subscription, coat: Coat) -> Option<()> {
        let is_windows = subscription.kind == Kind::WindowsEvent;
        if let (true, Some(ids)) = (is_windows, subscription.event_ids()) {
            if coat == Coat::Line {
                // Titles of messages that alone tell a wanted id.
                let titles = ids.iter().flat_map(|id| message_titles(*id));
                let titles = titles.map(|title| (coat, Literal::exactly(title.as_bytes())));
                self.literals.extend(titles);
            }
            self.event_ids.extend(ids.into_iter().map(|id| (coat, id)));
            return Some(());
        }
        let best = rarest(subscription, coat)?;
        self.literals.extend(best.literals.into_iter().map(|literal| (coat, literal)));
        self.not_first.extend(best.needs_delimiter);
        Some(())
    }

    fn finish(self, format: Format) -> Mode {
        let mut patterns = Vec::new();
        let mut push = |bytes: &[u8], role| patterns.push(Pattern { bytes: bytes.to_vec(), role });
        // Then `&#` is searched for anyway, and more patterns would only cost.
        let is_xml_searched = self.literals.iter().any(|(of, _)| *of == Coat::Xml);
        for coat in [Coat::Xml, Coat::Json, Coat::Line] {
            let has_ids = self.event_ids.iter().any(|(of, _)| *of == coat);
            let has_literals = self.literals.iter().any(|(of, _)| *of == coat);
            match (coat, has_ids) {
                (Coat::Xml, true) => push(XML_EVENT_ID, Role::XmlEventId),
                (Coat::Json, true) => {
                    for key in JSON_KEYS {
                        push(key, Role::JsonEventId);
                    }
                    push(ANY_EVENT_ID, Role::AnyEventId);
                    push(b"\"Id\"", Role::QuotedEventId);
                }
                (Coat::Line, true) => {
                    for mark in TEXT_MARKS {
                        push(mark, Role::TextEventId);
                    }
                    push(ANY_EVENT_ID, Role::AnyEventId);
                }
                _ => {}
            }
            let alphabet = self.alphabet(coat);
            match coat {
                Coat::Xml if has_literals => push(b"&#", Role::XmlReference(alphabet)),
                Coat::Json if has_ids || has_literals => {
                    // Values may be Event XML.
                    if has_literals && is_xml_searched {
                        push(b"&#", Role::XmlReference(alphabet.clone()));
                        push(b"\\u0026#", Role::XmlReference(alphabet.clone()));
                    } else if has_literals {
                        for begins in XML_IN_JSON {
                            push(begins, Role::XmlInJson(alphabet.clone()));
                        }
                    }
                    push(b"\\u00", Role::JsonEscape(alphabet));
                }
                _ => {}
            }
        }
        for control in controls(format) {
            push(control, Role::Control);
        }
        for (_, literal) in &self.literals {
            let covers = |(_, other): &(Coat, Literal)| other != literal && other.covers(literal);
            let known =
                |pattern: &Pattern| matches!(&pattern.role, Role::Literal(l) if l == literal);
            if !self.literals.iter().any(covers) && !patterns.iter().any(known) {
                let (bytes, role) = (literal.pattern.clone(), Role::Literal(literal.clone()));
                patterns.push(Pattern { bytes, role });
            }
        }
        let event_ids = self.event_ids.iter().map(|(_, id)| *id).collect();
        Mode::Scan { scan: Box::new(Scan::new(patterns, event_ids)), not_first: self.not_first }
    }

    /// Bytes that an escape may hide: of literals, keys and numbers.
    fn alphabet(&self, coat: Coat) -> ByteSet {
        let of_coat = self.literals.iter().filter(|(of, _)| *of == coat);
        let literals = of_coat.flat_map(|(_, literal)| literal.needle.iter().copied());
        let any_case =
            literals.flat_map(|byte| [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()]);
        // With `#`: a reference may be spelled `&\u0023`.
        let keys = b"event_idEventIDIdcode.@winlog0123456789#".iter().copied();
        ByteSet::of(any_case.chain(keys))
    }
}

/// What the event id is called in JSON, by dialect; the quote ends the key. `code` has
/// what stands before it, for every event has an `opcode`.
const JSON_KEYS: [&[u8]; 4] = [JSON_EVENT_ID, b"\"code\"", b".code\"", CAMEL_EVENT_ID];

/// How Event XML begins as a value of JSON. What references it has stands behind.
const XML_IN_JSON: [&[u8]; 3] = [b"<Event", b"003cEvent", b"003CEvent"];

/// What stands before the id where an event is text: the marks of agents, the keys of
/// blocks.
const TEXT_MARKS: [&[u8]; 5] =
    [b"MSWinEventLog", b"WinEvtLog", b"EvntSLog", b"EventCode=", b"Event ID"];

/// Directives that shape what follows: their lines are always decoded, in order.
fn controls(format: Format) -> &'static [&'static [u8]] {
    match format {
        Format::W3c => &[
            b"#Fields",
            b"#Date",
            b"# Fields",
            b"# Date",
            b"#fields",
            b"#date",
            b"# fields",
            b"# date",
        ],
        Format::ExchangeCsv | Format::OwaIm => &[
            b"#Fields",
            b"#Log-",
            b"# Fields",
            b"# Log-",
            b"#fields",
            b"#log-",
            b"# fields",
            b"# log-",
        ],
        Format::Syslog => &[b"#Fields", b"# Fields", b"#fields", b"# fields"],
        _ => &[],
    }
}
