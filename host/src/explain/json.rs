//! The explanation for programs: one JSON object a line, each with its `type`.

use logwasp_core::time::to_rfc3339;
use serde_json::{Map, Value, json};

use super::survey::{NearMiss, SeenRecord, Sighted, Watched};
use super::{Asked, Explanation, rule_name, words};
use crate::alert::encode::ndjson;
use crate::record::Sources;

/// The lines, without line ends: `input`, then for each detector its `subscription`s
/// with their `record`s and `near_miss`es, its `decision`s, `alert`s and `verdict`.
pub fn json(explanation: &Explanation<'_>) -> Vec<String> {
    let mut lines = vec![input(explanation)];
    for asked in explanation.detectors {
        subscriptions(&mut lines, asked, explanation);
        decisions(&mut lines, asked, explanation);
        verdict(&mut lines, asked, explanation);
    }
    lines.iter().map(Value::to_string).collect()
}

fn input(explanation: &Explanation<'_>) -> Value {
    let report = explanation.report;
    let formats: Map<String, Value> =
        report.formats.iter().map(|(f, count)| (f.name().to_owned(), (*count).into())).collect();
    let kinds: Map<String, Value> =
        report.kinds.iter().map(|(k, count)| (k.name().to_owned(), (*count).into())).collect();
    let ids: Map<String, Value> =
        report.event_ids.iter().map(|(id, count)| (id.to_string(), (*count).into())).collect();
    let entities = explanation.entities.0.iter();
    let entities: Vec<Value> =
        entities.map(|entity| json!({"name": entity.name, "value": entity.written})).collect();
    json!({
        "type": "input", "formats": formats, "kinds": kinds, "event_ids": ids,
        "entities": entities,
    })
}

fn subscriptions(lines: &mut Vec<Value>, asked: &Asked, explanation: &Explanation<'_>) {
    let report = explanation.report;
    let sources = &explanation.outcome.sources;
    let of_detector = report.watched.iter().zip(&report.sighted);
    for (watched, sighted) in of_detector.filter(|(watched, _)| watched.detector == asked.name) {
        let conditions: Vec<String> = watched.spec.all_of.iter().map(words::condition).collect();
        let of_kind = report.kinds.get(&watched.subscription.kind).copied().unwrap_or_default();
        lines.push(json!({
            "type": "subscription", "detector": asked.name, "number": watched.number,
            "kind": watched.spec.kind, "conditions": conditions, "columns": watched.spec.columns,
            "searched": words::searched(watched, report.formats.keys().copied()),
            "of_kind": of_kind, "matched": sighted.matched, "named": sighted.named,
        }));
        lines.extend(sighted.records.values().map(|seen| record(watched, seen, sources)));
        lines.extend(near_misses(watched, sighted, sources));
    }
}

fn record(watched: &Watched, seen: &SeenRecord, sources: &Sources) -> Value {
    json!({
        "type": "record", "detector": watched.detector, "subscription": watched.number,
        "time": seen.time.map(to_rfc3339), "source": sources.resolve(seen.record),
        "columns": cells(seen),
    })
}

fn cells(seen: &SeenRecord) -> Map<String, Value> {
    let present = seen.cells.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    present.map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}

fn near_misses(watched: &Watched, sighted: &Sighted, sources: &Sources) -> Vec<Value> {
    let miss = |(condition, near): (&usize, &NearMiss)| {
        let condition = watched.spec.all_of.get(*condition).map(words::condition);
        json!({
            "type": "near_miss", "detector": watched.detector, "subscription": watched.number,
            "condition": condition, "count": near.count,
            "first": {
                "time": near.first.time.map(to_rfc3339),
                "source": sources.resolve(near.first.record), "value": cells(&near.first),
            },
        })
    };
    sighted.near.iter().map(miss).collect()
}

fn decisions(lines: &mut Vec<Value>, asked: &Asked, explanation: &Explanation<'_>) {
    let of_detector = explanation.outcome.reasons.iter().filter(|(name, _)| *name == asked.name);
    for (rule, key, told) in of_detector.flat_map(|(_, reasons)| reasons.subjects()) {
        for reason in told.kept() {
            let entities = &explanation.entities;
            if entities.any_in(key) || entities.any_in(&reason.text) {
                lines.push(json!({
                    "type": "decision", "detector": asked.name,
                    "rule": rule_name(&asked.name, rule), "key": key,
                    "time": to_rfc3339(reason.time), "reason": reason.text,
                    "times": reason.times, "told_in_all": told.count,
                }));
            }
        }
    }
}

fn verdict(lines: &mut Vec<Value>, asked: &Asked, explanation: &Explanation<'_>) {
    let incidents = explanation.incidents_of(&asked.name);
    for told in &incidents {
        let alert: Value = serde_json::from_str(&ndjson(told, &explanation.outcome.sources))
            .unwrap_or(Value::Null);
        lines.push(json!({"type": "alert", "detector": asked.name, "alert": alert}));
    }
    lines.push(json!({
        "type": "verdict", "detector": asked.name, "silent": incidents.is_empty(),
        "incidents": incidents.len(),
        "incidents_of_others": explanation.incidents_count(&asked.name) - incidents.len(),
        "explains_itself": asked.explains_itself,
    }));
}
