//! Cutting, chunk by chunk.

use proptest::prelude::*;

use super::*;

const FRAMINGS: [Framing; 3] = [Framing::Lines, Framing::DatedLines, Framing::EventXml];

/// Those that are only walked through.
const WALKED: [Framing; 4] =
    [Framing::Lines, Framing::DatedLines, Framing::EventXml, Framing::Mbox];

/// All frames of a buffer, walked from its beginning.
fn walk(framing: Framing, buf: &[u8]) -> Vec<(usize, Frame)> {
    let mut frames = Vec::new();
    let mut from = 0;
    while let Ok(start) = framing.start_at_or_after(buf, from) {
        let frame = framing.frame_at(buf, start, true);
        let next = match &frame {
            Frame::Complete { next, .. } | Frame::Broken { next, .. } => *next,
            Frame::Incomplete => panic!("a frame at the end of the stream is never incomplete"),
        };
        assert!(next > start, "a frame goes forward");
        frames.push((start, frame));
        from = next;
    }
    frames
}

fn contents(framing: Framing, buf: &str) -> Vec<String> {
    let content = |(_, frame)| match frame {
        Frame::Complete { content, .. } => buf[content].to_owned(),
        other => format!("{other:?}"),
    };
    walk(framing, buf.as_bytes()).into_iter().map(content).collect()
}

/// Scenario: lines with every ending, and none at the end.
/// Guarantees: the content is the line, without its ending.
#[test]
fn lines_are_cut() {
    assert_eq!(contents(Framing::Lines, "a\r\n\nb\nc"), ["a", "", "b", "c"]);
    assert!(contents(Framing::Lines, "").is_empty());
}

/// Scenario: a tabular log with a cell that spans lines.
/// Guarantees: what does not start with a date belongs to the record before.
#[test]
fn undated_lines_continue_the_record() {
    let log = "#Fields: a\n2026-11-20T09:00:00Z,\"x\ny\"\n2026-11-20T09:00:01Z,z\n";
    assert_eq!(
        contents(Framing::DatedLines, log),
        ["#Fields: a", "2026-11-20T09:00:00Z,\"x\ny\"", "2026-11-20T09:00:01Z,z"]
    );
    assert_eq!(contents(Framing::DatedLines, "junk\n2026-11-20,a"), ["junk", "2026-11-20,a"]);
    let quoted = "\"2026-11-20\",\"a\n\"\nb\n\"2026-11-21\"\n";
    assert_eq!(
        contents(Framing::DatedLines, quoted),
        ["\"2026-11-20\",\"a\n\"\nb", "\"2026-11-21\""]
    );
}

/// Scenario: events in a row, with a wrapper, garbage, and one cut off.
/// Guarantees: each event is a frame; the one cut off holds the next start.
#[test]
fn events_are_found_wherever_they_stand() {
    let xml = "<?xml?><Events>\n<Event xmlns='x'><EventID>1</EventID></Event><Event>2</Event> junk\n\
               <Event\n>3</Event></Events>";
    assert_eq!(
        contents(Framing::EventXml, xml),
        ["<Event xmlns='x'><EventID>1</EventID></Event>", "<Event>2</Event>", "<Event\n>3</Event>"]
    );
    let cut = contents(Framing::EventXml, "<Event>1<Event>2</Event><Event>3");
    assert_eq!(cut[0], "<Event>1<Event>2</Event>");
    assert!(cut[1].contains("Truncated"));
    assert_eq!(event_xml::start_inside(cut[0].as_bytes()), Some(8));
}

/// Scenario: an array of pretty-printed objects with braces inside strings.
/// Guarantees: each element is a frame.
#[test]
fn elements_of_an_array_are_frames() {
    let json = "[\n {\"a\": \"}\\\"{\", \"b\": [1, {}]},\n {\"c\": 2}\n]\n";
    assert_eq!(
        contents(Framing::JsonDocument, json),
        ["{\"a\": \"}\\\"{\", \"b\": [1, {}]}", "{\"c\": 2}"]
    );
}

