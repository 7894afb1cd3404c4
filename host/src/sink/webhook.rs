//! Any HTTP endpoint: one POST for each alert.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::bodies::body;
use super::http::Client;
use super::message::Message;
use super::worker::{Delivery, Pace, Transport, Verdict};
use crate::config::{Secret, Sink, Template, WebhookSink};
use crate::hash::hex;
use crate::problem::Problem;

/// HMAC-SHA256 of the body, in hex: `sha256=...`, as GitHub's webhooks have it.
const SIGNATURE: &str = "x-logwasp-signature";
/// `id-revision`: the same for a repeat.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// One endpoint.
pub(super) struct Webhook {
    client: Client,
    url: String,
    template: Template,
    signing_key: Option<String>,
}

impl Webhook {
    pub(super) fn new(sink: &Sink, config: &WebhookSink) -> Result<Self, Problem> {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        for (name, value) in &config.headers {
            headers.push((name.clone(), value.read()?));
        }
        Ok(Self {
            client: Client::new(sink, headers)?,
            url: config.url.read()?,
            template: config.template,
            signing_key: config.signing_key.as_ref().map(Secret::read).transpose()?,
        })
    }
}

impl Transport for Webhook {
    fn deliver(&mut self, batch: &[Message], pace: &dyn Pace) -> Delivery {
        let mut delivery = Delivery { verdicts: Vec::new(), retry_after: None };
        for message in batch {
            let body = body(self.template, message);
            let key = format!("{}-{}", message.told.id, message.told.revision);
            let signature = self.signing_key.as_ref().map(|key| signature(key, &body));
            let mut headers = vec![(IDEMPOTENCY_KEY, key.as_str())];
            headers.extend(signature.as_deref().map(|signature| (SIGNATURE, signature)));
            let verdict = match self.client.post(&self.url, &headers, body.as_bytes()) {
                Ok(answer) => {
                    delivery.retry_after = answer.retry_after;
                    answer.verdict()
                }
                Err(error) => Verdict::Retry(error),
            };
            let failed = matches!(verdict, Verdict::Retry(_));
            delivery.verdicts.push(verdict);
            // The rest keeps its order behind the one that failed.
            if failed || !pace.pause(Duration::ZERO) {
                break;
            }
        }
        delivery
    }
}

/// Source: RFC 2104.
fn signature(key: &str, body: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: test case 2 of RFC 4231.
    /// Guarantees: the signature is HMAC-SHA256.
    #[test]
    fn the_signature_is_the_standards() {
        assert_eq!(
            signature("Jefe", "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
