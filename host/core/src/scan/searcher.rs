//! The search itself: one pass over a buffer for all literals of a coat.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use memchr::memmem;

use super::event_id::{
    FoundId, XML_EVENT_ID_BEFORE, any_event_id, begins_key, json_event_id, text_event_id,
    xml_event_id,
};
use super::literal::Literal;

/// Finds places that could matter.
#[derive(Debug)]
pub struct Scan {
    groups: Vec<Group>,
    event_ids: WantedIds,
}

/// Patterns that are searched for in one pass.
#[derive(Debug)]
struct Group {
    engine: Engine,
    patterns: Vec<Pattern>,
    /// For each pattern, the others that may begin at the same place.
    companions: Vec<Vec<usize>>,
}

/// The SIMD search looks at the first four bytes of all patterns; one that is
/// shorter makes it look at fewer, and slows it down three times. Short ones are
/// searched for on their own.
const FINGERPRINT_BYTES: usize = 4;

/// So few patterns are found faster one by one than together.
const FEW: usize = 3;

/// So many are found together by the SIMD search without many false alarms.
const TOGETHER: usize = 32;

/// Groups of a scan; what does not fit them is searched for by one automaton.
const GROUPS_MAX: usize = 12;

#[derive(Debug)]
enum Engine {
    One(Box<memmem::Finder<'static>>),
    /// Teddy: SIMD, for up to a few dozen patterns.
    Packed(packed::Searcher),
    Many(AhoCorasick),
}

/// Bytes to search for, and what makes a hit count.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) bytes: Vec<u8>,
    pub(super) role: Role,
}

#[derive(Debug, Clone)]
pub(super) enum Role {
    /// Counts when the rest of the literal stands around it.
    Literal(Literal),
    /// Always counts: a directive.
    Control,
    /// [`XML_EVENT_ID`]: counts when a wanted id follows as text of the element.
    XmlEventId,
    /// [`JSON_EVENT_ID`] or `code"`, keys of the event id: counts when a wanted id
    /// follows as its value.
    JsonEventId,
    /// [`ANY_EVENT_ID`] of `EventID`, an element or a key: counts when a wanted id follows.
    AnyEventId,
    /// A key of the event id with both quotes: counts when a wanted id follows.
    QuotedEventId,
    /// A mark of an event as text: counts when a wanted id follows.
    TextEventId,
    /// `&#`: counts when it spells a byte of a literal.
    XmlReference(ByteSet),
    /// The beginning of Event XML inside a value: counts when a reference follows in
    /// the line, the only place for it, that spells a byte of a literal.
    XmlInJson(ByteSet),
    /// `\u00`: counts when it spells a byte of a literal.
    JsonEscape(ByteSet),
}

/// Event ids that somebody wants.
#[derive(Debug)]
struct WantedIds {
    sorted: Vec<u32>,
    /// A bit for each id of 16 bits: asked for at each event.
    bits: Box<[u64]>,
}

impl WantedIds {
    fn new(mut ids: Vec<u32>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let mut bits = vec![0_u64; 1 << 10].into_boxed_slice();
        for id in &ids {
            if let Some(word) = bits.get_mut((id >> 6) as usize) {
                *word |= 1 << (id & 63);
            }
        }
        Self { sorted: ids, bits }
    }

    /// `None` for what is more than an id: qualifiers stand above its 16 bits.
    fn contains(&self, id: u32) -> Option<bool> {
        self.bits.get((id >> 6) as usize).map(|word| word >> (id & 63) & 1 == 1)
    }
}

/// A set of bytes.
#[derive(Debug, Clone)]
pub(super) struct ByteSet([bool; 256]);

impl ByteSet {
    pub(super) fn of(bytes: impl Iterator<Item = u8>) -> Self {
        let mut set = [false; 256];
        for byte in bytes {
            if let Some(slot) = set.get_mut(usize::from(byte)) {
                *slot = true;
            }
        }
        Self(set)
    }

    fn contains(&self, code: u32) -> bool {
        self.0.get(code as usize).copied().unwrap_or(false)
    }
}

impl Scan {
    pub(super) fn new(patterns: Vec<Pattern>, event_ids: Vec<u32>) -> Self {
        let is_short = |pattern: &Pattern| pattern.bytes.len() < FINGERPRINT_BYTES;
        let (short, long): (Vec<_>, Vec<_>) = patterns.into_iter().partition(is_short);
        let mut groups: Vec<Group> = [long, short].into_iter().flat_map(groups).collect();
        if groups.len() > GROUPS_MAX {
            let patterns = groups.into_iter().flat_map(|group| group.patterns).collect();
            groups = vec![Group::new(patterns)];
        }
        Self { groups, event_ids: WantedIds::new(event_ids) }
    }