/// Scenario: a mailbox with protected and unprotected `From ` lines, and a mail longer
/// than any record.
/// Guarantees: only a `From ` line with a clock behind an empty line begins a mail;
/// of the long one the beginning is its frame, and the next mail is not lost.
#[test]
fn mails_of_a_mailbox_are_frames() {
    let mails = [
        "From a Fri Nov 20 10:12:09 2026\nS: 1\n\n>From x\nFrom y 10:10\n\n",
        "From b Fri Nov 20 10:12:09 2026\r\nS: 2\r\n\r\nFrom here on\r\n\r\n",
        &format!("From c Fri Nov 20 10:12:09 2026\nS: 3\n\n{}\n\n", "x\n".repeat(FRAME_BYTES_MAX)),
        "From d Fri Nov 20 10:12:09 2026\nS: 4\n",
    ];
    let found = contents(Framing::Mbox, &mails.concat());
    assert_eq!(found.len(), 4);
    for (found, mail) in found.iter().zip(mails) {
        assert!(mail.starts_with(found) && (found.len() == mail.len() || found.len() > 1_000_000));
    }
}

/// Scenario: a line just within the limit and one just beyond.
/// Guarantees: the limit is exact, and the next line is not lost.
#[test]
fn too_long_lines_are_broken() {
    let log = format!("{}\n{}\nok\n", "a".repeat(FRAME_BYTES_MAX), "b".repeat(FRAME_BYTES_MAX + 1));
    let frames = walk(Framing::Lines, log.as_bytes());
    assert!(matches!(frames[0].1, Frame::Complete { .. }));
    assert!(matches!(frames[1].1, Frame::Broken { reason: Broken::TooLong, .. }));
    assert!(matches!(frames[2].1, Frame::Complete { .. }));
}

fn any_log() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<Event>"),
        Just("<Event xmlns='x'>"),
        Just("</Event>"),
        Just("<EventID>4740</EventID>"),
        Just("<Even"),
        Just("2026-11-20T09:14:03Z,"),
        Just("2026-11-2"),
        Just("#Fields: a"),
        Just("\n"),
        Just("\r\n"),
        Just("x"),
        Just("\""),
        Just("From a 09:14\n"),
        Just("\n\n"),
        Just("From "),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Scenario: any text, entered at any byte.
    /// Guarantees: from inside a frame the way back leads to its start, or to a
    /// later start inside it; what starts there is found when walking as well.
    #[test]
    fn starts_are_the_same_from_anywhere(log in any_log(), at in any::<prop::sample::Index>()) {
        let buf = log.as_bytes();
        for framing in FRAMINGS {
            let frames = walk(framing, buf);
            let at = at.index(buf.len().max(1));
            let Some((start, _)) = frames.iter().rfind(|(start, _)| *start <= at) else { continue };
            let found = framing.start_at_or_before(buf, at);
            prop_assert!(found >= Some(*start), "{framing:?} {found:?} {start}");
            let found = found.unwrap_or_default();
            prop_assert_eq!(framing.start_at_or_after(buf, found), Ok(found));
        }
    }

    /// Scenario: any text, of which only a part has arrived.
    /// Guarantees: a frame seen complete stays the same when more arrives.
    #[test]
    fn complete_frames_stay(log in any_log(), cut in any::<prop::sample::Index>()) {
        let buf = log.as_bytes();
        let part = &buf[..cut.index(buf.len() + 1)];
        for framing in WALKED {
            let mut from = 0;
            while let Ok(start) = framing.start_at_or_after(part, from) {
                let frame = framing.frame_at(part, start, false);
                let Frame::Complete { next, .. } = frame else { break };
                prop_assert_eq!(&framing.frame_at(buf, start, true), &frame);
                from = next;
            }
        }
    }
}
