//! Events as Windows lays them out: a template for the System block, and another one
//! for the data, which comes as a value of the first.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::writer::{Element, Item, Part, Value, Writer, utf16};
use super::*;
use crate::time::to_rfc3339;

/// A named value: what is written, and how it reads.
#[derive(Debug, Clone)]
pub(super) struct Datum {
    name: String,
    value: Value,
    texts: Vec<String>,
}

/// An event to write.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    event_id: u16,
    qualifiers: Option<u16>,
    level: u8,
    keywords: u64,
    nanos: i64,
    user: Option<u32>,
    provider: String,
    channel: String,
    computer: String,
    data: Vec<Datum>,
    is_user_data: bool,
}

fn scalar(kind: u8, bytes: &[u8], text: String) -> (Value, Vec<String>) {
    (Value::Bytes(kind, bytes.to_vec()), vec![text])
}

fn typed() -> BoxedStrategy<(Value, Vec<String>)> {
    let text = prop_oneof!["[ -~]{0,40}", "\\PC{0,20}", "[a-z\r\n\t]{0,9}"];
    let text = text.prop_map(|text: String| text.replace(['\u{fffe}', '\u{ffff}'], ""));
    prop_oneof![
        6 => text.clone().prop_map(|text| (Value::string(&text), vec![text])),
        1 => text.prop_map(|text| (Value::string(&format!("{text}\0")), vec![text])),
        1 => any::<u8>().prop_map(|n| scalar(kind::UINT8, &n.to_le_bytes(), n.to_string())),
        1 => any::<i16>().prop_map(|n| scalar(kind::INT16, &n.to_le_bytes(), n.to_string())),
        1 => any::<u32>().prop_map(|n| scalar(kind::UINT32, &n.to_le_bytes(), n.to_string())),
        1 => any::<i64>().prop_map(|n| scalar(kind::INT64, &n.to_le_bytes(), n.to_string())),
        1 => any::<u64>().prop_map(|n| scalar(kind::UINT64, &n.to_le_bytes(), n.to_string())),
        1 => any::<u32>().prop_map(|n| scalar(kind::HEX_INT32, &n.to_le_bytes(), format!("{n:#x}"))),
        1 => any::<u64>().prop_map(|n| scalar(kind::HEX_INT64, &n.to_le_bytes(), format!("{n:#x}"))),
        1 => any::<u64>().prop_map(|n| scalar(kind::SIZE_T, &n.to_le_bytes(), format!("{n:#x}"))),
        1 => any::<bool>().prop_map(|b| scalar(kind::BOOL, &i32::from(b).to_le_bytes(), b.to_string())),
        1 => (0_i64..4_000_000_000).prop_map(|seconds| {
            let ticks = (seconds as u64 + 11_644_473_600) * 10_000_000 + 1_234_567;
            let text = to_rfc3339(seconds * crate::time::SECOND + 123_456_700);
            let text = text.replace("700Z", "7Z");
            scalar(kind::FILETIME, &ticks.to_le_bytes(), text)
        }),
        1 => any::<[u8; 3]>().prop_map(|bytes| {
            let [a, b, c] = bytes;
            let text = format!("{a:02X}{b:02X}{c:02X}");
            scalar(kind::BINARY, &bytes, text)
        }),
        1 => vec("[a-z]{0,5}", 1..4).prop_map(|items| {
            let bytes = items.iter().flat_map(|item: &String| utf16(&format!("{item}\0"))).collect();
            (Value::Bytes(kind::STRING | kind::ARRAY, bytes), items)
        }),
        1 => vec(any::<u16>(), 1..4).prop_map(|items| {
            let bytes = items.iter().flat_map(|item| item.to_le_bytes()).collect();
            let texts = items.iter().map(u16::to_string).collect();
            (Value::Bytes(kind::UINT16 | kind::ARRAY, bytes), texts)
        }),
    ]
    .boxed()
}

prop_compose! {
    pub(super) fn spec()(
        event_id in select(vec![4_625_u16, 4_740, 4_624, 1, 36_888]),
        qualifiers in option::of(any::<u16>()),
        level in 0_u8..6,
        keywords in any::<u64>(),
        ticks in 0_i64..50_000_000_000_000_000,
        user in option::of(any::<u32>()),
        provider in select(vec!["Microsoft-Windows-Security-Auditing", "Schannel", "\u{dc}bung"]),
        channel in "[A-Z][a-z]{2,8}",
        computer in "[A-Z]{2}[0-9]{2}",
        data in vec(("[A-Z][a-zA-Z]{0,12}", typed()), 0..9),
        is_user_data in any::<bool>(),
    ) -> Spec {
        let data = data.into_iter().map(|(name, (value, texts))| Datum { name, value, texts });
        let data = data.collect();
        let (provider, nanos) = (provider.to_owned(), ticks * 100);
        Spec {
            event_id, qualifiers, level, keywords, nanos, user, provider, channel, computer, data,
            is_user_data,
        }
    }
}

impl Spec {
    /// The template of the System block, in the way of Windows: what may be missing
    /// depends on its value.
    fn template(&self) -> Element {
        let leaf = |name: &str, id: u16| {
            Part::Element(Element::new(name).depending(id).holding([Part::Value(id)]))
        };
        let attribute = |name: &str, attribute: &str, id: u16| {
            Part::Element(Element::new(name).with(attribute, Part::Value(id)))
        };
        let literal = |name: &str, text: &str| {
            Part::Element(Element::new(name).holding([Part::Text(text.to_owned())]))
        };
        let event_id = Element::new("EventID").depending(0).with("Qualifiers", Part::Value(1));
        let provider = Element::new("Provider").with("Name", Part::Text(self.provider.clone()));
        let system = Element::new("System").holding([
            Part::Element(provider),
            Part::Element(event_id.holding([Part::Value(0)])),
            leaf("Level", 2),
            leaf("Keywords", 3),
            attribute("TimeCreated", "SystemTime", 4),
            attribute("Security", "UserID", 5),
            literal("Channel", &self.channel),
            literal("Computer", &self.computer),
        ]);
        Element::new("Event").holding([Part::Element(system), Part::Value(6)])
    }

