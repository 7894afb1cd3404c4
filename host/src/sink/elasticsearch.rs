//! Elasticsearch or OpenSearch, by the bulk API.
//!
//! The document's id is the alert's, its version the revision, by
//! `version_type=external`: a repeat is a version conflict, and a conflict means
//! that the peer has it. An older revision that comes late changes nothing.
//!
//! Source: Elasticsearch reference, "Bulk API" and "Index API, external versioning".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http::{Answer, Client, Meaning, meaning};
use super::message::Message;
use super::worker::{Delivery, Pace, Transport, Verdict};
use crate::config::{ElasticsearchSink, Sink};
use crate::problem::Problem;

/// The status of a version conflict.
const CONFLICT: u64 = 409;

/// One cluster.
pub(super) struct Elasticsearch {
    client: Client,
    url: String,
    index: String,
}

impl Elasticsearch {
    pub(super) fn new(sink: &Sink, config: &ElasticsearchSink) -> Result<Self, Problem> {
        let mut headers = vec![("content-type".to_owned(), "application/x-ndjson".to_owned())];
        headers.extend(authorization(config)?.map(|value| ("authorization".to_owned(), value)));
        let url = config.url.read()?;
        Ok(Self {
            client: Client::new(sink, headers)?,
            url: format!("{}/_bulk", url.trim_end_matches('/')),
            index: config.index.clone(),
        })
    }

    /// Sends a batch; halves it when the peer refuses it as a whole, until the alert
    /// is alone that the peer does not want.
    fn send(&self, batch: &[Message]) -> Delivery {
        let body: String = batch.iter().map(|message| lines(&self.index, message)).collect();
        let answer = match self.client.post(&self.url, &[], body.as_bytes()) {
            Ok(answer) => answer,
            Err(error) => return Delivery::all(batch.len(), Verdict::Retry(error)),
        };
        if answer.meaning() == Meaning::Refused && batch.len() > 1 {
            let (first, second) = batch.split_at(batch.len() / 2);
            let mut delivery = self.send(first);
            let rest = self.send(second);
            delivery.verdicts.extend(rest.verdicts);
            delivery.retry_after = delivery.retry_after.max(rest.retry_after);
            return delivery;
        }
        let verdicts = match answer.meaning() {
            Meaning::Delivered => item_verdicts(&answer, batch.len()),
            Meaning::Retry | Meaning::Refused => vec![answer.verdict(); batch.len()],
        };
        Delivery { verdicts, retry_after: answer.retry_after }
    }
}

impl Transport for Elasticsearch {
    fn deliver(&mut self, batch: &[Message], _: &dyn Pace) -> Delivery {
        self.send(batch)
    }
}

fn authorization(config: &ElasticsearchSink) -> Result<Option<String>, Problem> {
    if let Some(key) = &config.api_key {
        return Ok(Some(format!("ApiKey {}", key.read()?)));
    }
    let (Some(user), Some(password)) = (&config.user, &config.password) else { return Ok(None) };
    Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.read()?)))))
}

/// The action and the document.
fn lines(index: &str, message: &Message) -> String {
    let action = json!({"index": {
        "_index": index,
        "_id": message.told.id,
        "version": message.told.revision,
        "version_type": "external",
    }});
    format!("{action}\n{}\n", message.text)
}

/// The verdict on each item. An answer that does not speak of all of them confirms
/// nothing.
fn item_verdicts(answer: &Answer, count: usize) -> Vec<Verdict> {
    let parsed: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let items = parsed.get("items").and_then(Value::as_array);
    let Some(items) = items.filter(|items| items.len() == count) else {
        let reason = format!("an answer of another form: {}", answer.reason());
        return vec![Verdict::Retry(reason); count];
    };
    items.iter().map(item_verdict).collect()
}

fn item_verdict(item: &Value) -> Verdict {
    let result = item.get("index").unwrap_or(&Value::Null);
    let status = result.get("status").and_then(Value::as_u64).unwrap_or(0);
    if status == CONFLICT {
        return Verdict::Delivered;
    }
    let error = result.get("error").map(Value::to_string).unwrap_or_default();
    let reason = format!("status {status} {error}");
    match meaning(u16::try_from(status).unwrap_or(0)) {
        Meaning::Delivered => Verdict::Delivered,
        Meaning::Retry => Verdict::Retry(reason),
        Meaning::Refused => Verdict::Refused(reason),
    }
}
