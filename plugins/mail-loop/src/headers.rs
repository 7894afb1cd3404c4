//! L3: what every pass of a message leaves in its headers.

use std::collections::BTreeSet;

use logwasp_sdk::{Hosts, identity, mail};

use crate::chain::{self, Chain};
use crate::config::Config;
use crate::places::{Place, Places};
use crate::sighting::{keep, plain_id};

/// Times there and back, and entries of the diagnostic headers, that make a loop.
const REPETITIONS_MIN: u64 = 2;
const ENTRIES_MIN: usize = 3;
/// More entries than hops are allowed are forged.
const ENTRIES_MAX: usize = 128;

/// The headers of one message, as far as they matter here.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    pub(crate) message_id: Option<String>,
    pub(crate) in_reply_to: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) failed_recipient: Option<String>,
    pub(crate) subject: String,
    pub(crate) content_type: String,
    pub(crate) is_auto_submitted: bool,
    pub(crate) has_null_sender: bool,
    pub(crate) is_anonymous: bool,
    pub(crate) tenant: Option<String>,
    received: Vec<String>,
    attributed: Option<u64>,
    traffic: BTreeSet<String>,
    stamped: usize,
}

/// The marks of a loop in a header block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) names: Vec<String>,
    pub(crate) passes: u64,
    pub(crate) period_s: Option<i64>,
    pub(crate) places: BTreeSet<Place>,
}

impl Headers {
    pub(crate) fn read(block: &str) -> Self {
        let mut headers = Self::default();
        for header in mail::headers(block) {
            headers.header(&header.name.to_ascii_lowercase(), &header.value);
        }
        headers
    }

    /// True when nothing was there to read.
    pub(crate) fn is_empty(&self) -> bool {
        self.message_id.is_none() && self.received.is_empty() && self.from.is_none()
    }

    fn header(&mut self, name: &str, value: &str) {
        match name {
            "received" if self.received.len() < ENTRIES_MAX => self.received.push(value.to_owned()),
            "message-id" => self.message_id = self.message_id.take().or(keep(plain_id(value))),
            "in-reply-to" => self.in_reply_to = keep(plain_id(value)),
            "from" => self.from = mail::address(value),
            "to" => self.to = self.to.take().or_else(|| mail::address(value)),
            "x-failed-recipients" => self.failed_recipient = mail::address(value),
            "subject" => self.subject = value.to_lowercase(),
            "content-type" => self.content_type = value.to_lowercase(),
            "auto-submitted" => self.is_auto_submitted = !value.eq_ignore_ascii_case("no"),
            "return-path" => self.has_null_sender = value.trim() == "<>",
            "x-eopattributedmessage" => self.attributed = value.trim().parse().ok(),
            "x-eoptenantattributedmessage" | "x-ms-exchange-crosstenant-id" => {
                let tenant = || keep(value.split(':').next());
                self.tenant = self.tenant.take().or_else(tenant);
            }
            "x-ms-traffictypediagnostic" => self.traffic(value),
            "x-ms-exchange-transport-crosstenantheadersstamped" => self.stamped += 1,
            "x-ms-exchange-organization-authas" => {
                self.is_anonymous |= value.trim().eq_ignore_ascii_case("Anonymous");
            }
            "x-ms-exchange-crosstenant-fromentityheader" => {
                self.is_anonymous |= value.trim().eq_ignore_ascii_case("Internet");
            }
            _ => {}
        }
    }

    /// `AM0PR01MB1:|DB8PR02MB2:EE_|`: one entry per server of Exchange Online.
    fn traffic(&mut self, value: &str) {
        let entries = value.split(['|', ' ', ',', ';']).filter_map(|entry| {
            identity::meaningful(entry.split(':').next()?).map(str::to_lowercase)
        });
        for entry in entries {
            if self.traffic.len() < ENTRIES_MAX {
                self.traffic.insert(entry);
            }
        }
    }

    /// `X-EOPAttributedMessage`, where the mail has it.
    pub(crate) fn attributed(&self) -> Option<u64> {
        self.attributed
    }