    /// The literals searched for, for people.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.groups.iter().flat_map(|group| &group.patterns).map(|pattern| pattern.bytes.as_slice())
    }

    /// The event ids looked for behind their keys.
    pub fn event_ids(&self) -> &[u32] {
        &self.event_ids.sorted
    }

    /// The places in `buf` before `to` that could matter. What follows `to` is
    /// not searched, but may show that a place before does not matter.
    pub fn hits<'s, 'b>(&'s self, buf: &'b [u8], to: usize) -> Hits<'s, 'b> {
        Hits { scan: self, buf, to: to.min(buf.len()), next: [Next::Unknown; GROUPS_MAX] }
    }

    fn holds(&self, pattern: &Pattern, buf: &[u8], at: usize) -> bool {
        let tail = buf.get(at + pattern.bytes.len()..).unwrap_or_default();
        match &pattern.role {
            Role::Literal(literal) => stands_around(literal, buf, at),
            Role::Control => true,
            Role::XmlEventId => {
                let before = buf.get(..at).unwrap_or_default();
                before.ends_with(XML_EVENT_ID_BEFORE) && self.wants_id(xml_event_id(tail))
            }
            // `"parent_id"` is no key of the id.
            Role::JsonEventId => {
                begins_key(buf.get(..at).unwrap_or_default(), &pattern.bytes)
                    && self.wants_id(json_event_id(tail))
            }
            Role::AnyEventId => {
                let before = buf.get(..at).unwrap_or_default();
                self.wants_id(any_event_id(before, tail))
            }
            Role::QuotedEventId => self.wants_id(json_event_id(tail)),
            Role::TextEventId => self.wants_id(text_event_id(&pattern.bytes, tail)),
            Role::XmlReference(alphabet) => {
                xml_reference(tail).is_none_or(|c| alphabet.contains(c))
            }
            Role::XmlInJson(alphabet) => has_reference(tail, alphabet),
            Role::JsonEscape(alphabet) => json_escape(tail).is_none_or(|c| alphabet.contains(c)),
        }
    }

    fn wants_id(&self, id: FoundId) -> bool {
        match id {
            FoundId::None => false,
            FoundId::Number(id) => self.event_ids.contains(id).unwrap_or(true),
            FoundId::Unclear => true,
        }
    }
}

/// A search through the beginning of a buffer, forward.
#[derive(Debug)]
pub struct Hits<'s, 'b> {
    scan: &'s Scan,
    buf: &'b [u8],
    to: usize,
    /// What each group of patterns found last, so that no stretch is searched twice.
    next: [Next; GROUPS_MAX],
}

/// The next hit of a group.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// Not searched for yet.
    Unknown,
    /// Here.
    At(usize),
    /// Nowhere before the end.
    Nowhere,
}

impl Hits<'_, '_> {
    /// The first place at or after `from` that could matter. `from` never goes back.
    pub fn next_from(&mut self, from: usize) -> Option<usize> {
        let mut first: Option<usize> = None;
        for (group, next) in self.scan.groups.iter().zip(&mut self.next) {
            let found = match *next {
                Next::Nowhere => continue,
                Next::At(at) if at >= from => Some(at),
                Next::At(_) | Next::Unknown => group.next_hit(self.scan, self.buf, from..self.to),
            };
            *next = found.map_or(Next::Nowhere, Next::At);
            first = [first, found].into_iter().flatten().min();
        }
        first
    }
}

/// Few patterns are searched for one by one, more of them together: several passes of
/// the SIMD search are faster than one of an automaton. Those that begin alike share
/// a group, which spares false alarms.
fn groups(mut patterns: Vec<Pattern>) -> Vec<Group> {
    let size = if patterns.len() <= FEW { 1 } else { TOGETHER };
    patterns.sort_by(|a, b| a.bytes.cmp(&b.bytes));
    patterns.chunks(size).map(|patterns| Group::new(patterns.to_vec())).collect()
}

impl Group {
    fn new(patterns: Vec<Pattern>) -> Self {
        let companions = patterns.iter().map(|pattern| companions(pattern, &patterns)).collect();
        Self { engine: Engine::new(&patterns), patterns, companions }
    }

    fn next_hit(&self, scan: &Scan, buf: &[u8], span: Range<usize>) -> Option<usize> {
        let window = buf.get(..span.end)?;
        let mut from = span.start;
        loop {
            let (pattern, at) = self.engine.find(window, from)?;
            if self.counts(scan, pattern, buf, at) {
                return Some(at);
            }
            from = at + 1;
        }
    }

