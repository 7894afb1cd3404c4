//! Going on elsewhere, and going on after a silence.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Scenario: any log, cut into chunks of any sizes; between them its state goes
    /// through bytes to another reader.
    /// Guarantees: law 4's half - the same matches, probes, damage and accounts.
    #[test]
    fn resuming_is_invisible((format, log) in any_log(), sizes in proptest::collection::vec(1_usize..5_000, 1..6)) {
        for prefilter in [false, true] {
            let plan = Plan::new(interest(), prefilter);
            let whole = read(&log, &plan, Some(format), &[usize::MAX]);
            let mut before = Ledger::default();
            let restart = |stream: Stream<'_>| {
                before += stream.ledger();
                let bytes = postcard::to_allocvec(&stream.state()).unwrap();
                let state = postcard::from_bytes(&bytes).unwrap();
                Stream::resume(&plan, state, Zones::all_in(jiff::tz::TimeZone::UTC))
            };
            let (seen, mut ledger) =
                read_with(&log, &plan, Some(format), &sizes, |_, _, _| 0, restart);
            ledger += before;
            prop_assert_eq!(&whole, &(seen, ledger));
        }
    }

    /// Scenario: any log whose frames show their ends, silent after every chunk.
    /// Guarantees: the same matches and damage; nothing but probes is added.
    #[test]
    fn silence_only_adds_probes((format, log) in any_log(), sizes in proptest::collection::vec(1_usize..5_000, 1..6)) {
        prop_assume!(!matches!(
            recognize(log.as_bytes(), Some(format)).framing,
            Framing::DatedLines | Framing::WindowsBlocks | Framing::Mbox
        ));
        for prefilter in [false, true] {
            let plan = Plan::new(interest(), prefilter);
            let (whole, whole_ledger) = read(&log, &plan, Some(format), &[usize::MAX]);
            let flush = |stream: &mut Stream<'_>, rest: &[u8], recorder: &mut Recorder<'_>| {
                stream.flush(rest, recorder)
            };
            let (seen, ledger) =
                read_with(&log, &plan, Some(format), &sizes, flush, |stream| stream);
            prop_assert_eq!(&whole.matched, &seen.matched);
            // With the scan, a probe may be damaged that would have been passed over.
            prop_assert!(whole.damaged.iter().all(|damaged| seen.damaged.contains(damaged)));
            prop_assert!(prefilter || whole.damaged == seen.damaged);
            prop_assert_eq!(whole_ledger.bytes_in, ledger.bytes_in);
            prop_assert!(whole.probes.iter().all(|probe| seen.probes.contains(probe)));
        }
    }
}

/// Scenario: records that only the next one's beginning ends, then silence.
/// Guarantees: what ends with its line is taken at once, what does not waits.
#[test]
fn silence_ends_records() {
    let row = "2026-11-20T09:14:03.000Z,EX\\C,08DE,1,a:25,b:5,>,550 5.7.1 no,\r\n";
    let fields = "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n";
    let plan = Plan::new(interest(), true);
    let log = [fields, row, row].concat();
    for (half, expected) in [(0, 2), (5, 1)] {
        let text = &log.as_bytes()[..log.len() - half];
        let origin = Origin {
            reference_nanos: 0,
            zones: Zones::all_in(jiff::tz::TimeZone::UTC),
            encoding: Encoding::Utf8,
        };
        let mut stream = Stream::new(&plan, recognize(text, None), origin);
        let mut recorder = Recorder { plan: &plan, seen: Seen::default() };
        let consumed = stream.feed(text, false, &mut recorder);
        stream.flush(&text[consumed..], &mut recorder);
        assert_eq!(recorder.seen.matched.len(), expected);
    }
}
