//! Streams of messages, cut as senders cut them.

use super::*;
use proptest::prelude::*;

const MAX: usize = 100;

fn framer(framing: Framing, on_long_message: OnLongMessage) -> Framer {
    let limits = Limits { message_bytes_max: MAX, on_long_message, ..Limits::default() };
    Framer::new(framing, &limits, &Budget::new(1 << 20))
}

/// The messages of a stream that comes in portions and then ends.
fn cut<'a>(framing: Framing, portions: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Tally) {
    let mut framer = framer(framing, OnLongMessage::Cut);
    let mut out = Pending::default();
    for portion in portions {
        framer.push(portion, &mut out);
    }
    framer.finish(&mut out);
    assert!(framer.held.is_empty(), "nothing is left behind");
    (lines(&mut out), framer.take_tally())
}

fn lines(out: &mut Pending) -> Vec<String> {
    let batch = out.take(&Arc::from("s"), None, 0);
    let text = String::from_utf8_lossy(&batch.bytes).into_owned();
    assert_eq!(text.lines().count(), batch.messages as usize);
    text.lines().map(str::to_owned).collect()
}

/// Scenario: lines and counted messages, mixed, with wrong counts and empty lines.
/// Guarantees: each message comes out once; a wrong count costs no other message.
#[test]
fn both_framings_are_cut() {
    for (text, expected, wrong_counts) in [
        ("<1>a\n<1>b\r\n\n\0<1>c", vec!["<1>a", "<1>b", "<1>c"], 0),
        ("5 <1>ab6 <1>abc", vec!["<1>ab", "<1>abc"], 0),
        ("5 <1>ab\n5 <1>cd\r\n<1>e\n", vec!["<1>ab", "<1>cd", "<1>e"], 0),
        ("8 <1>a\nb\n\n<1>c\n", vec!["<1>a  b", "<1>c"], 0),
        ("3 apples\n<1>b\n2026 was a year\n", vec!["3 apples", "<1>b", "2026 was a year"], 0),
        ("999999999999 x\n<1>b", vec!["999999999999 x", "<1>b"], 0),
        ("0 <1>a\n", vec!["0 <1>a"], 0),
        ("4 <1>h\u{e9}llo5 <1>ab", vec!["<1>h\u{e9}llo", "<1>ab"], 1),
        ("90 <1>ab\n5 <1>cd\n", vec!["<1>ab", "<1>cd"], 1),
        ("90 <1>ab6 <1>cdx\n5 <1>ef", vec!["<1>ab", "<1>cdx", "<1>ef"], 1),
        ("999999999 <1>ab\n5 <1>cd\n", vec!["<1>ab", "<1>cd"], 1),
        ("16 <1>2", vec!["<1>2"], 1),
        (" <1>a\n", vec![" <1>a"], 0),
    ] {
        let (found, tally) = cut(Framing::Auto, [text.as_bytes()]);
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(tally.wrong_counts, wrong_counts, "{text:?}");
    }
}

/// Scenario: framings that an operator fixes.
/// Guarantees: digits are text in lines, counts need no priority in `octet`, NUL ends
/// a message only in `nul`.
#[test]
fn fixed_framings_are_kept() {
    for (framing, text, expected) in [
        (Framing::Lf, "5 <1>ab\n5 <1>cd\n", vec!["5 <1>ab", "5 <1>cd"]),
        (Framing::Nul, "<1>a\nb\0<1>c\0", vec!["<1>a  b", "<1>c"]),
        (Framing::Octet, "3 abc3 xyz", vec!["abc", "xyz"]),
        (Framing::Octet, "junk\n3 abc", vec!["junk", "abc"]),
    ] {
        assert_eq!(cut(framing, [text.as_bytes()]).0, expected, "{text:?}");
    }
}

/// Scenario: messages longer than allowed, as a line, as a counted message, and as a
/// count that lies.
/// Guarantees: they are cut (or dropped) and counted; what stands around is kept.
#[test]
fn long_messages_are_cut() {
    let long = "x".repeat(3 * MAX);
    let text = format!("<1>a\n<1>{long}\n<1>b\n{} <1>{long}\n<1>c\n", long.len() + 3);
    for portion in [1, 7, 1_000] {
        let (found, tally) = cut(Framing::Auto, text.as_bytes().chunks(portion));
        let beginning = format!("<1>{}", "x".repeat(MAX - 3));
        assert_eq!(found, ["<1>a", &beginning, "<1>b", &beginning, "<1>c"], "{portion}");
        assert_eq!((tally.messages, tally.cut), (5, 2));
    }
    let mut framer = framer(Framing::Auto, OnLongMessage::Drop);
    let mut out = Pending::default();
    framer.push(text.as_bytes(), &mut out);
    assert_eq!(lines(&mut out), ["<1>a", "<1>b", "<1>c"]);
    assert_eq!(framer.take_tally(), Tally { messages: 5, dropped_long: 2, ..Tally::default() });
    let many = "<1>b\n".repeat(MAX);
    let (found, tally) = cut(Framing::Auto, [format!("5000 <1>a\n{many}").as_bytes()]);
    assert_eq!((found.len(), tally.wrong_counts), (MAX + 1, 1));
}

