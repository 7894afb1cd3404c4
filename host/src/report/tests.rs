//! The whole page: hostile texts, the same bytes, bounds.

use super::examples::{NINE, SECOND, told};
use super::{Report, page};
use crate::alert::{Evidence, Identified, Severity};
use crate::pipeline::{Finding, Outcome, Stats};
use crate::problem::Problem;
use crate::record::{Sources, reference};
use crate::source::Input;

fn outcome(alerts: Vec<Identified>, name: &str) -> Outcome {
    Outcome {
        alerts,
        sources: Sources::new(vec![name.to_owned()]),
        stats: Stats::default(),
        faulted: Vec::new(),
        findings: Vec::new(),
        log: Vec::new(),
        reasons: Vec::new(),
        problems: Vec::new(),
    }
}

fn page_of(outcome: &Outcome, inputs: &[Input], alerts_max: usize, made_nanos: i64) -> String {
    let report = Report { outcome, inputs, problems: &[], alerts_max, made_nanos };
    let mut out = Vec::new();
    page::write(&mut out, &report).expect("in memory");
    String::from_utf8(out).expect("UTF-8")
}

/// What an attacker would like to write, with a mark to find it by.
const ATTACKS: [&str; 6] = [
    "<script>zap()</script>",
    "</pre></style></title><img src=x onerror=zap()>",
    "\"><svg onload=zap()>",
    "' onmouseover='zap()",
    "--><!--<![CDATA[<zap>",
    "\u{202e}\u{0}\u{2028}<zap>&lt;zap>",
];

/// Scenario: every text of an alert, the name of an input, the raw record, a damaged
/// record and a problem hold markup.
/// Guarantees: the page has exactly the elements that harmless texts give it.
#[test]
fn no_text_becomes_markup() {
    let pages = |attack: &'static str| {
        let said = || attack.to_owned();
        let mut told = told("00ff", Severity::High, NINE);
        told.detector = said();
        let alert = &mut told.alert;
        (alert.title, alert.description, alert.remediation, alert.rule) =
            (said(), said(), said(), said());
        alert.entities = vec![(said(), said()), ("user".into(), said())];
        alert.attributes = vec![(said(), said())];
        alert.labels = vec![(said(), said())];
        alert.attack = vec![said()];
        alert.evidence = vec![Evidence { record: reference(0, 0), time: NINE, summary: said() }];
        let mut other = told.clone();
        other.id = "00fe".into();
        let mut outcome = outcome(vec![told, other], attack);
        outcome.findings.push(Finding::Unrecognised { name: said() });
        outcome.findings.push(Finding::Damaged {
            reason: "cut off",
            place: said(),
            sample: said(),
        });
        outcome.problems.push(Problem::new(said()).at(said()));
        let inputs = [Input::Memory("x", attack.as_bytes())];
        [page_of(&outcome, &inputs, 2, 0), page_of(&outcome, &inputs, 0, 0)]
    };
    let shape = |page: &String| {
        let tags = page
            .split('<')
            .skip(1)
            .map(|tag| tag.split([' ', '>', '\n']).next().unwrap_or_default());
        (tags.map(str::to_owned).collect::<Vec<_>>(), page.matches('"').count())
    };
    let harmless = pages("x").each_ref().map(shape);
    for attack in ATTACKS {
        let pages = pages(attack);
        // A NUL makes a record binary: its raw text is not shown.
        if !attack.contains('\0') {
            assert_eq!(pages.each_ref().map(shape), harmless, "{attack}");
        }
        for page in pages {
            assert!(!page.contains("<zap") && !page.contains('\0') && !page.contains('\u{202e}'));
        }
    }
}

