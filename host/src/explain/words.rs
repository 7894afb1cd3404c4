//! Subscriptions in words.

use std::borrow::Cow;

use logwasp_core::format::Format;
use logwasp_core::interest::{ConditionSpec, SubscriptionSpec};
use logwasp_core::scan::{Search, searches};

use super::survey::Watched;

/// Values of one condition that are shown.
const VALUES_SHOWN_MAX: usize = 8;

/// `@event_id is 4740 or 644`
pub(super) fn condition(spec: &ConditionSpec) -> String {
    let relation = match (spec.op.as_str(), spec.negate) {
        ("equals" | "any-of", false) => "is",
        ("equals" | "any-of", true) => "is not",
        ("prefix", false) => "begins with",
        ("prefix", true) => "does not begin with",
        ("suffix", false) => "ends with",
        ("suffix", true) => "does not end with",
        ("contains", false) => "contains",
        ("contains", true) => "does not contain",
        ("present", false) | ("absent", true) => return format!("{} is there", spec.field),
        ("present", true) | ("absent", false) => return format!("{} is not there", spec.field),
        (_, false) => "is a number in",
        (_, true) => "is not a number in",
    };
    let case = if spec.ignore_case { " in any case" } else { "" };
    format!("{} {relation} {}{case}", spec.field, values(&spec.values))
}

fn values(values: &[String]) -> String {
    let shown: Vec<_> =
        values.iter().take(VALUES_SHOWN_MAX).map(|value| value_words(value)).collect();
    match (values.len().saturating_sub(VALUES_SHOWN_MAX), shown.split_last()) {
        (0, Some((last, []))) => last.to_string(),
        (0, Some((last, before))) => format!("{} or {last}", before.join(", ")),
        (hidden, _) => format!("{} or {hidden} more", shown.join(", ")),
    }
}

/// In quotes when one would not see where it begins and ends.
fn value_words(value: &str) -> Cow<'_, str> {
    let is_plain = !value.is_empty() && !value.contains([' ', ',', '\t', '\n']);
    if is_plain { Cow::Borrowed(value) } else { Cow::Owned(format!("{value:?}")) }
}

/// `windows-event where @event_id is 4740 or 644, and @provider is ...`
pub(super) fn subscription(spec: &SubscriptionSpec) -> String {
    let conditions: Vec<String> = spec.all_of.iter().map(condition).collect();
    match conditions.as_slice() {
        [] => format!("every {}", spec.kind),
        conditions => format!("{} where {}", spec.kind, conditions.join(", and ")),
    }
}

/// How the formats that were found are searched for it: `winevent-xml, evtx: by the
/// event id 4740`.
pub(super) fn searched(watched: &Watched, found: impl Iterator<Item = Format>) -> Vec<String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for format in found {
        let coats = searches(&watched.subscription, format);
        let several = coats.len() > 1;
        for (coat, search) in coats {
            let coat = if several { format!(" with {coat} inside") } else { String::new() };
            let (place, how) =
                (format!("{}{coat}", format.name()), search_words(&search, &watched.spec));
            match all.iter_mut().find(|(_, known)| *known == how) {
                Some((places, _)) => *places = format!("{places}, {place}"),
                None => all.push((place, how)),
            }
        }
    }
    all.into_iter().map(|(places, how)| format!("{places}: {how}")).collect()
}

/// True when the subscription makes the format be decoded in full.
pub(super) fn is_read_fully(watched: &Watched, format: Format) -> bool {
    let coats = searches(&watched.subscription, format);
    coats.iter().any(|(_, search)| matches!(search, Search::Nothing | Search::NotSearched))
}

fn search_words(search: &Search, spec: &SubscriptionSpec) -> String {
    match search {
        Search::EventIds(ids) => {
            let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
            format!("by the event id {}", values(&ids))
        }
        Search::Literals(texts) => format!("by the text {}", values(texts)),
        Search::NotSearched => "each record is decoded, this format is never searched".to_owned(),
        Search::Nothing if spec.all_of.is_empty() => {
            "each record is decoded, because there is no condition".to_owned()
        }
        Search::Nothing => {
            let conditions: Vec<String> = spec.all_of.iter().map(condition).collect();
            let conditions = conditions.join("` or `");
            format!("each record is decoded, because `{conditions}` gives no text to search for")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_core::interest::Subscription;

    fn spec(field: &str, op: &str, values: &[&str], negate: bool) -> ConditionSpec {
        ConditionSpec {
            field: field.to_owned(),
            op: op.to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ignore_case: op == "contains",
            negate,
        }
    }

    /// Scenario: conditions of several operators.
    /// Guarantees: they read as sentences; long lists are cut and counted.
    #[test]
    fn conditions_are_words() {
        let many: Vec<String> = (1..=10).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (spec, words) in [
            (spec("@event_id", "any-of", &["4740", "644"], false), "@event_id is 4740 or 644"),
            (
                spec("data", "contains", &["5.7.1 U"], false),
                "data contains \"5.7.1 U\" in any case",
            ),
            (spec("user", "present", &[], true), "user is not there"),
            (spec("user", "any-of", &["", "-"], true), "user is not \"\" or -"),
            (spec("Status", "number-in", &["1..5"], true), "Status is not a number in 1..5"),
            (spec("a", "equals", &many, false), "a is 1, 2, 3, 4, 5, 6, 7, 8 or 2 more"),
        ] {
            assert_eq!(condition(&spec), words);
        }
    }

    /// Scenario: two conditions, neither of which gives a text; then one that does.
    /// Guarantees: the conditions at fault are named, and that the format is read in
    /// full; the text is named otherwise, once for formats that are searched alike.
    #[test]
    fn searches_are_words() {
        let watched = |kind: &str, all_of: Vec<ConditionSpec>| {
            let spec = SubscriptionSpec { kind: kind.to_owned(), all_of, columns: Vec::new() };
            let subscription = Subscription::compile(&spec).expect("it compiles");
            Watched { detector: "d".to_owned(), number: 1, spec, subscription }
        };
        let number = spec("sc-status", "number-in", &["401"], false);
        let absent = spec("cs-username", "absent", &[], false);
        let without = watched("iis", vec![number, absent]);
        assert_eq!(
            searched(&without, [Format::W3c, Format::Evtx].into_iter()),
            ["w3c: each record is decoded, because `sc-status is a number in 401` or \
              `cs-username is not there` gives no text to search for"]
        );
        assert!(is_read_fully(&without, Format::W3c) && !is_read_fully(&without, Format::Evtx));
        let by_id = watched("windows-event", vec![spec("@event_id", "equals", &["4740"], false)]);
        assert_eq!(
            searched(&by_id, [Format::WinEventXml, Format::Evtx].into_iter()),
            ["winevent-xml, evtx: by the event id 4740"]
        );
        assert!(!is_read_fully(&by_id, Format::WinEventXml));
    }
}
