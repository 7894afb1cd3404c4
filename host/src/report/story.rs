//! A story: one alert as an operator asks for it: what, who, from where, since when
//! and how often, why we think so, what to do.

use std::fmt::{self, Write as _};

use super::cases::{Case, Link, Role};
use super::evidence::{self, Records};
use super::html::text;
use super::shape::badge;
use super::words::{count_of, span};
use crate::alert::encode::grouped;
use crate::alert::{Alert, Identified};

/// Bytes of one story after which nothing more is begun: room for a hundred pieces of
/// evidence. With at most so many stories the page is bounded, whatever guests say.
const STORY_BYTES_MAX: usize = 64 * 1024;
/// Of these, what attributes may take, so that evidence has room.
const FACTS_BYTES_MAX: usize = 16 * 1024;

const TITLE_CHARS_MAX: usize = 300;
const PARAGRAPH_CHARS_MAX: usize = 5_000;
const VALUE_CHARS_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 100;
/// Members of an incident that are named.
const LINKS_MAX: usize = 100;

/// The anchor of an alert's story.
pub(super) fn anchor(told: &Identified) -> String {
    format!("a-{}", text(&told.id, NAME_CHARS_MAX))
}

/// The story as an `article`.
pub(super) fn story(case: &Case<'_>, records: &mut Records<'_>) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, case, records);
    out
}

fn write(out: &mut String, case: &Case<'_>, records: &mut Records<'_>) -> fmt::Result {
    let (told, alert) = (case.told, &case.told.alert);
    let member = if case.role == Role::Member { " member" } else { "" };
    writeln!(
        out,
        "<article class=\"story {severity}{member}\" id=\"{id}\" aria-labelledby=\"t{id}\" \
         data-severity=\"{severity}\" data-detector=\"{detector}\">\n\
         <h3 id=\"t{id}\">{badge} {title}</h3>",
        severity = alert.severity.name(),
        id = anchor(told),
        detector = text(&told.detector, NAME_CHARS_MAX),
        badge = badge(alert.severity),
        title = text(&alert.title, TITLE_CHARS_MAX),
    )?;
    write_facts(out, told)?;
    write_paragraph(out, "", &alert.description)?;
    write_paragraph(out, "What to do", &alert.remediation)?;
    write_links(out, case)?;
    evidence::write(out, told, records, STORY_BYTES_MAX)?;
    write_attributes(out, alert)?;
    out.push_str("</article>\n");
    Ok(())
}

/// Who, from where, since when, how often, who says so.
fn write_facts(out: &mut String, told: &Identified) -> fmt::Result {
    let alert = &told.alert;
    out.push_str("<dl class=\"facts\">\n");
    for (name, values) in grouped(&alert.entities) {
        if out.len() < FACTS_BYTES_MAX {
            let values = values.join(", ");
            let (name, values) =
                (text(asked(name), NAME_CHARS_MAX), text(&values, VALUE_CHARS_MAX));
            writeln!(out, "<div><dt>{name}</dt><dd><code>{values}</code></dd></div>")?;
        }
    }
    writeln!(
        out,
        "<div><dt>When</dt><dd>{}</dd></div>\n<div><dt>How often</dt><dd>{}</dd></div>",
        span(alert.first_seen, alert.last_seen),
        count_of(alert.count, "event"),
    )?;
    let noise = if alert.noise { ", noise" } else { "" };
    let (rule, confidence) = (format!("{}.{}", told.detector, alert.rule), alert.confidence.name());
    writeln!(
        out,
        "<div><dt>Rule</dt><dd><code>{}</code>, confidence {confidence}{noise}</dd></div>",
        text(&rule, NAME_CHARS_MAX)
    )?;
    if !alert.attack.is_empty() {
        let ids = alert.attack.join(", ");
        let ids = text(&ids, VALUE_CHARS_MAX);
        writeln!(out, "<div><dt>ATT&amp;CK</dt><dd><code>{ids}</code></dd></div>")?;
    }
    out.push_str("</dl>\n");
    Ok(())
}

/// The question that an entity answers; its name, where there is none.
fn asked(entity: &str) -> &str {
    match entity {
        "user" => "Who",
        "src_ip" => "From address",
        "device" => "From device",
        "host" => "Host",
        "connector" => "Connector",
        "tenant" => "Tenant",
        "message_id" => "Message",
        other => other,
    }
}

fn write_paragraph(out: &mut String, heading: &str, said: &str) -> fmt::Result {
    if said.trim().is_empty() {
        return Ok(());
    }
    if !heading.is_empty() {
        writeln!(out, "<h4>{heading}</h4>")?;
    }
    writeln!(out, "<p class=\"said\">{}</p>", text(said.trim(), PARAGRAPH_CHARS_MAX))
}

