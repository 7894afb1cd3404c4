//! Event XML as another parser reads it.

use proptest::collection::vec;
use proptest::prelude::*;
use quick_xml::events::{BytesStart, Event as Part};
use quick_xml::{Reader, XmlVersion};

use super::*;

/// A piece of text: plain, a reference, a section, a comment, an instruction.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[ -%'-;=?-~é😀]{0,8}".prop_map(|text| text.replace("]]>", "")),
        2 => "&(lt|gt|amp|apos|quot|#65|#x41|#x1F600|#10|#9);",
        1 => "[ -~é]{0,8}".prop_map(|text| format!("<![CDATA[{}]]>", text.replace("]]>", ""))),
        1 => "[ -,.-~é]{0,8}".prop_map(|text| format!("<!--{text}-->")),
        1 => "[ ->@-~]{0,8}".prop_map(|text| format!("<?x {text}?>")),
    ];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// The inside of an attribute that stands in `quote`.
fn attribute(
    name: &'static str,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    (value, any::<bool>(), "(=| =|= | = )").prop_map(move |(value, is_single, equals)| {
        let quote = if is_single { '\'' } else { '"' };
        format!("{name}{equals}{quote}{}{quote}", value.replace(quote, ""))
    })
}

fn attribute_text() -> impl Strategy<Value = String> {
    vec(prop_oneof!["[ -%'-;=>-~é]{1,6}", "&(lt|gt|amp|apos|quot|#65|#x41);"], 0..3)
        .prop_map(|pieces| pieces.concat())
}

/// Attributes in any order, with blanks of any kind before each.
fn shuffled(attributes: Vec<BoxedStrategy<String>>) -> impl Strategy<Value = String> {
    let spaced = attributes.into_iter().map(|attribute| {
        (prop::sample::select(vec![" ", "\n\t", "  "]), attribute)
            .prop_map(|(space, attribute)| format!("{space}{attribute}"))
    });
    spaced.collect::<Vec<_>>().prop_shuffle().prop_map(|attributes| attributes.concat())
}

fn data() -> impl Strategy<Value = String> {
    let attributes = shuffled(vec![
        attribute("Name", attribute_text()).boxed(),
        attribute("Type", attribute_text()).boxed(),
        attribute("x:Type", attribute_text()).boxed(),
    ]);
    let element = (attributes, text(), "[ \n]?", any::<bool>());
    element.prop_map(|(attributes, text, space, is_empty)| {
        if is_empty {
            format!("<Data{attributes}{space}/>")
        } else {
            format!("<Data{attributes}{space}>{text}</Data{space}>")
        }
    })
}

/// What stands between elements and says nothing.
fn between() -> impl Strategy<Value = String> {
    "(|\n  |<!-- > <Data> ' -->|<\\?x > y\\?>)"
}

fn event() -> impl Strategy<Value = String> {
    let provider = shuffled(vec![
        attribute("Name", attribute_text()).boxed(),
        attribute("Guid", attribute_text()).boxed(),
    ]);
    let elements = vec((between(), data()).prop_map(|(gap, data)| gap + &data), 0..6);
    (provider, text(), any::<u16>(), elements, between()).prop_map(
        |(provider, channel, id, elements, gap)| {
            let elements = elements.concat();
            format!(
                "<Event xmlns='x' xmlns:x='y'>{gap}<System><Provider{provider}/>{gap}\
                 <EventID>{id}</EventID><Channel>{channel}</Channel></System>{gap}\
                 <EventData>{elements}{gap}</EventData></Event>"
            )
        },
    )
}

fn name(element: &BytesStart<'_>) -> String {
    let name = element.try_get_attribute("Name").unwrap().unwrap();
    name.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned()
}

/// Provider, channel, and data, as `quick-xml` reads them.
fn theirs(xml: &str) -> (String, String, Vec<(String, String)>) {
    let mut reader = Reader::from_str(xml);
    let (mut provider, mut channel, mut fields) = (String::new(), String::new(), Vec::new());
    let (mut open, mut text) = (String::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Part::Start(element) => {
                text.clear();
                if element.name().as_ref() == "Data" {
                    open = name(&element);
                }
            }
            Part::Empty(element) => match element.name().as_ref() {
                "Provider" => provider = name(&element),
                _ => fields.push((name(&element), String::new())),
            },
            Part::Text(part) => text.push_str(&part),
            Part::CData(part) => text.push_str(&part),
            Part::GeneralRef(part) => match part.resolve_char_ref().unwrap() {
                Some(c) => text.push(c),
                None => {
                    let known = quick_xml::escape::resolve_predefined_entity(&part);
                    text.push_str(known.unwrap());
                }
            },
            Part::End(element) => match element.name().as_ref() {
                "Channel" => channel = text.clone(),
                "Data" => fields.push((open.clone(), text.clone())),
                _ => {}
            },
            Part::Eof => return (provider, channel, fields),
            Part::Comment(_) | Part::PI(_) | Part::Decl(_) | Part::DocType(_) => {}
        }
    }
}

proptest! {
    /// Scenario: any well-formed event: attributes in any order and quotes, references,
    /// sections, comments and instructions inside of text and between elements.
    /// Guarantees: the provider, channel and data that `quick-xml` reads.
    #[test]
    fn another_parser_reads_the_same(xml in event()) {
        let (provider, channel, fields) = theirs(&xml);
        let (_, mut all) = read(&xml).unwrap();
        prop_assert_eq!(all.len(), 1);
        let ours = all.remove(0);
        prop_assert_eq!(ours.provider, provider);
        // Blanks around a member of the System block are layout.
        prop_assert_eq!(ours.channel.trim(), channel.trim());
        prop_assert_eq!(ours.fields, fields);
    }
}