/// Scenario: a counted message that is whole, and half of one, then silence.
/// Guarantees: the whole one does not wait for the next; the half one does.
#[test]
fn silence_settles_what_is_whole() {
    let mut framer = framer(Framing::Auto, OnLongMessage::Cut);
    let mut out = Pending::default();
    framer.push(b"5 <1>ab", &mut out);
    assert!(out.is_empty() && framer.is_inside());
    framer.settle(&mut out);
    assert_eq!(lines(&mut out), ["<1>ab"]);
    assert!(!framer.is_inside());
    framer.push(b"5 <1>c", &mut out);
    framer.settle(&mut out);
    assert!(out.is_empty() && framer.is_inside());
    framer.push(b"d<1>e\n", &mut out);
    assert_eq!(lines(&mut out), ["<1>cd", "<1>e"]);
}

/// Scenario: more is unfinished than all connections together may hold.
/// Guarantees: the message is cut there, and the next line is whole again.
#[test]
fn a_message_without_room_is_cut() {
    let limits = Limits::default();
    let mut framer = Framer::new(Framing::Auto, &limits, &Budget::new(0));
    let mut out = Pending::default();
    framer.push(&[b'x'; 10_000], &mut out);
    framer.push(b"yy\n<1>b\n", &mut out);
    assert_eq!(lines(&mut out), ["x".repeat(10_000).as_str(), "<1>b"]);
    assert_eq!(framer.take_tally().cut, 1);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z0-9 <>]{0,40}".prop_map(|text| format!("<13>{text}\n").into_bytes()),
        "[a-z0-9 <>\n]{1,40}".prop_map(|text| format!("{} <13>{text}", text.len() + 4).into()),
        (0..60_usize, "[a-z]{1,30}").prop_map(|(n, text)| format!("{n} <1>{text}").into()),
        "[a-z]{90,300}\n".prop_map(String::into_bytes),
        (90..400_usize).prop_map(|n| format!("{n} <1>{}", "y".repeat(n - 3)).into_bytes()),
        prop::collection::vec(any::<u8>(), 0..20),
        Just(b"\r\n".to_vec()),
        Just(b"\0".to_vec()),
    ]
}

proptest! {
    /// Scenario: streams of good, wrong and long messages and garbage, in any portions.
    /// Guarantees: the same messages and counts whatever the portions.
    #[test]
    fn portions_are_invisible(
        pieces in prop::collection::vec(piece(), 0..20),
        portion in 1..50_usize,
        framing in prop_oneof![
            Just(Framing::Auto), Just(Framing::Octet), Just(Framing::Lf), Just(Framing::Nul)
        ],
    ) {
        let stream = pieces.concat();
        let whole = cut(framing, [stream.as_slice()]);
        prop_assert_eq!(cut(framing, stream.chunks(portion)), whole);
    }

    /// Scenario: well-formed messages in both framings, mixed.
    /// Guarantees: each comes out once and unaltered.
    #[test]
    fn good_messages_are_unaltered(
        messages in prop::collection::vec(("[a-zA-Z\u{e9}0-9 :]{0,80}", any::<bool>()), 0..20),
        portion in 1..200_usize,
    ) {
        let messages: Vec<_> = messages
            .into_iter()
            .map(|(text, is_counted)| (format!("<13>1 {}", text.trim_end()), is_counted))
            .filter(|(text, _)| text.len() <= MAX)
            .collect();
        let stream: String = messages
            .iter()
            .map(|(text, is_counted)| match is_counted {
                true => format!("{} {text}", text.len()),
                false => format!("{text}\n"),
            })
            .collect();
        let (found, tally) = cut(Framing::Auto, stream.as_bytes().chunks(portion));
        let expected: Vec<_> = messages.into_iter().map(|(text, _)| text).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!((tally.wrong_counts, tally.cut), (0, 0));
    }
}