/// The members of an incident, or the incidents of a member.
fn write_links(out: &mut String, case: &Case<'_>) -> fmt::Result {
    if case.links.is_empty() {
        return Ok(());
    }
    let is_incident = case.role == Role::Incident;
    let heading = if is_incident { "Alerts of this incident" } else { "Part of" };
    writeln!(out, "<h4>{heading}</h4>\n<ul class=\"links\">")?;
    for Link { told, is_shown } in case.links.iter().take(LINKS_MAX) {
        let (badge, title) = (badge(told.alert.severity), text(&told.alert.title, TITLE_CHARS_MAX));
        match is_shown {
            true => writeln!(out, "<li>{badge} <a href=\"#{}\">{title}</a></li>", anchor(told))?,
            false => writeln!(out, "<li>{badge} {title} (only counted here)</li>")?,
        }
    }
    out.push_str("</ul>\n");
    match case.links.len().saturating_sub(LINKS_MAX) {
        0 => Ok(()),
        hidden => {
            writeln!(out, "<p class=\"note\">and {} more</p>", count_of(hidden as u64, "alert"))
        }
    }
}

/// Everything else that the rule reports, and the labels.
fn write_attributes(out: &mut String, alert: &Alert) -> fmt::Result {
    let kinds = [("attribute", &alert.attributes), ("label", &alert.labels)];
    let rows = kinds.into_iter().flat_map(|(kind, pairs)| {
        grouped(pairs).into_iter().map(move |(name, values)| (kind, name, values.join(", ")))
    });
    let rows: Vec<(&str, &str, String)> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    let count = count_of(rows.len() as u64, "detail");
    writeln!(
        out,
        "<details class=\"attributes\"><summary>{count}</summary>\n<table>\n\
         <thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Value</th></tr></thead>\n<tbody>"
    )?;
    let bytes_max = out.len() + FACTS_BYTES_MAX;
    let mut hidden = 0;
    for (kind, name, values) in &rows {
        if out.len() >= bytes_max {
            hidden += 1;
            continue;
        }
        let (name, values) = (text(name, NAME_CHARS_MAX), text(values, VALUE_CHARS_MAX));
        let kind = if *kind == "label" { " (label)" } else { "" };
        writeln!(out, "<tr><th scope=\"row\">{name}{kind}</th><td>{values}</td></tr>")?;
    }
    out.push_str("</tbody>\n</table>\n");
    if hidden > 0 {
        writeln!(out, "<p class=\"note\">{} not shown</p>", count_of(hidden, "detail"))?;
    }
    out.push_str("</details>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Evidence, Severity};
    use crate::record::{Sources, reference};
    use crate::report::cases::Cases;
    use crate::report::examples::{NINE, told};
    use crate::report::excerpt::Excerpts;
    use crate::source::Input;

    fn page_of(alerts: &[Identified], log: &'static [u8]) -> Vec<String> {
        let inputs = [Input::Memory("dc01.log", log)];
        let sources = Sources::new(vec!["dc01.log".into()]);
        let mut records = Records { sources: &sources, excerpts: Excerpts::new(&inputs) };
        Cases::new(alerts, 100).shown.iter().map(|case| story(case, &mut records)).collect()
    }

    /// Scenario: an alert with all that it can say.
    /// Guarantees: each question of an operator has its answer, with the record itself.
    #[test]
    fn a_story_answers() {
        let mut told = told("00ff", Severity::High, NINE);
        told.alert.entities.push(("src_ip".into(), "10.1.2.3".into()));
        told.alert.entities.push(("src_ip".into(), "10.1.2.4".into()));
        told.alert.attributes.push(("period_s".into(), "60".into()));
        told.alert.labels.push(("site".into(), "x".into()));
        let story = page_of(&[told], b"one\ntwo <2>\nthree\n").concat();
        for part in [
            "id=\"a-00ff\"",
            "Title of 00ff</h3>",
            "<dt>Who</dt><dd><code>erika</code>",
            "<dt>From address</dt><dd><code>10.1.2.3, 10.1.2.4</code>",
            "2026-11-20 09:00:00 to 09:01:00 (1 min)",
            "7 events",
            "<code>lockout.T1</code>, confidence high",
            "T1110.001",
            "Do this.",
            "<code class=\"place\">dc01.log@4</code>",
            "<pre>\ntwo &lt;2&gt;</pre>",
            "period_s</th><td>60<",
            "site (label)</th><td>x<",
        ] {
            assert!(story.contains(part), "{part}: {story}");
        }
    }

    /// Scenario: a guest that says megabytes in every place.
    /// Guarantees: a story is bounded, and says that it left something out.
    #[test]
    fn a_story_is_bounded() {
        let long = "<\u{202e}".repeat(500_000);
        let many = "<\u{202e}".repeat(2_000);
        let mut told = told("00ff", Severity::High, NINE);
        let alert = &mut told.alert;
        alert.title.clone_from(&long);
        alert.description.clone_from(&long);
        alert.remediation.clone_from(&long);
        alert.attack = vec![long.clone()];
        alert.entities = (0..20).map(|n| (format!("{n}"), long.clone())).collect();
        alert.attributes = (0..1_000).map(|n| (format!("{n}"), many.clone())).collect();
        alert.evidence = vec![Evidence { record: reference(0, 0), time: 0, summary: many }; 500];
        let story = page_of(&[told], b"x\n").concat();
        assert!(story.len() < 4 * STORY_BYTES_MAX, "{}", story.len());
        assert!(story.contains("[cut here") && story.contains("pieces of evidence are not shown"));
        assert!(story.contains("details not shown"));
    }
}
