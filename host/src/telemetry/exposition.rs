//! The text format of Prometheus, version 0.0.4.
//!
//! Written by hand: the libraries for it either own the numbers (and want them in
//! shared registries, where ours are plain and copied at a commit) or write the newer
//! OpenMetrics, which says `counter` of a name without `_total`.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::histogram::Histogram;
use super::metrics::{Kind, Metric};

/// Samples, by the name of their metric and the values of their labels.
#[derive(Debug, Clone, Default)]
pub struct Exposition {
    families: BTreeMap<&'static str, Family>,
}

#[derive(Debug, Clone)]
struct Family {
    metric: &'static Metric,
    samples: BTreeMap<Vec<String>, Value>,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Number(f64),
    Histogram(Histogram),
}

impl Exposition {
    /// What a body of it is, for `Content-Type`.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// Adds to a sample; the labels have the order of the metric's.
    pub fn add(&mut self, metric: &'static Metric, labels: &[&str], number: f64) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        self.put(metric, labels, Value::Number(number));
    }

    /// The same for counts.
    pub fn count(&mut self, metric: &'static Metric, labels: &[&str], count: u64) {
        self.add(metric, labels, count as f64);
    }

    /// The same for histograms.
    pub fn histogram(&mut self, metric: &'static Metric, labels: &[&str], histogram: &Histogram) {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        self.put(metric, labels, Value::Histogram(*histogram));
    }

    /// Takes in what another one counted; what only says how things are is left out.
    pub fn add_counts(&mut self, other: &Self) {
        for family in other.families.values().filter(|family| family.metric.kind != Kind::Gauge) {
            for (labels, value) in &family.samples {
                self.put(family.metric, labels.clone(), *value);
            }
        }
    }

    fn put(&mut self, metric: &'static Metric, labels: Vec<String>, value: Value) {
        let family = self.families.entry(metric.name);
        let family = family.or_insert_with(|| Family { metric, samples: BTreeMap::new() });
        match (family.samples.get_mut(&labels), value) {
            (Some(Value::Number(before)), Value::Number(more)) => *before += more,
            (Some(Value::Histogram(before)), Value::Histogram(more)) => before.add(&more),
            (_, value) => drop(family.samples.insert(labels, value)),
        }
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (name, Family { metric, samples }) in &self.families {
            let (help, kind) = (escaped(metric.help, false), metric.kind.name());
            // Writing to a string does not fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in samples {
                let mut said = String::new();
                for (label, value) in metric.labels.iter().zip(labels) {
                    let comma = if said.is_empty() { "" } else { "," };
                    let _ = write!(said, "{comma}{label}=\"{}\"", escaped(value, true));
                }
                sample(&mut out, name, &said, value);
            }
        }
        out
    }
}

fn sample(out: &mut String, name: &str, labels: &str, value: &Value) {
    match value {
        Value::Number(number) => line(out, name, "", labels, *number),
        Value::Histogram(histogram) => {
            let comma = if labels.is_empty() { "" } else { "," };
            for (bound, count) in histogram.cumulative() {
                let labels = format!("{labels}{comma}le=\"{}\"", number_text(bound));
                line(out, name, "_bucket", &labels, count as f64);
            }
            line(out, name, "_sum", labels, histogram.sum_s());
            line(out, name, "_count", labels, histogram.count() as f64);
        }
    }
}

fn line(out: &mut String, name: &str, suffix: &str, labels: &str, number: f64) {
    let number = number_text(number);
    let _ = match labels.is_empty() {
        true => writeln!(out, "{name}{suffix} {number}"),
        false => writeln!(out, "{name}{suffix}{{{labels}}} {number}"),
    };
}

fn number_text(number: f64) -> String {
    match number {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        _ => number.to_string(),
    }
}

fn escaped(text: &str, is_quoted: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if is_quoted { text.replace('"', "\\\"") } else { text }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    static COUNTER: Metric = Metric {
        name: "test_things_total",
        kind: Kind::Counter,
        labels: &["source", "reason"],
        help: "Things\\ that\nhappened.",
    };
    static GAUGE: Metric =
        Metric { name: "test_level", kind: Kind::Gauge, labels: &[], help: "A level." };
    static TIMES: Metric = Metric {
        name: "test_call_seconds",
        kind: Kind::Histogram,
        labels: &["detector"],
        help: "Times.",
    };

    /// Scenario: a counter with labels that need escapes, a gauge, a histogram.
    /// Guarantees: the text is that of the format's description, to the byte.
    #[test]
    fn the_format_is_kept() {
        let mut all = Exposition::default();
        all.count(&COUNTER, &["a\"b\\c\nd", "x"], 3);
        all.add(&GAUGE, &[], -1.5);
        let mut times = Histogram::default();
        times.observe(Duration::from_millis(500));
        all.histogram(&TIMES, &["d"], &times);
        let text = all.text();
        let mut expected =
            String::from("# HELP test_call_seconds Times.\n# TYPE test_call_seconds histogram\n");
        for (bound, count) in [
            ("0.0001", 0),
            ("0.0003", 0),
            ("0.001", 0),
            ("0.003", 0),
            ("0.01", 0),
            ("0.03", 0),
            ("0.1", 0),
            ("0.3", 0),
            ("1", 1),
            ("3", 1),
            ("10", 1),
            ("30", 1),
            ("+Inf", 1),
        ] {
            let _ = writeln!(
                expected,
                "test_call_seconds_bucket{{detector=\"d\",le=\"{bound}\"}} {count}"
            );
        }
        expected += "test_call_seconds_sum{detector=\"d\"} 0.5\n\
                     test_call_seconds_count{detector=\"d\"} 1\n\
                     # HELP test_level A level.\n# TYPE test_level gauge\ntest_level -1.5\n\
                     # HELP test_things_total Things\\\\ that\\nhappened.\n\
                     # TYPE test_things_total counter\n\
                     test_things_total{source=\"a\\\"b\\\\c\\nd\",reason=\"x\"} 3\n";
        assert_eq!(text, expected);
    }

    /// Scenario: what was counted before is added to what is counted now.
    /// Guarantees: counters and histograms go on; gauges are those of now.
    #[test]
    fn counts_go_on() {
        let some = |count: u64| {
            let mut all = Exposition::default();
            all.count(&COUNTER, &["s", "r"], count);
            all.add(&GAUGE, &[], count as f64);
            let mut times = Histogram::default();
            times.observe(Duration::from_secs(count));
            all.histogram(&TIMES, &["d"], &times);
            all
        };
        let mut now = some(3);
        now.add_counts(&some(4));
        let text = now.text();
        for line in [
            "test_things_total{source=\"s\",reason=\"r\"} 7",
            "test_level 3",
            "test_call_seconds_sum{detector=\"d\"} 7",
            "test_call_seconds_count{detector=\"d\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