    fn data_template(&self) -> Element {
        let data = self.data.iter().enumerate().map(|(id, datum)| {
            let element = if self.is_user_data {
                Element::new(&datum.name)
            } else {
                Element::new("Data").with("Name", Part::Text(datum.name.clone()))
            };
            Part::Element(element.holding([Part::Value(id as u16)]))
        });
        if self.is_user_data {
            let schema = Element::new("EventXML").holding(data);
            Element::new("UserData").holding([Part::Element(schema)])
        } else {
            Element::new("EventData").holding(data)
        }
    }

    pub(super) fn item(&self) -> Item {
        let number = |kind, bytes: &[u8]| Value::Bytes(kind, bytes.to_vec());
        let null = || Value::Bytes(kind::NULL, Vec::new());
        let user = self.user.map(|rid| {
            let head = [1, 1, 0, 0, 0, 0, 0, 5];
            Value::Bytes(kind::SID, head.into_iter().chain(rid.to_le_bytes()).collect())
        });
        let ticks = (self.nanos / 100 + 116_444_736_000_000_000) as u64;
        let data = self.data.iter().map(|datum| datum.value.clone()).collect();
        let values = vec![
            number(kind::UINT16, &self.event_id.to_le_bytes()),
            self.qualifiers.map_or_else(null, |q| number(kind::UINT16, &q.to_le_bytes())),
            number(kind::UINT8, &[self.level]),
            number(kind::HEX_INT64, &self.keywords.to_le_bytes()),
            number(kind::FILETIME, &ticks.to_le_bytes()),
            user.unwrap_or_else(null),
            Value::Stream(vec![Item::Instance(self.data_template(), data)]),
        ];
        Item::Instance(self.template(), values)
    }

    fn expected(&self) -> Owned {
        let mut envelope = Vec::new();
        let mut say = |name: &str, text: String| envelope.push((name.to_owned(), text));
        if let Some(qualifiers) = self.qualifiers {
            say("Qualifiers", qualifiers.to_string());
        }
        say("Level", self.level.to_string());
        say("Keywords", format!("{:#x}", self.keywords));
        if let Some(rid) = self.user {
            say("UserID", format!("S-1-5-{rid}"));
        }
        let of_datum = |datum: &Datum| {
            let name = datum.name.clone();
            datum.texts.clone().into_iter().map(move |text| (name.clone(), text))
        };
        Owned {
            kind: Kind::WindowsEvent,
            time: self.nanos,
            time_quality: TimeQuality::Exact,
            host: Some(self.computer.clone()),
            provider: Some(self.provider.clone()),
            channel: Some(self.channel.clone()),
            event_id: self.event_id.into(),
            fields: self.data.iter().flat_map(of_datum).collect(),
            envelope,
        }
    }
}

/// Writes events, several chunks of them.
pub(super) fn write(specs: &[Spec]) -> (Vec<u8>, Vec<u64>) {
    let mut writer = Writer::new();
    let mut positions = Vec::new();
    for (index, spec) in specs.iter().enumerate() {
        if index % 5 == 4 {
            writer.end_chunk();
        }
        positions.push(writer.record(&[spec.item()]));
    }
    (writer.finish(), positions)
}

proptest! {
    /// Scenario: random events, written as Windows writes them, in several chunks.
    /// Guarantees: each comes back with every member, field and value, and where it
    /// stands in the file.
    #[test]
    fn events_come_back(specs in vec(spec(), 1..24)) {
        let (file, positions) = write(&specs);
        let (seen, ledger) = read(&file, &plan_for_all());
        let expected: Vec<_> =
            positions.into_iter().zip(specs.iter().map(Spec::expected)).collect();
        prop_assert_eq!(&seen.events, &expected);
        prop_assert_eq!((ledger.decoded, ledger.damaged), (specs.len() as u64, 0));
        prop_assert_eq!(decoded(&file, true), decoded(&file, false));
    }
}

/// Scenario: a classic audit event of Windows 2003, whose data have no names.
/// Guarantees: they get the names of their successor, as in any other coat.
#[test]
fn classic_data_get_names() {
    let leaf = |name: &str, text: &str| {
        Part::Element(Element::new(name).holding([Part::Text(text.to_owned())]))
    };
    let provider = Element::new("Provider").with("Name", Part::Text("Security".to_owned()));
    let system = Element::new("System").holding([Part::Element(provider), leaf("EventID", "680")]);
    let data = Element::new("EventData").holding([leaf("Data", "MSV1_0"), leaf("Data", "user1")]);
    let event = Element::new("Event").holding([Part::Element(system), Part::Element(data)]);
    let mut writer = Writer::new();
    writer.record(&[Item::Element(event)]);
    let (seen, _) = read(&writer.finish(), &plan_for_all());
    let fields: Vec<_> = seen.events[0].1.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(fields, ["PackageName", "TargetUserName"]);
    assert_eq!(seen.events[0].1.time, crate::time::filetime(writer::WRITTEN), "the header's time");
}
