//! The time axis: a lane for each alert, as an image that needs no script.

use std::fmt::{self, Write as _};

use super::cases::{Case, Role};
use super::html::text;
use super::shape::shape;
use super::story::anchor;
use super::ticks::{Tick, ticks};
use super::words;
use crate::alert::encode::short_time;
use crate::alert::{Alert, Evidence};

/// Lanes that are drawn: more can nobody read.
pub(super) const LANES_MAX: usize = 200;

/// Units of the image, which are pixels where the window is wide enough.
const WIDTH: i32 = 1_000;
/// Free on both sides.
const MARGIN: i32 = 14;
const LANE_HEIGHT: i32 = 40;
const AXIS_HEIGHT: i32 = 38;
/// How far members stand behind the incident that they belong to.
const INDENT: i32 = 22;
const TICKS_MAX: usize = 9;
/// Evidence closer than that shares a mark: a lane has room for some hundreds.
const MARK_WIDTH: i32 = 3;
const TITLE_CHARS_MAX: usize = 110;
const HOVER_CHARS_MAX: usize = 300;

/// The least that the axis covers, so that one moment has a place on it.
const SPAN_MIN: i64 = 10_000_000_000;

/// The axis with the lanes of the first alerts.
pub(super) fn timeline(cases: &[Case<'_>]) -> String {
    let cases = cases.get(..LANES_MAX).unwrap_or(cases);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, cases, Span::of(cases));
    out
}

/// What the axis covers, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    fn of(cases: &[Case<'_>]) -> Self {
        let times = || cases.iter().flat_map(|case| seen(&case.told.alert));
        let (from, to) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        // Centred where there is next to nothing, a little air otherwise.
        let missing = (SPAN_MIN - to.saturating_sub(from)).max(0) / 2;
        let air = to.saturating_sub(from) / 50;
        let wider = missing.max(air);
        Self { from: from.saturating_sub(wider), to: to.saturating_add(wider) }
    }

    fn x(self, nanos: i64) -> i32 {
        let width = f64::from(WIDTH - 2 * MARGIN);
        let part = nanos.abs_diff(self.from) as f64 / self.to.abs_diff(self.from).max(1) as f64;
        MARGIN + (part.clamp(0.0, 1.0) * width).round() as i32
    }
}

/// First and last, in this order, whatever the guest says.
fn seen(alert: &Alert) -> [i64; 2] {
    let (one, other) = (alert.first_seen, alert.last_seen);
    [one.min(other), one.max(other)]
}

