//! How a format is searched for one subscription, for people.

use super::Coat;
use super::literal::rarest;
use super::plan::{EXCHANGE_LOGS, coats};
use crate::event::Kind;
use crate::format::Format;
use crate::interest::Subscription;

/// How the records of a format that can satisfy a subscription are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// By the number of the event, where the coat writes it.
    EventIds(Vec<u32>),
    /// By these texts; one of them is in every such record.
    Literals(Vec<String>),
    /// No condition has a text that every such record contains, so each is decoded.
    Nothing,
    /// The format is never searched: each record is decoded.
    NotSearched,
}

/// How a format is searched for a subscription, once for each coat that its records
/// can wear. Empty when the format has no records of the subscription's kind.
pub fn searches(subscription: &Subscription, format: Format) -> Vec<(&'static str, Search)> {
    let kind = subscription.kind;
    let ids = subscription.event_ids().filter(|_| kind == Kind::WindowsEvent);
    match format {
        Format::Evtx if kind == Kind::WindowsEvent => {
            vec![("EVTX", ids.map_or(Search::Nothing, Search::EventIds))]
        }
        Format::Mail if kind == Kind::MailHeaders => vec![("mail", Search::NotSearched)],
        Format::ExchangeCsv if EXCHANGE_LOGS.iter().any(|(_, kinds)| kinds.contains(&kind)) => {
            vec![(name(Coat::Csv), search(subscription, Coat::Csv))]
        }
        _ => {
            let of_kind = coats(format).iter().filter(|(_, kinds)| kinds.contains(&kind));
            of_kind.map(|(coat, _)| (name(*coat), search(subscription, *coat))).collect()
        }
    }
}

fn search(subscription: &Subscription, coat: Coat) -> Search {
    if let (Kind::WindowsEvent, Some(ids)) = (subscription.kind, subscription.event_ids()) {
        return Search::EventIds(ids);
    }
    let Some(best) = rarest(subscription, coat) else { return Search::Nothing };
    let text = |needle: &[u8]| String::from_utf8_lossy(needle).into_owned();
    let mut texts: Vec<String> = best.literals.iter().map(|found| text(&found.needle)).collect();
    texts.dedup();
    Search::Literals(texts)
}

fn name(coat: Coat) -> &'static str {
    match coat {
        Coat::Xml => "XML",
        Coat::Json => "JSON",
        Coat::Csv => "CSV",
        Coat::W3c => "W3C",
        Coat::Line => "text",
        Coat::Cef => "CEF",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interest::{ConditionSpec, SubscriptionSpec};

    fn subscribe(kind: &str, conditions: &[(&str, &str, &[&str])]) -> Subscription {
        let all_of = conditions.iter().map(|(field, op, values)| ConditionSpec {
            field: (*field).to_owned(),
            op: (*op).to_owned(),
            values: values.iter().map(|&value| value.to_owned()).collect(),
            ignore_case: false,
            negate: false,
        });
        let spec =
            SubscriptionSpec { kind: kind.to_owned(), all_of: all_of.collect(), columns: vec![] };
        Subscription::compile(&spec).unwrap()
    }

    /// Scenario: subscriptions with an event id, a text, and neither, in formats that
    /// give their kind and in one that does not.
    /// Guarantees: what the plan searches for is what is told.
    #[test]
    fn the_search_is_told() {
        let by_id = subscribe("windows-event", &[("@event_id", "any-of", &["4740", "644"])]);
        assert_eq!(
            searches(&by_id, Format::WinEventXml),
            [("XML", Search::EventIds(vec![4740, 644]))]
        );
        assert_eq!(searches(&by_id, Format::W3c), []);
        let by_text =
            subscribe("exchange-smtp", &[("data", "contains", &["5.7.1 Unable to relay"])]);
        let [("CSV", Search::Literals(texts))] = &*searches(&by_text, Format::ExchangeCsv) else {
            panic!("literals");
        };
        assert!("5.7.1 Unable to relay".contains(&texts[0]));
        let by_number = subscribe("iis", &[("sc-win32-status", "number-in", &["1326"])]);
        assert_eq!(searches(&by_number, Format::W3c), [("W3C", Search::Nothing)]);
        let mail = subscribe("mail-headers", &[]);
        assert_eq!(searches(&mail, Format::Mail), [("mail", Search::NotSearched)]);
    }
}
