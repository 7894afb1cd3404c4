//! Splunk's HTTP event collector, with indexer acknowledgement.
//!
//! Source: Splunk, "Format events for HTTP Event Collector", "About HTTP Event
//! Collector Indexer Acknowledgment", "Troubleshoot HTTP Event Collector" (codes).

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, Client, Meaning};
use super::message::Message;
use super::worker::{Delivery, Pace, Transport, Verdict};
use crate::config::{Encoding, Sink, SplunkHecSink};
use crate::hash::hex;
use crate::problem::Problem;

/// Waits between two questions whether a batch is indexed, in milliseconds.
const POLL_FIRST: Duration = Duration::from_millis(100);
const POLL_MAX: Duration = Duration::from_secs(5);
const NANOS_PER_S: i64 = 1_000_000_000;

/// The status of a body that must be sent in parts.
const CONTENT_TOO_LARGE: u16 = 413;

/// Codes that speak of the events: no data, invalid data format, event field
/// missing, event field blank, wrong indexed fields.
const REFUSING_CODES: [u64; 5] = [5, 6, 12, 13, 15];

/// One collector.
pub(super) struct SplunkHec {
    client: Client,
    config: SplunkHecSink,
    url: String,
    /// Ids of acknowledgements count within a channel.
    channel: String,
    is_json: bool,
}

impl SplunkHec {
    pub(super) fn new(sink: &Sink, config: &SplunkHecSink) -> Result<Self, Problem> {
        let channel = channel(&sink.name);
        let headers = vec![
            ("authorization".to_owned(), format!("Splunk {}", config.token.read()?)),
            ("x-splunk-request-channel".to_owned(), channel.clone()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let url = config.url.read()?;
        Ok(Self {
            client: Client::new(sink, headers)?,
            config: config.clone(),
            url: format!("{}/services/collector", url.trim_end_matches('/')),
            channel,
            is_json: matches!(sink.encoding, Encoding::Ndjson | Encoding::Ecs | Encoding::Ocsf),
        })
    }

    fn event(&self, message: &Message) -> String {
        let event = match self.is_json {
            true => serde_json::from_str(&message.text).unwrap_or(Value::Null),
            false => Value::from(message.text.as_str()),
        };
        let time = message.told.alert.time;
        let (s, nanos) = (time.div_euclid(NANOS_PER_S), time.rem_euclid(NANOS_PER_S));
        let mut envelope = json!({
            "time": format!("{s}.{:03}", nanos / 1_000_000),
            "source": "logwasp",
            "sourcetype": self.config.sourcetype,
            "event": event,
        });
        if let Some(index) = &self.config.index {
            envelope["index"] = index.as_str().into();
        }
        envelope.to_string()
    }

    /// Waits until the indexers have what an id stands for.
    fn wait_until_indexed(&self, ack_id: u64, pace: &dyn Pace) -> Result<(), String> {
        let url = format!("{}/ack?channel={}", self.url, self.channel);
        let question = json!({"acks": [ack_id]}).to_string();
        let (mut waited, mut wait) = (Duration::ZERO, POLL_FIRST);
        while waited < self.config.ack_timeout {
            if !pace.pause(wait) {
                return Err("ended before the indexers had it".to_owned());
            }
            waited += wait;
            wait = (wait * 2).min(POLL_MAX);
            let answer = self.client.post(&url, &[], question.as_bytes())?;
            if answer.meaning() != Meaning::Delivered {
                return Err(answer.reason());
            }
            let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            if parsed["acks"][ack_id.to_string().as_str()] == Value::Bool(true) {
                return Ok(());
            }
        }
        Err("the indexers did not acknowledge it in time".to_owned())
    }

    fn confirmed(&self, answer: &Answer, pace: &dyn Pace) -> Verdict {
        if !self.config.ack {
            return Verdict::Delivered;
        }
        let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(ack_id) = parsed.get("ackId").and_then(Value::as_u64) else {
            let reason = "no acknowledgement id: the token has no indexer acknowledgement; \
                          enable it there, or write `ack = false`";
            return Verdict::Retry(reason.to_owned());
        };
        match self.wait_until_indexed(ack_id, pace) {
            Ok(()) => Verdict::Delivered,
            Err(reason) => Verdict::Retry(reason),
        }
    }
}

impl SplunkHec {
    fn send(&self, batch: &[Message], pace: &dyn Pace) -> Delivery {
        let body: String = batch.iter().map(|message| self.event(message)).collect();
        let url = format!("{}/event", self.url);
        let answer = match self.client.post(&url, &[], body.as_bytes()) {
            Ok(answer) => answer,
            Err(error) => return Delivery::all(batch.len(), Verdict::Retry(error)),
        };
        if answer.status == CONTENT_TOO_LARGE && batch.len() > 1 {
            let (first, second) = batch.split_at(batch.len() / 2);
            let mut delivery = self.send(first, pace);
            delivery.verdicts.extend(self.send(second, pace).verdicts);
            return delivery;
        }
        let verdicts = match answer.meaning() {
            Meaning::Delivered => vec![self.confirmed(&answer, pace); batch.len()],
            Meaning::Retry => vec![Verdict::Retry(answer.reason()); batch.len()],
            Meaning::Refused => refused(&answer, batch.len()),
        };
        Delivery { verdicts, retry_after: answer.retry_after }
    }
}

impl Transport for SplunkHec {
    fn deliver(&mut self, batch: &[Message], pace: &dyn Pace) -> Delivery {
        self.send(batch, pace)
    }
}

/// The peer names the first event that it does not want; those before it were
/// taken or not, so they go again.
fn refused(answer: &Answer, count: usize) -> Vec<Verdict> {
    let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let code = parsed.get("code").and_then(Value::as_u64);
    let retry = Verdict::Retry(answer.reason());
    if !code.is_some_and(|code| REFUSING_CODES.contains(&code))
        && answer.status != CONTENT_TOO_LARGE
    {
        return vec![retry; count];
    }
    let number = parsed.get("invalid-event-number").and_then(Value::as_u64);
    let culprit = match number.and_then(|number| usize::try_from(number).ok()) {
        Some(number) if number < count => Some(number),
        _ => (count == 1).then_some(0),
    };
    let mut verdicts = vec![retry; count];
    if let Some(verdict) = culprit.and_then(|culprit| verdicts.get_mut(culprit)) {
        *verdict = Verdict::Refused(answer.reason());
    }
    verdicts
}

/// A GUID of our own: of this sink, in this process.
fn channel(sink: &str) -> String {
    use sha2::{Digest, Sha256};
    let seed = format!("{sink} {} {}", std::process::id(), crate::clock::now_nanos());
    let digits = hex(&Sha256::digest(seed.as_bytes()));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    let parts = parts.map(|part| digits.get(part).unwrap_or_default().to_owned());
    parts.join("-")
}