    fn counts(&self, scan: &Scan, pattern: usize, buf: &[u8], at: usize) -> bool {
        let holds = |index: usize| {
            self.patterns.get(index).is_some_and(|pattern| scan.holds(pattern, buf, at))
        };
        holds(pattern)
            || self.companions.get(pattern).is_some_and(|others| {
                others.iter().any(|other| self.begins(*other, buf, at) && holds(*other))
            })
    }

    fn begins(&self, index: usize, buf: &[u8], at: usize) -> bool {
        let pattern = self.patterns.get(index).map(|pattern| pattern.bytes.as_slice());
        pattern.zip(buf.get(at..)).is_some_and(|(bytes, rest)| rest.starts_with(bytes))
    }
}

/// Patterns that may begin where `pattern` begins: one is the other's beginning.
fn companions(pattern: &Pattern, all: &[Pattern]) -> Vec<usize> {
    let shares = |other: &Pattern| {
        other.bytes.starts_with(&pattern.bytes) || pattern.bytes.starts_with(&other.bytes)
    };
    let is_other = |other: &Pattern| !std::ptr::eq(other, pattern);
    let others = all.iter().enumerate().filter(|(_, other)| is_other(other) && shares(other));
    others.map(|(index, _)| index).collect()
}

impl Engine {
    fn new(patterns: &[Pattern]) -> Self {
        match patterns {
            [one] => Self::One(Box::new(memmem::Finder::new(&one.bytes).into_owned())),
            _ => Self::packed(patterns).unwrap_or_else(|| Self::many(patterns)),
        }
    }

    fn packed(patterns: &[Pattern]) -> Option<Self> {
        let mut builder =
            packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder();
        builder.extend(patterns.iter().map(|pattern| &pattern.bytes));
        builder.build().map(Self::Packed)
    }

    fn many(patterns: &[Pattern]) -> Self {
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(patterns.iter().map(|pattern| &pattern.bytes));
        // Building fails only beyond 2^31 states; then there is nothing to do but
        // to look at everything, which the first byte of a line does.
        automaton.map_or(Self::One(Box::new(memmem::Finder::new(b"\n").into_owned())), Self::Many)
    }

    /// The first pattern that begins at or after `from`, and where.
    fn find(&self, window: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Self::One(finder) => Some((0, from + finder.find(window.get(from..)?)?)),
            Self::Packed(searcher) => {
                let span = aho_corasick::Span { start: from, end: window.len() };
                let found = searcher.find_in(window, span)?;
                Some((found.pattern().as_usize(), found.start()))
            }
            Self::Many(automaton) => {
                let input = aho_corasick::Input::new(window).range(from..);
                let found = automaton.find(input)?;
                Some((found.pattern().as_usize(), found.start()))
            }
        }
    }
}

/// True when the whole literal stands around a hit of its pattern at `at`.
fn stands_around(literal: &Literal, buf: &[u8], at: usize) -> bool {
    let Some(start) = at.checked_sub(literal.offset) else { return false };
    let end = start + literal.needle.len();
    let Some(found) = buf.get(start..end) else { return false };
    let is_there = if literal.ignore_case {
        found.eq_ignore_ascii_case(&literal.needle)
    } else {
        found == literal.needle.as_slice()
    };
    is_there && (!literal.ends_cell || matches!(buf.get(end), None | Some(b' ' | b'\r' | b'\n')))
}