/// Scenario: one outcome, told twice; and a second later.
/// Guarantees: the same bytes, but for the time in one place.
#[test]
fn the_same_outcome_gives_the_same_bytes() {
    let alerts = (0..50).map(|n| told(&format!("{n:04}"), Severity::ALL[n % 5], NINE + n as i64));
    let outcome = outcome(alerts.collect(), "a.log");
    let inputs = [Input::Memory("a.log", b"one\ntwo\n")];
    let page = |made| page_of(&outcome, &inputs, 20, made);
    assert_eq!(page(NINE), page(NINE));
    assert_ne!(page(NINE), page(NINE + SECOND));
    assert_eq!(page(NINE).matches("2026-11-20 09:00:00</time> by logwasp").count(), 1);
    let later =
        page(NINE + SECOND).replace("09:00:01</time> by logwasp", "09:00:00</time> by logwasp");
    assert_eq!(page(NINE), later);
}

/// Scenario: no alert; one; as many as are told; one more; and far more.
/// Guarantees: stories up to the limit, the rest in a table, no dead link.
#[test]
fn the_number_of_stories_is_bounded() {
    for count in [0, 1, 3, 4, 1_000] {
        let alerts = (0..count).map(|n| told(&format!("{n:04}"), Severity::Low, NINE));
        let page = page_of(&outcome(alerts.collect(), "a"), &[], 3, 0);
        let stories = page.matches("<article").count();
        assert_eq!(stories, count.min(3));
        assert_eq!(page.matches("class=\"lane").count(), stories);
        assert_eq!(page.contains(&format!("{} more, by detector", count_text(count))), count > 3);
        for link in page.split("href=\"#a-").skip(1) {
            let id = link.split('"').next().expect("an id");
            assert!(page.contains(&format!("id=\"a-{id}\"")), "{id}");
        }
    }
}

fn count_text(count: usize) -> String {
    super::words::count_of(count.saturating_sub(3) as u64, "alert")
}

/// Scenario: a run that lacks nothing; one with an input that is missing and more
/// damage than is told one by one.
/// Guarantees: each kind with its whole count, what is grave unfolded.
#[test]
fn what_the_page_may_lack_is_said() {
    let mut outcome = outcome(Vec::new(), "a.log");
    assert!(!page_of(&outcome, &[], 1, 0).contains("may lack"));
    outcome.problems.push(Problem::new("it cannot be read").at("b.log"));
    let place = |n: u64| Finding::Damaged {
        reason: "cut off",
        place: format!("a.log@{n}"),
        sample: String::new(),
    };
    outcome.findings = (0..50).map(place).collect();
    outcome.stats.ledger.damaged = 5_000;
    let page = page_of(&outcome, &[], 1, 0);
    for part in [
        "What this page may lack",
        "<details open><summary>Inputs that could not be read to their end: 1</summary>",
        "<li>b.log: it cannot be read</li>",
        "<details><summary>Damaged records: 5,000</summary>",
        "<li>a.log@0: cut off</li>",
        "<li>and 4,980 more</li>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

/// Scenario: the colours of both modes.
/// Guarantees: text stands out at least 4.5 to 1 on page and cards (WCAG 2.2, 1.4.3).
#[test]
fn colours_have_contrast() {
    let style = include_str!("style.css");
    let (light, dark) = style.split_once("prefers-color-scheme: dark").expect("both modes");
    for mode in [light, dark] {
        let colour = |name: &str| {
            let rest = mode.split(&format!("--{name}: #")).nth(1).expect(name);
            let rgb = rest.split(';').next().and_then(|rgb| u32::from_str_radix(rgb, 16).ok());
            luminance(rgb.expect("a colour"))
        };
        for name in ["text", "quiet", "link", "info", "low", "medium", "high", "critical"] {
            for ground in ["page", "card"] {
                let (one, other) = (colour(name), colour(ground));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{name} on {ground}: {contrast}");
            }
        }
    }
}

/// Relative luminance, WCAG 2.2.
fn luminance(rgb: u32) -> f64 {
    let part = |shift: u32| {
        let value = f64::from(rgb >> shift & 0xff) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}
