//! From a condition to the literals that every satisfying record contains.

use super::Coat;
use super::frequency::chance;
use crate::event::{Kind, Selector};
use crate::interest::{Condition, Subscription, Test};

/// A literal and what must hold around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Literal {
    /// What is searched for: all of `needle`, or the rarest part of it.
    pub(super) pattern: Vec<u8>,
    /// Where `pattern` begins in `needle`.
    pub(super) offset: usize,
    /// What must stand around the hit.
    pub(super) needle: Vec<u8>,
    /// `needle` is in lower case, and case does not matter.
    pub(super) ignore_case: bool,
    /// A blank or a line end must follow.
    pub(super) ends_cell: bool,
}

impl Literal {
    /// All of `needle`, as it is.
    pub(super) fn exactly(needle: &[u8]) -> Self {
        let needle = needle.to_vec();
        Self { pattern: needle.clone(), offset: 0, needle, ignore_case: false, ends_cell: false }
    }

    /// True when whatever contains the other contains this one too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let is_plain = !self.ignore_case && !self.ends_cell;
        is_plain
            && !other.ignore_case
            && memchr::memmem::find(&other.needle, &self.needle).is_some()
    }
}

/// Literals of which at least one is in every satisfying record, and what searching
/// for them costs: the chance of hits, and the patterns themselves.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) literals: Vec<Literal>,
    pub(super) cost: f64,
    /// The literals begin with a delimiter, so the field must not be the first of
    /// its row.
    pub(super) needs_delimiter: Option<Box<[u8]>>,
}

/// The rarest literals of a subscription in a coat; `None` when none of its conditions
/// has any.
pub(super) fn rarest(subscription: &Subscription, coat: Coat) -> Option<Group> {
    let groups = subscription.all_of.iter();
    let groups = groups.filter_map(|condition| group(condition, subscription.kind, coat));
    groups.min_by(|a, b| a.cost.total_cmp(&b.cost))
}

/// Shorter literals are everywhere.
const LITERAL_BYTES_MIN: usize = 3;

/// The literals of a condition in a coat; `None` when there is no such thing.
fn group(condition: &Condition, kind: Kind, coat: Coat) -> Option<Group> {
    if condition.negate || is_derived(&condition.selector, kind, coat) {
        return None;
    }
    let texts: Vec<&[u8]> = match &condition.test {
        Test::AnyOf(texts) | Test::Prefix(texts) | Test::Suffix(texts) => {
            texts.iter().map(AsRef::as_ref).collect()
        }
        Test::Contains(finders) => finders.iter().map(memchr::memmem::Finder::needle).collect(),
        Test::Present | Test::Absent | Test::NumberIn(_) => return None,
    };
    let mut group = Group { literals: Vec::new(), cost: 0.0, needs_delimiter: None };
    for text in texts {
        let literals = literals(text, condition, coat)?;
        let costs = literals.iter().map(|literal| chance(&literal.pattern) + PATTERN_COST);
        group.cost += costs.sum::<f64>();
        group.literals.extend(literals);
    }
    for title in telling_titles(condition, kind, coat) {
        group.cost += chance(title.as_bytes()) + PATTERN_COST;
        group.literals.push(Literal::exactly(title.as_bytes()));
    }
    if let (Coat::W3c, true, Selector::Nth(name, 0)) =
        (coat, is_cell(condition), &condition.selector)
    {
        group.needs_delimiter = Some(name.clone());
    }
    Some(group)
}

/// Titles of rendered messages that tell a source which satisfies the condition, without
/// naming it.
fn telling_titles(condition: &Condition, kind: Kind, coat: Coat) -> Vec<&'static str> {
    let is_text = coat == Coat::Line && kind == Kind::WindowsEvent;
    if !is_text || condition.selector != Selector::Provider {
        return Vec::new();
    }
    let arena = bumpalo::Bump::new();
    let told = crate::decode::message_sources();
    let told = told.filter(|(source, _)| condition.holds_for(Some(source.as_bytes()), &arena));
    told.map(|(_, title)| title).collect()
}

/// True when the literal begins a cell: then the delimiter before it is part of it.
fn is_cell(condition: &Condition) -> bool {
    let begins = matches!(condition.test, Test::AnyOf(_) | Test::Prefix(_));
    begins && !condition.ignore_case && matches!(condition.selector, Selector::Nth(_, 0))
}

/// Values that a decoder makes up and no record contains.
fn is_derived(selector: &Selector, kind: Kind, coat: Coat) -> bool {
    let Selector::Nth(name, _) = selector else {
        // A rendered message tells its channel without naming it.
        let is_text = coat == Coat::Line && kind == Kind::WindowsEvent;
        if is_text && *selector == Selector::Channel {
            return true;
        }
        return matches!(selector, Selector::EventId | Selector::Kind | Selector::All(_));
    };
    if crate::event::is_decoded(name) {
        return true;
    }
    match kind {
        Kind::ExchangeSmtp => **name == *b"direction",
        Kind::Syslog => matches!(&**name, b"facility" | b"severity" | b"problem"),
        // Facts of the session stand in other rows; these stand in the candidate's.
        Kind::ExchangeSmtpSession => !crate::session::is_candidate_field(name),
        _ => false,
    }
}