fn write(out: &mut String, cases: &[Case<'_>], span: Span) -> fmt::Result {
    let ticks = ticks(span.from, span.to, TICKS_MAX);
    // An image of its own, which stays in sight while the lanes scroll.
    writeln!(
        out,
        "<svg class=\"timeline axis\" viewBox=\"0 0 {WIDTH} {AXIS_HEIGHT}\" role=\"img\" \
         aria-label=\"{} UTC\">",
        words::span(span.from, span.to)
    )?;
    ticks.iter().try_for_each(|tick| write_tick(out, tick, span.x(tick.nanos)))?;
    let height = i32::try_from(cases.len()).unwrap_or(0) * LANE_HEIGHT;
    writeln!(
        out,
        "</svg>\n<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {height}\" role=\"group\" \
         aria-label=\"A lane for each alert\">"
    )?;
    for tick in &ticks {
        writeln!(out, "<path class=\"grid\" d=\"M{} 0V{height}\"/>", span.x(tick.nanos))?;
    }
    for (case, top) in cases.iter().zip((0..).step_by(LANE_HEIGHT as usize)) {
        write_lane(out, case, span, top)?;
    }
    out.push_str("</svg>\n");
    Ok(())
}

fn write_tick(out: &mut String, tick: &Tick, x: i32) -> fmt::Result {
    // Labels at the ends stay inside.
    let label_x = x.clamp(38, WIDTH - 38);
    writeln!(out, "<path class=\"grid\" d=\"M{x} 32V{AXIS_HEIGHT}\"/>")?;
    if let Some(day) = &tick.day {
        writeln!(out, "<text class=\"tick\" x=\"{label_x}\" y=\"13\">{day}</text>")?;
    }
    writeln!(out, "<text class=\"tick\" x=\"{label_x}\" y=\"28\">{}</text>", tick.label)
}

fn write_lane(out: &mut String, case: &Case<'_>, span: Span, top: i32) -> fmt::Result {
    let (told, alert) = (case.told, &case.told.alert);
    let is_member = case.role == Role::Member;
    let left = if is_member { MARGIN + INDENT } else { MARGIN };
    let noise = if alert.noise { " noise" } else { "" };
    let [first, last] = seen(alert);
    writeln!(
        out,
        "<a class=\"lane {severity}{noise}\" href=\"#{id}\" data-severity=\"{severity}\" data-detector=\"{detector}\">\
         <title>{title}\n{severity}{noise}, {when}</title>\n\
         <rect class=\"hit\" x=\"0\" y=\"{top}\" width=\"{WIDTH}\" height=\"{LANE_HEIGHT}\"/>",
        severity = alert.severity.name(),
        id = anchor(told),
        detector = text(&told.detector, HOVER_CHARS_MAX),
        title = text(&alert.title, HOVER_CHARS_MAX),
        when = words::span(first, last),
    )?;
    if is_member {
        let (x, y) = (MARGIN + 6, top + 14);
        writeln!(out, "<path class=\"branch\" d=\"M{x} {}V{y}h{}\"/>", top - 4, INDENT - 10)?;
    }
    writeln!(
        out,
        "{}<text class=\"label\" x=\"{}\" y=\"{}\"><tspan class=\"severity\">{}</tspan> {}</text>",
        shape(alert.severity, left + 6, top + 14),
        left + 18,
        top + 18,
        alert.severity.name(),
        shortened(&alert.title),
    )?;
    let (x, width) = (span.x(first), (span.x(last) - span.x(first)).max(4));
    let y = top + 28;
    writeln!(
        out,
        "<rect class=\"bar\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"6\" rx=\"3\"/>"
    )?;
    write_marks(out, &alert.evidence, span, top + 31)?;
    out.push_str("</a>\n");
    Ok(())
}

fn shortened(title: &str) -> String {
    let is_long = title.chars().count() > TITLE_CHARS_MAX;
    let short: String = title.chars().take(TITLE_CHARS_MAX).collect();
    let dots = if is_long { "\u{2026}" } else { "" };
    format!("{}{dots}", text(&short, TITLE_CHARS_MAX))
}

/// One mark for all evidence at one place.
fn write_marks(out: &mut String, evidence: &[Evidence], span: Span, y: i32) -> fmt::Result {
    let mut marks: Vec<(i32, &Evidence, u64)> = Vec::new();
    let mut sorted: Vec<&Evidence> = evidence.iter().collect();
    sorted.sort_by_key(|evidence| evidence.time);
    for evidence in sorted {
        let x = span.x(evidence.time.clamp(span.from, span.to));
        match marks.last_mut().filter(|(last, ..)| x - *last < MARK_WIDTH) {
            Some((_, _, more)) => *more += 1,
            None => marks.push((x, evidence, 0)),
        }
    }
    for (x, evidence, more) in marks {
        let more = if more > 0 { format!("\nand {more} more around then") } else { String::new() };
        writeln!(
            out,
            "<circle class=\"mark\" cx=\"{x}\" cy=\"{y}\" r=\"3.5\"><title>{} {}{more}</title></circle>",
            short_time(evidence.time),
            text(&evidence.summary, HOVER_CHARS_MAX)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Severity;
    use crate::record::reference;
    use crate::report::cases::Cases;
    use crate::report::examples::{NINE, SECOND, told};

    /// Scenario: a minute at nine, another an hour later, with an incident of both.
    /// Guarantees: a lane for each in the order of the stories, bars where they belong,
    /// members indented.
    #[test]
    fn a_lane_for_each_alert() {
        let mut incident = told("p", Severity::High, NINE);
        incident.alert.last_seen = NINE + 3_660 * SECOND;
        incident.alert.attributes.push(("children".into(), "a,b".into()));
        let hour = NINE + 3_600 * SECOND;
        let alerts = [told("b", Severity::Low, hour), told("a", Severity::Low, NINE), incident];
        let image = timeline(&Cases::new(&alerts, 9).shown);
        let ids: Vec<&str> =
            image.split("href=\"#a-").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(ids, ["p", "a", "b"]);
        let bars: Vec<&str> = image.lines().filter(|line| line.contains("class=\"bar\"")).collect();
        assert!(bars[0].contains("x=\"33\"") && bars[0].contains("width=\"934\""), "{bars:?}");
        assert!(bars[1].contains("x=\"33\"") && bars[1].contains("width=\"15\""), "{bars:?}");
        assert!(bars[2].contains("x=\"952\"") && bars[2].contains("width=\"15\""), "{bars:?}");
        assert_eq!(image.matches("class=\"branch\"").count(), 2);
        assert!(image.contains(">09:10</text>") && image.contains(">2026-11-20</text>"));
    }

    /// Scenario: one moment; times at the ends of what 64 bits hold, and the wrong way
    /// round; no alert; more evidence than there are places.
    /// Guarantees: everything lies inside the image, and the image is bounded.
    #[test]
    fn any_times_have_a_place() {
        let mut moment = told("a", Severity::Info, NINE);
        moment.alert.last_seen = NINE;
        assert_eq!(Span::of(&Cases::new(&[moment.clone()], 1).shown), {
            Span { from: NINE - 5 * SECOND, to: NINE + 5 * SECOND }
        });
        moment.alert.first_seen = i64::MAX;
        moment.alert.last_seen = i64::MIN;
        moment.alert.evidence = (0..10_000_i64)
            .map(|n| Evidence {
                record: reference(0, 0),
                time: i64::MIN.saturating_add(n.saturating_mul(1_844_674_407_370_955)),
                summary: String::new(),
            })
            .collect();
        let image = timeline(&Cases::new(&[moment], 1).shown);
        for attribute in [" x=\"", " cx=\""] {
            for place in image.split(attribute).skip(1) {
                let place: i32 =
                    place.split('"').next().and_then(|x| x.parse().ok()).expect("a number");
                assert!((0..=WIDTH).contains(&place), "{place}");
            }
        }
        assert!(image.matches("<circle").count() <= (WIDTH / MARK_WIDTH) as usize);
        assert!(timeline(&[]).contains("viewBox"));
        let many: Vec<_> = (0..500).map(|n| told(&format!("{n}"), Severity::Low, n)).collect();
        let image = timeline(&Cases::new(&many, 1_000).shown);
        assert_eq!(image.matches("class=\"lane").count(), LANES_MAX);
    }
}