/// The code of `65;` or `x41;` behind `&#`; `None` when it must be looked at.
fn xml_reference(tail: &[u8]) -> Option<u32> {
    let window = tail.get(..tail.len().min(10))?;
    let text = std::str::from_utf8(window.get(..memchr::memchr(b';', window)?)?).ok()?;
    match text.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// True when a reference in the rest of the line spells one of the bytes; `&` may be
/// escaped.
fn has_reference(tail: &[u8], alphabet: &ByteSet) -> bool {
    let line = memchr::memchr(b'\n', tail).and_then(|end| tail.get(..end)).unwrap_or(tail);
    memchr::memchr_iter(b'#', line).any(|at| {
        let before = line.get(..at).unwrap_or_default();
        let is_reference = before.ends_with(b"&") || before.ends_with(b"\\u0026");
        let code = || xml_reference(line.get(at + 1..).unwrap_or_default());
        is_reference && code().is_none_or(|code| alphabet.contains(code))
    })
}

/// The code of the two digits behind `\u00`; `None` when it must be looked at.
fn json_escape(tail: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(tail.get(..2)?).ok()?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(bytes: &str, role: Role) -> Pattern {
        Pattern { bytes: bytes.as_bytes().to_vec(), role }
    }

    fn hits(scan: &Scan, text: &str) -> Vec<usize> {
        let mut search = scan.hits(text.as_bytes(), text.len());
        let mut found = Vec::new();
        while let Some(at) = search.next_from(found.last().map_or(0, |last| last + 1)) {
            found.push(at);
        }
        found
    }

    /// Scenario: event ids behind their keys, wanted, unwanted and unreadable.
    /// Guarantees: wanted ones and unreadable ones count.
    #[test]
    fn event_ids_count_when_wanted() {
        let xml = Scan::new(vec![pattern("ntID", Role::XmlEventId)], vec![4740, 644]);
        for (text, count) in [
            ("<EventID>4740</EventID>", 1),
            ("<EventID Qualifiers='0'> 644 </EventID>", 1),
            ("<EventID>4624</EventID>", 0),
            ("<EventID>&#52;740</EventID>", 1),
            ("<EventID>47", 1),
        ] {
            assert_eq!(hits(&xml, text).len(), count, "{text}");
        }
        let keys = ["nt_id\"", "\"code\"", ".code\"", "ntId\""];
        let mut keys = keys.map(|key| pattern(key, Role::JsonEventId)).to_vec();
        keys.push(pattern("ntID", Role::AnyEventId));
        let json = Scan::new(keys, vec![4740]);
        for (text, count) in [
            ("{\"event_id\":4740}", 1),
            ("{\"winlog.event_id\" : \"4740\" }", 1),
            ("{\"event_id\":47401,\"opcode\":\"Info\"}", 0),
            ("{\"x\":\"event_id\",\"code\":\"4740\"}", 1),
            ("{\"event_id\":4740.0}", 1),
            ("{\"EventID\":4740}", 1),
            ("{\"eventID\":\"4740\"}", 1),
            ("{\"EventId\":4740}", 1),
            ("{\"parentID\":4740,\"prevEventId\":4740,\"peventID\":4740}", 0),
        ] {
            assert_eq!(hits(&json, text).len(), count, "{text}");
        }
    }

    /// Scenario: two patterns begin at the same place, and the first does not count.
    /// Guarantees: the second is not lost.
    #[test]
    fn companions_are_not_lost() {
        let literal = |needle: &str, ends_cell| {
            let needle = needle.as_bytes().to_vec();
            Role::Literal(Literal {
                pattern: needle.clone(),
                offset: 0,
                needle,
                ignore_case: false,
                ends_cell,
            })
        };
        let scan = Scan::new(
            vec![
                pattern(" 1326", literal(" 1326", true)),
                pattern(" 13267", literal(" 13267", true)),
            ],
            vec![],
        );
        assert_eq!(hits(&scan, "a 13267\nb 1326 c 13268"), [1, 9]);
    }

    /// Scenario: character references that spell bytes of a literal, and others.
    /// Guarantees: only the former make a candidate.
    #[test]
    fn references_count_when_they_can_hide_a_literal() {
        let alphabet = ByteSet::of(b"relay".iter().copied());
        let scan = Scan::new(vec![pattern("&#", Role::XmlReference(alphabet))], vec![]);
        assert_eq!(hits(&scan, "&#97;b &#13; &#x72; &#x0a; &#98; &#114;").len(), 3);
    }

    /// Scenario: Event XML as a value of JSON, with references that spell bytes of a
    /// literal in it, in the next record, and others.
    /// Guarantees: only the first make a candidate.
    #[test]
    fn references_in_a_value_count_from_where_its_xml_begins() {
        let scan = |text: &str| {
            let alphabet = ByteSet::of(b"relay".iter().copied());
            let scan = Scan::new(vec![pattern("<Event", Role::XmlInJson(alphabet))], vec![]);
            hits(&scan, text)
        };
        assert_eq!(scan("{\"xml\":\"<Event>r&#13;&#101;lay\"}\n"), [8]);
        assert_eq!(scan("{\"xml\":\"<Event>\\u0026#x72;\"}\n"), [8]);
        assert_eq!(scan("{\"xml\":\"<Event>&#\"}\n"), [8]);
        assert!(scan("{\"xml\":\"<Event>&#13;# 97;\"}\n&#97;").is_empty());
    }

    /// Scenario: escapes that spell bytes of a literal, and others.
    /// Guarantees: only the former make a candidate.
    #[test]
    fn escapes_count_when_they_can_hide_a_literal() {
        let alphabet = ByteSet::of(b"relay".iter().copied());
        let scan = Scan::new(vec![pattern("\\u00", Role::JsonEscape(alphabet))], vec![]);
        assert_eq!(hits(&scan, r"\u003c \u0072 \u00e9 \u00zz").len(), 2);
    }
}
