//! Values as Windows writes them in Event XML.

use proptest::prelude::*;

use super::text::Text;
use super::writer::{Element, Item, Part, Value, Writer, utf16};
use super::*;
use crate::event::Event;

fn text_of(kind: u8, bytes: &[u8]) -> Result<String, &'static str> {
    let arena = Bump::new();
    let text = value::text(kind, bytes, &arena).map_err(|Broken(reason)| reason)?;
    Ok(String::from_utf8(text.utf8(&arena).to_vec()).unwrap())
}

/// Scenario: a value of every type, and the odd ones among them.
/// Guarantees: the text that Windows renders.
#[test]
fn every_type_has_its_text() {
    let guid = [
        0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xA5, 0xBA, 0x3E, 0x3B, 0x03, 0x28, 0xC3,
        0x0D,
    ];
    let sid = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    let systemtime = [2_026_u16, 11, 5, 20, 9, 14, 3, 118].map(u16::to_le_bytes).concat();
    let ticks = |ticks: u64| ticks.to_le_bytes();
    for (kind, bytes, text) in [
        (kind::NULL, &[1, 2][..], ""),
        (kind::STRING, &utf16("a\u{1}b\0c"), "a_b"),
        (kind::STRING, &[b'a', 0, 0x00, 0xD8, b'b'], "a_"),
        (kind::STRING, &utf16("\t\r\n\u{1f600}\u{fffe}"), "\t\r\n\u{1f600}_"),
        (kind::ANSI_STRING, b"caf\xE9 \x80\x01\0", "caf\u{e9} \u{20ac}_"),
        (kind::INT8, &[0xFF], "-1"),
        (kind::INT64, &i64::MIN.to_le_bytes(), "-9223372036854775808"),
        (kind::UINT64, &u64::MAX.to_le_bytes(), "18446744073709551615"),
        (kind::REAL32, &1.5_f32.to_le_bytes(), "1.5"),
        (kind::BOOL, &[1, 0, 0, 0], "true"),
        (kind::BOOL, &[6, 0, 0, 0], "6"),
        (kind::BINARY, &[0x0A, 0xFF], "0AFF"),
        (kind::GUID, &guid, "{54849625-5478-4994-a5ba-3e3b0328c30d}"),
        (kind::SIZE_T, &[0x10, 0, 0, 0], "0x10"),
        (kind::FILETIME, &ticks(132_606_416_930_992_210), "2021-03-19T15:34:53.0992210Z"),
        (kind::FILETIME, &ticks(u64::MAX), "0000-00-00T00:00:00.0000000Z"),
        (kind::SYSTEMTIME, &systemtime, "2026-11-20T09:14:03.1180000Z"),
        (kind::SYSTEMTIME, &[0; 16], "1601-01-01T00:00:00.0000000Z"),
        (kind::SID, &sid, "S-1-5-32-544"),
        (kind::HEX_INT32, &0xC000_006D_u32.to_le_bytes(), "0xc000006d"),
        (kind::HEX_INT64, &0x8010_0000_0000_0000_u64.to_le_bytes(), "0x8010000000000000"),
        (kind::HEX_INT64, &[0; 8], "0x0"),
        (kind::UINT16 | kind::ARRAY, &[1, 0, 2, 0], "1,2"),
        (kind::STRING | kind::ARRAY, &utf16("a\0\0b"), "a,,b"),
        (kind::BOOL | kind::ARRAY, &[1, 0, 0, 0, 8, 0, 0, 0], "1,8"),
    ] {
        assert_eq!(text_of(kind, bytes).as_deref(), Ok(text), "{kind:#x} {bytes:?}");
        assert_eq!(text_of(kind, b"").as_deref(), Ok(""), "a value without bytes says nothing");
    }
    for (kind, bytes) in [(kind::UINT32, &[1, 2][..]), (kind::SID, &sid[..9]), (kind::GUID, b"x")] {
        assert_eq!(text_of(kind, bytes), Err("a value is shorter than its type"));
    }
    assert!(text_of(0x20, b"x").is_err() && text_of(kind::BINARY | kind::ARRAY, b"x").is_err());
}

/// Scenario: an array that ends inside of its first item.
/// Guarantees: programs and the general way both see an element without a text.
#[test]
fn an_array_may_have_no_whole_item() {
    let data = Element::new("Data").holding([Part::Value(0)]);
    let section = Element::new("EventData").holding([Part::Element(data)]);
    let event = Element::new("Event").holding([Part::Element(section)]);
    let mut writer = Writer::new();
    writer.record(&[Item::Instance(event, vec![Value::Bytes(kind::INT32 | kind::ARRAY, vec![7])])]);
    let file = writer.finish();
    let events = decoded(&file, false);
    assert_eq!(events[0].as_ref().unwrap().fields, [("Data".to_owned(), String::new())]);
    assert_eq!(events, decoded(&file, true));
}

proptest! {
    /// Scenario: the time of an event from ticks, and from the text of these ticks.
    /// Guarantees: the same time, or none for both.
    #[test]
    fn ticks_are_times(ticks in 0_u64..2_650_000_000_000_000_000, at_an_end in 0_usize..3) {
        // The first and the last year that times in text can have, give or take a day.
        let day = number::DAY_TICKS;
        let ticks = match at_an_end {
            0 => 28_123 * day + ticks % (2 * day),
            1 => 241_424 * day + ticks % (2 * day),
            _ => ticks,
        };
        let arena = Bump::new();
        let time = |event: &Event<'_>| (event.time, event.time_quality);
        let mut direct = output::Output::new(&arena);
        direct.begin(b"");
        direct.time(ticks);
        let mut by_text = output::Output::new(&arena);
        by_text.begin(b"");
        by_text.time_text(Text::Plain(number::filetime(ticks, &arena))).unwrap();
        prop_assert_eq!(time(&direct.event), time(&by_text.event));
    }

    /// Scenario: strings of any units and lengths, in which a few are odd.
    /// Guarantees: what a plain reading, unit by unit, gives.
    #[test]
    fn strings_read_as_unit_by_unit(
        length in 0_usize..80,
        odd in proptest::collection::vec((any::<prop::sample::Index>(), any::<u16>()), 0..3),
    ) {
        let mut units = vec![u16::from(b'x'); length];
        for (at, unit) in odd {
            if length > 0 {
                units[at.index(length)] = unit;
            }
        }
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let text = units.split(|unit| *unit == 0).next().unwrap();
        let expected: String = char::decode_utf16(text.iter().copied())
            .map(|c| match c {
                Ok('\t' | '\r' | '\n') => c.unwrap(),
                Ok('\0'..' ' | '\u{fffe}' | '\u{ffff}') | Err(_) => '_',
                Ok(c) => c,
            })
            .collect();
        prop_assert_eq!(text_of(kind::STRING, &bytes), Ok(expected));
    }
}