    /// What speaks for a loop; empty when nothing does.
    pub(crate) fn marks(&self, config: &Config, places: &Places, learned: &Hosts) -> Marks {
        let chain = Chain::read(&self.received, places, learned);
        let circle = chain.circle();
        let repetitions = circle.as_ref().map_or(0, |circle| circle.repetitions);
        let attributed = self.attributed.filter(|n| *n >= u64::from(config.attr_min));
        let mut names = Vec::new();
        if repetitions >= REPETITIONS_MIN {
            names.push(format!("{repetitions} times there and back in the Received lines"));
        }
        names.extend(attributed.map(|n| format!("X-EOPAttributedMessage {n}")));
        let is_ordinary = self.is_ordinary(&chain, config);
        if self.traffic.len() >= ENTRIES_MIN && !is_ordinary {
            names.push(format!("{} servers in X-MS-TrafficTypeDiagnostic", self.traffic.len()));
        }
        if self.stamped >= ENTRIES_MIN && !is_ordinary {
            let header = "X-MS-Exchange-Transport-CrossTenantHeadersStamped";
            names.push(format!("{} times {header}", self.stamped));
        }
        let places = match circle {
            Some(circle) if repetitions >= REPETITIONS_MIN => circle.places,
            _ => chain.places(),
        };
        let counted = [repetitions, self.traffic.len() as u64, self.stamped as u64];
        // The counter of Exchange Online starts at 0 and counts passes itself.
        let passes = match self.attributed {
            Some(n) => n.saturating_add(1),
            None => counted.into_iter().max().unwrap_or(0),
        };
        Marks { names, passes, period_s: chain::period_s(&chain.visits()), places }
    }

    /// One way through Exchange Online visits three servers, from one tenant to
    /// another it visits six, and two of them leave a stamp. Where the counter says
    /// that there were few passes, or the route that there was one, servers and
    /// stamps prove nothing.
    fn is_ordinary(&self, chain: &Chain, config: &Config) -> bool {
        match self.attributed {
            Some(passes) => passes < u64::from(config.attr_min),
            None => chain.online_visits() == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logwasp_sdk::Site;

    fn marks(block: &str) -> Marks {
        let places = Places::new(Site::default()).expect("the nets parse");
        Headers::read(block).marks(&Config::default(), &places, &Hosts::default())
    }

    /// Scenario: mail from one tenant to another, with the counter at 0 and 1; mail
    /// without the counter that went through Exchange Online once, and twice.
    /// Guarantees: three or six servers of Exchange Online on an ordinary way are no
    /// loop; on a way through it, out and in again, they are.
    #[test]
    fn an_ordinary_way_is_no_loop() {
        let servers =
            "X-MS-TrafficTypeDiagnostic: A:EE_|B:EE_|C:EE_|D:EE_|E:EE_|F:EE_\n".to_owned();
        let stamps = "X-MS-Exchange-Transport-CrossTenantHeadersStamped: A\n".repeat(3);
        for passes in 0..2 {
            let block = format!("X-EOPAttributedMessage: {passes}\n{servers}{stamps}");
            assert!(marks(&block).names.is_empty(), "{passes}");
        }
        let hop = |from: &str, by: &str| format!("Received: from {from} by {by}; x\n");
        let online = "ft049.mail.protection.outlook.com";
        let stranger = "mx.fabrikam.com";
        let inside = hop(online, "am0pr01mb1.eurprd01.prod.outlook.com");
        let once = [inside.as_str(), &hop(stranger, online), &servers, &stamps].concat();
        assert!(marks(&once).names.is_empty());
        let again = hop(stranger, online);
        let twice = [again.as_str(), &hop(online, stranger), &once].concat();
        assert_eq!(marks(&twice).names.len(), 2);
    }

    /// Scenario: each diagnostic header just below and at its threshold.
    /// Guarantees: each mark on its own is found, and only at its threshold.
    #[test]
    fn marks_have_thresholds() {
        let stamp = "X-MS-Exchange-Transport-CrossTenantHeadersStamped: A\n";
        for (below, at) in [
            ("X-EOPAttributedMessage: 1\n".to_owned(), "x-eopattributedmessage: 2\n".to_owned()),
            (
                "X-MS-TrafficTypeDiagnostic: A:|B:EE_|A:\n".to_owned(),
                "X-MS-TrafficTypeDiagnostic:\n A:|B:EE_|C:\n".to_owned(),
            ),
            (stamp.repeat(2), stamp.repeat(3)),
        ] {
            assert!(marks(&below).names.is_empty(), "{below}");
            assert_eq!(marks(&at).names.len(), 1, "{at}");
        }
        assert_eq!(marks("X-EOPAttributedMessage: 2\n").passes, 3);
        assert_eq!(marks(&format!("X-EOPAttributedMessage: {}\n", u64::MAX)).passes, u64::MAX);
    }
}
