//! Damage, one kind at a time, and files that want to keep us busy.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::round_trip::{Spec, spec, write};
use super::writer::{Element, Item, Part, Value, Writer};
use super::*;
use header::{CHUNK_BYTES, FILE_HEADER_BYTES};

/// Events that are the same in each run.
fn specs(count: usize) -> Vec<Spec> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| spec().new_tree(&mut runner).unwrap().current()).collect()
}

/// What reading gives after a change: positions of events, and damage.
fn after(
    mut file: Vec<u8>,
    change: impl FnOnce(&mut Vec<u8>),
) -> (Vec<u64>, Vec<(u64, &'static str)>) {
    change(&mut file);
    laws::check(&file, &[70_000], true).unwrap();
    let (seen, ledger) = read(&file, &plan_for_all());
    assert_eq!(ledger.damaged as usize, seen.damaged.len());
    (seen.events.into_iter().map(|(position, _)| position).collect(), seen.damaged)
}

/// Scenario: the header of the file is overwritten, or missing.
/// Guarantees: all records are read; damage is counted only where bytes are damaged.
#[test]
fn a_file_needs_no_header() {
    let (file, positions) = write(&specs(9));
    let (events, damaged) = after(file.clone(), |file| file[..100].fill(7));
    assert_eq!((&events, damaged), (&positions, vec![(0, "the file header is damaged")]));
    let (events, damaged) = after(file, |file| drop(file.drain(..FILE_HEADER_BYTES)));
    let moved: Vec<_> = positions.iter().map(|at| at - FILE_HEADER_BYTES as u64).collect();
    assert_eq!((events, damaged), (moved, vec![]));
    assert_eq!(after(Vec::new(), |_| {}), (vec![], vec![]));
    let cut = after(b"ElfFile\0 and no more".to_vec(), |_| {});
    assert_eq!(cut.1, [(0, "the file ends inside its header")]);
}

/// Scenario: the beginning of a chunk is overwritten, and that of the file as well.
/// Guarantees: its records are read all the same, and the chunks around it.
#[test]
fn a_chunk_needs_no_magic() {
    let (file, positions) = write(&specs(9));
    let second = FILE_HEADER_BYTES + CHUNK_BYTES;
    for bytes in [1, 200] {
        let (events, damaged) = after(file.clone(), |file| file[second..second + bytes].fill(0xEE));
        assert_eq!(events, positions);
        assert_eq!(damaged, [(second as u64, "no chunk starts where one should")]);
    }
    let (events, damaged) = after(file, |file| file[..FILE_HEADER_BYTES + 8].fill(0xEE));
    assert_eq!((events, damaged.len()), (positions, 2));
}

/// Scenario: bytes are missing in the middle of a chunk, or too many are there.
/// Guarantees: what stands before them and in the chunks behind is read.
#[test]
fn chunks_are_found_where_they_are() {
    let (file, positions) = write(&specs(14));
    let cut = positions[2] as usize + 10;
    let (events, damaged) = after(file.clone(), |file| drop(file.drain(cut..cut + 40)));
    let moved = |by: i64| positions.iter().map(move |at| at.wrapping_add_signed(by));
    // Behind the gap, what a record of this chunk refers to is not where it says.
    let expected: Vec<_> = positions[..2].iter().copied().chain(moved(-40).skip(4)).collect();
    assert_eq!(events, expected);
    assert_eq!(damaged.len(), 2, "{damaged:?}");

    let second = FILE_HEADER_BYTES + CHUNK_BYTES;
    let (events, damaged) = after(file, |file| {
        file.splice(second..second, [0xEE; 1_000]);
    });
    let expected: Vec<_> = positions[..4].iter().copied().chain(moved(1_000).skip(4)).collect();
    assert_eq!(events, expected);
    assert_eq!(damaged, [(second as u64, "bytes that belong to no chunk")]);
}

/// Scenario: the magic or the size of a record is overwritten.
/// Guarantees: that one is damage, all others are read.
#[test]
fn one_record_is_lost_alone() {
    let (file, positions) = write(&specs(9));
    for (offset, reason) in
        [(0, "no record starts where one should"), (4, "the two sizes of a record differ")]
    {
        for lost in 1..3 {
            let at = positions[lost] as usize + offset;
            let (events, damaged) = after(file.clone(), |file| file[at] ^= 0x55);
            let mut expected = positions.clone();
            expected.remove(lost);
            assert_eq!((events, damaged), (expected, vec![(positions[lost], reason)]));
        }
    }
}

/// Scenario: the file ends inside a record, between two, and in the free space.
/// Guarantees: everything before is read; the loss is counted once.
#[test]
fn a_cut_is_counted_once() {
    let (file, positions) = write(&specs(4));
    let inside = positions[2] as usize + 30;
    let (events, damaged) = after(file.clone(), |file| file.truncate(inside));
    assert_eq!(
        (events.len(), damaged),
        (2, vec![(positions[2], "the two sizes of a record differ")])
    );
    let between = positions[2] as usize;
    let (events, damaged) = after(file.clone(), |file| file.truncate(between));
    assert_eq!((events.len(), damaged), (2, vec![(positions[2], "the chunk is cut off")]));
    let (events, damaged) = after(file, |file| file.truncate(FILE_HEADER_BYTES + 60_000));
    assert_eq!((events.len(), damaged), (4, vec![]));
}

/// Scenario: a zeroed chunk, zeros at the end, old records in the free space, a free
/// space that begins later than the header says, wrong links and checksums.
/// Guarantees: nothing of it is damage, and no old record is read.
#[test]
fn free_space_is_no_damage() {
    let (file, positions) = write(&specs(9));
    let second = FILE_HEADER_BYTES + CHUNK_BYTES;
    let (events, damaged) = after(file.clone(), |file| {
        file.splice(second..second, std::iter::repeat_n(0, CHUNK_BYTES));
        file.extend([0; 5_000]);
    });
    assert_eq!((events.len(), damaged), (9, vec![]));
    let old = (positions[0] as usize, positions[1] as usize);
    let (events, damaged) = after(file.clone(), |file| {
        file.copy_within(old.0..old.1, FILE_HEADER_BYTES + 50_000);
    });
    assert_eq!((&events, damaged), (&positions, vec![]));
    let chunk = FILE_HEADER_BYTES;
    let (events, damaged) = after(file, |file| {
        let last_id = 99_u64.to_le_bytes();
        file[chunk + 32..chunk + 40].copy_from_slice(&last_id);
        file[chunk + 48..chunk + 52].copy_from_slice(&60_000_u32.to_le_bytes());
        file[chunk + 52..chunk + 56].fill(0xEE);
        file[chunk + 124..chunk + 128].fill(0xEE);
    });
    assert_eq!((&events, damaged), (&positions, vec![]));
}

/// Scenario: the header of a chunk that was not updated for the last records, and one
/// that says nothing sensible.
/// Guarantees: records that carry on the count are read.
#[test]
fn a_header_may_lag_behind() {
    let (file, positions) = write(&specs(4));
    let chunk = FILE_HEADER_BYTES;
    let (events, damaged) = after(file.clone(), |file| {
        let free_space = positions[2] as u32 - FILE_HEADER_BYTES as u32;
        file[chunk + 32..chunk + 40].copy_from_slice(&2_u64.to_le_bytes());
        file[chunk + 48..chunk + 52].copy_from_slice(&free_space.to_le_bytes());
    });
    assert_eq!((&events, damaged), (&positions, vec![]));
    let (events, damaged) = after(file, |file| file[chunk + 8..chunk + 128].fill(0xEE));
    assert_eq!((&events, damaged), (&positions, vec![]));
}

/// Scenario: streams that are broken in one place: tokens, names, templates, values.
/// Guarantees: a reason for each, and the record behind is read.
#[test]
fn broken_streams_have_reasons() {
    let leaf = |name: &str| Element::new(name).holding([Part::Value(0)]);
    let template = Element::new("Event").holding([Part::Element(leaf("EventData"))]);
    let value = Value::string("x");
    let mut writer = Writer::new();
    let broken = writer.record(&[Item::Instance(template, vec![value])]);
    writer.end_chunk();
    let good = writer.record(&[Item::Element(Element::new("Event"))]);
    let file = writer.finish();
    // Behind the header of the record: four bytes of stream header, then token,
    // version, number and reference of the instance, and the definition.
    let instance = broken as usize + 28;
    let definition = instance + 10;
    let root = definition + 24 + 4;
    for (at, bytes, reason) in [
        (instance, &[0x1F][..], "an unknown token"),
        (instance + 6, &[0xFF; 4], "a template lies outside of the chunk"),
        (instance + 6, &[0, 1, 0, 0], "a template is missing"),
        (definition + 20, &[0xFF; 4], "a token is cut off"),
        (root, &[0x1F], "an unknown token"),
        (root, &[0x04], "elements do not nest"),
        (root + 7, &[0xFF; 4], "a name lies outside of the chunk"),
    ] {
        let (events, damaged) =
            after(file.clone(), |file| file[at..at + bytes.len()].copy_from_slice(bytes));
        assert_eq!((events, damaged), (vec![good], vec![(broken, reason)]), "{at}");
    }
    let size = file.windows(6).position(|bytes| bytes == [1, 0, 0, 0, 2, 0]).unwrap() + 4;
    let (_, damaged) = after(file, |file| file[size] = 200);
    assert_eq!(damaged, [(broken, "values run past the record")]);
}

/// Scenario: names whose links go in circles, and templates likewise.
/// Guarantees: links are for those who look things up; the record is read.
#[test]
fn links_are_not_followed() {
    let (file, positions) = write(&specs(2));
    let (events, damaged) = after(file, |file| {
        let chunk = &mut file[FILE_HEADER_BYTES..];
        // References to what follows right behind them: to names and definitions.
        for at in 512..chunk.len() - 8 {
            let here = (at as u32 + 4).to_le_bytes();
            if chunk[at..at + 4] == here {
                chunk[at + 4..at + 8].copy_from_slice(&here);
            }
        }
    });
    assert_eq!((events, damaged), (positions, vec![]));
}

/// A record of an instance whose values hold instances of the same template.
fn nested(template: &Element, depth: usize, leaf: &Value) -> Item {
    let value = match depth {
        0 => leaf.clone(),
        _ => Value::Stream(vec![nested(template, depth - 1, leaf)]),
    };
    Item::Instance(template.clone(), vec![value])
}

/// Scenario: records that would come to far more than their own size: values inside
/// values, used twice each; arrays that multiply; a long value that is used a
/// thousand times; streams inside streams; a long name that a thousand elements share.
/// Guarantees: each is damage, at once, and the record behind it is read.
#[test]
fn repetition_is_bounded() {
    let twice = Element::new("Foo").holding([Part::Value(0), Part::Value(0)]);
    let strings: Vec<u8> = [b'x', 0, 0, 0].repeat(32);
    let array = Value::Bytes(kind::STRING | kind::ARRAY, strings);
    let six = Element::new("Data").holding(vec![Part::Value(0); 6]);
    let many = (0..1_500).map(|_| Part::Element(Element::new("Data").holding([Part::Value(0)])));
    let long = Value::string(&"y".repeat(3_000));
    let name = "n".repeat(3_000);
    let children = vec![Part::Element(Element::new(&name)); 1_000];
    let named = Element::new("Outer").holding(children);
    let event = |value: Value| {
        let data = Element::new("EventData").holding([Part::Value(0)]);
        let event = Element::new("Event").holding([Part::Element(data)]);
        Item::Instance(event, vec![value])
    };
    let stream = |item: Item| Value::Stream(vec![item]);
    let cases = [
        event(stream(nested(&twice, 30, &long))),
        event(stream(Item::Instance(
            Element::new("Outer").holding([Part::Element(six)]),
            vec![array],
        ))),
        event(stream(Item::Instance(Element::new("Outer").holding(many), vec![long.clone()]))),
        event(stream(nested(&Element::new("Foo").holding([Part::Value(0)]), 80, &long))),
        event(stream(Item::Element(named.clone()))),
        event(stream(Item::Instance(named, vec![]))),
    ];
    for case in cases {
        let mut writer = Writer::new();
        let bad = writer.record(std::slice::from_ref(&case));
        let good = writer.record(&[Item::Element(Element::new("Event"))]);
        let (seen, _) = read(&writer.finish(), &plan_for_all());
        assert_eq!(seen.events.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [good]);
        assert_eq!(seen.damaged.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [bad]);
    }
}

/// Scenario: a definition inside of another one.
/// Guarantees: nobody can make us read the same bytes again and again.
#[test]
fn definitions_do_not_overlap() {
    let text = Part::Text("x".repeat(64));
    let template = Element::new("Event").holding([text]);
    let mut writer = Writer::new();
    let position = writer.record(&[Item::Instance(template, vec![])]);
    let mut file = writer.finish();
    let chunk = &mut file[FILE_HEADER_BYTES..];
    // Another instance's head inside the text.
    let inside = chunk.windows(4).position(|bytes| bytes == b"x\0x\0").unwrap() + 20;
    chunk[inside..inside + 2].copy_from_slice(&[0x0C, 1]);
    chunk[inside + 6..inside + 10].copy_from_slice(&(inside as u32 + 10).to_le_bytes());
    chunk.copy_within(inside + 2..inside + 6, inside + 14);
    let (seen, _) = read(&file, &plan_for_all());
    assert_eq!(seen.damaged, [(position, "templates overlap")]);
}