fn literals(text: &[u8], condition: &Condition, coat: Coat) -> Option<Vec<Literal>> {
    let is_raw = condition.selector == Selector::Raw;
    let piece = if is_raw { text } else { best_piece(text, coat)? };
    let is_whole = piece.len() == text.len();
    if condition.ignore_case {
        return (piece.len() >= LITERAL_BYTES_MIN).then(|| any_case(piece));
    }
    let starts = is_whole || text.starts_with(piece);
    let mut needle = piece.to_vec();
    if coat == Coat::W3c && is_cell(condition) && starts {
        needle.insert(0, b' ');
    }
    let ends_cell = coat == Coat::W3c && is_whole && matches!(condition.test, Test::AnyOf(_));
    (needle.len() >= LITERAL_BYTES_MIN)
        .then(|| vec![Literal { ends_cell, ..Literal::exactly(&needle) }])
}

/// The rarest part of `text` that the coat can only spell in one way.
fn best_piece(text: &[u8], coat: Coat) -> Option<&[u8]> {
    let pieces = text.split(|byte| has_spellings(*byte, coat)).filter(|piece| !piece.is_empty());
    pieces.min_by(|a, b| chance(a).total_cmp(&chance(b)))
}

/// Bytes that the coat may write in more than one way.
fn has_spellings(byte: u8, coat: Coat) -> bool {
    match coat {
        Coat::Xml => !byte.is_ascii() || byte.is_ascii_control() || b"<>&'\"".contains(&byte),
        Coat::Json => !byte.is_ascii() || byte.is_ascii_control() || b"<>&'\"\\/".contains(&byte),
        Coat::Csv => matches!(byte, b'"' | b'\n' | b'\r'),
        Coat::W3c => byte == b' ',
        Coat::Line => byte.is_ascii_control() || b"\\\"]".contains(&byte),
        Coat::Cef => byte.is_ascii_control() || b"\\=|".contains(&byte),
    }
}

/// What one more pattern costs the search, as if it were so many false hits.
const PATTERN_COST: f64 = 2e-7;

/// Letters of a window whose every case is searched for.
const WINDOW_BYTES: usize = 4;

/// The rarest window of `needle` (lower case), in every spelling of its letters.
/// The whole needle is compared around a hit.
fn any_case(needle: &[u8]) -> Vec<Literal> {
    let windows = needle.windows(WINDOW_BYTES.min(needle.len())).enumerate();
    let cost = |window: &[u8]| {
        spellings(window).iter().map(|spelling| chance(spelling) + PATTERN_COST).sum::<f64>()
    };
    let best = windows.min_by(|(_, a), (_, b)| cost(a).total_cmp(&cost(b)));
    let (offset, window) = best.unwrap_or((0, needle));
    let literal = |pattern| Literal {
        pattern,
        offset,
        needle: needle.to_vec(),
        ignore_case: true,
        ends_cell: false,
    };
    spellings(window).into_iter().map(literal).collect()
}

fn spellings(window: &[u8]) -> Vec<Vec<u8>> {
    window.iter().fold(vec![Vec::new()], |spellings, byte| {
        let cases = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()];
        let cases = if cases.first() == cases.last() { &cases[..1] } else { &cases[..] };
        spellings
            .iter()
            .flat_map(|spelling| {
                cases.iter().map(move |case| [spelling.as_slice(), &[*case]].concat())
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interest::ConditionSpec;

    fn patterns(
        field: &str,
        op: &str,
        values: &[&str],
        ignore_case: bool,
        coat: Coat,
    ) -> Option<Vec<String>> {
        let condition = Condition::compile(&ConditionSpec {
            field: field.to_owned(),
            op: op.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ignore_case,
            negate: false,
        });
        let group = group(&condition.unwrap(), Kind::Iis, coat)?;
        Some(group.literals.iter().map(|l| String::from_utf8(l.pattern.clone()).unwrap()).collect())
    }

    /// Scenario: conditions of every operator in coats with different escapes.
    /// Guarantees: a literal never contains what the coat may spell differently;
    /// without a literal there is none.
    #[test]
    fn literals_are_spelled_as_the_coat_does() {
        let some = |texts: &[&str]| Some(texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
        assert_eq!(
            patterns("sc-win32-status", "any-of", &["1326", "1909"], false, Coat::W3c),
            some(&[" 1326", " 1909"])
        );
        assert_eq!(
            patterns("x", "contains", &["AT&T Relay"], false, Coat::Xml),
            some(&["T Relay"])
        );
        assert_eq!(patterns("x", "contains", &["path/to"], false, Coat::Json), some(&["path"]));
        assert_eq!(patterns("x", "equals", &["caf\u{e9}"], false, Coat::Json), some(&["caf"]));
        assert_eq!(patterns("@raw", "contains", &["a/b<c"], false, Coat::Json), some(&["a/b<c"]));
        for (op, values) in [("present", &[""][..]), ("number-in", &["5"]), ("equals", &["ok"])] {
            assert_eq!(patterns("x", op, values, false, Coat::Xml), None, "{op}");
        }
        assert_eq!(patterns("x", "equals", &["long enough", "\u{e9}"], false, Coat::Json), None);
    }

    /// Scenario: a text whose case does not matter.
    /// Guarantees: every spelling of its rarest window is searched for.
    #[test]
    fn any_case_is_searched_for() {
        let found = patterns("x", "contains", &["5.7.1 Unable"], true, Coat::Csv).unwrap();
        assert_eq!(found, ["5.7."], "a window without letters needs one spelling");
        let found = patterns("x", "contains", &["abc"], true, Coat::Csv).unwrap();
        assert_eq!(found.len(), 8);
    }
}
