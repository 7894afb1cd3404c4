//! The reply that ends a loop.

use logwasp_sdk::text::{clean, shorten};

/// Whose hop count ended it (Microsoft Learn, "Fix NDR error 550 5.4.6 or 554 5.4.14").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// 5.4.6: Exchange on premises.
    OnPremises,
    /// 5.4.14: Exchange Online.
    ExchangeOnline,
}

impl Origin {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OnPremises => "on-premises",
            Self::ExchangeOnline => "exchange_online",
        }
    }
}

/// The words stand so close behind the code.
const WORDS_BYTES_MAX: usize = 200;
/// `Remote Server returned` stands so close before it.
const LEAD_BYTES_MAX: usize = 120;

/// Finds a reply that ends a loop: its origin, and its text.
///
/// `5.4.6` alone also means other routing trouble, so it needs its words, or to be
/// what a bounce says that the remote server returned; `5.4.14` needs its words.
pub(crate) fn find(text: &str) -> Option<(Origin, String)> {
    code(text, "5.4.14", Origin::ExchangeOnline).or_else(|| code(text, "5.4.6", Origin::OnPremises))
}

fn code(text: &str, code: &str, origin: Origin) -> Option<(Origin, String)> {
    text.match_indices(code).find_map(|(at, _)| {
        let (before, after) = (text.get(..at)?, text.get(at + code.len()..)?);
        let part_of_number = |c: char| c.is_ascii_digit() || c == '.';
        if before.ends_with(part_of_number) || after.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let words = shorten(after, WORDS_BYTES_MAX).to_ascii_lowercase();
        let has_words = words.contains("hop count")
            || (origin == Origin::ExchangeOnline && words.contains("attr34"));
        let is_returned = origin == Origin::OnPremises && is_returned(before);
        (has_words || is_returned).then(|| (origin, reply_text(before, code, after)))
    })
}

/// `Remote Server returned '554 5.4.6 '`
fn is_returned(before: &str) -> bool {
    let start = before.ceil_char_boundary(before.len().saturating_sub(LEAD_BYTES_MAX));
    let lead = before.get(start..).unwrap_or_default().to_ascii_lowercase();
    lead.trim_end().ends_with("554") && lead.contains("remote server returned")
}

/// From the three digits before the code to the end of the sentence.
fn reply_text(before: &str, code: &str, after: &str) -> String {
    let digits = before.trim_end_matches(['-', ' ', '#']);
    let digits = digits.get(digits.len().saturating_sub(3)..).unwrap_or_default();
    let is_reply_code = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    let end = after.find(['\'', '"', ']', '}', '\r', '\n']).unwrap_or(after.len());
    let rest = after.get(..end).unwrap_or_default();
    let text = clean(&format!("{code} {rest}"), WORDS_BYTES_MAX);
    if is_reply_code { format!("{digits} {text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the replies as protocol logs, bounces, tracking rows and gateways quote
    /// them; other uses of the codes and longer numbers.
    /// Guarantees: only the end of a loop is one, with the right origin.
    #[test]
    fn replies_are_found() {
        let premises = [
            "554 5.4.6 Hop count exceeded - possible mail loop",
            "Remote Server returned '554 5.4.6 '",
            "Remote Server returned '554 5.4.6 Hop count exceeded - possible mail loop'",
            "[{LRT=};{LED=554 5.4.6 Hop count exceeded - possible mail loop};{FQDN=};{IP=}]",
            "said: 554-5.4.6 Hop\r\n count exceeded, hop count",
        ];
        for text in premises {
            assert_eq!(find(text).map(|f| f.0), Some(Origin::OnPremises), "{text}");
        }
        for text in [
            "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 [HE1.outlook.com]",
            "550 5.4.14 loop ATTR34",
        ] {
            assert_eq!(find(text).map(|f| f.0), Some(Origin::ExchangeOnline), "{text}");
        }
        for text in
            ["554 5.4.6", "10.5.4.6 hop count", "5.4.60 hop count", "554 5.4.14 x", "", "é5.4.6é"]
        {
            assert_eq!(find(text), None, "{text}");
        }
        let quoted =
            find("(LED=554 5.4.6 Hop count exceeded - possible mail loop};{IP=}").map(|f| f.1);
        assert_eq!(quoted.as_deref(), Some("554 5.4.6 Hop count exceeded - possible mail loop"));
    }
}
