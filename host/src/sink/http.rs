//! One HTTP exchange, and what its status means for alerts.

use std::time::Duration;

use ureq::Agent;
use ureq::http::HeaderMap;

use super::tls;
use super::worker::Verdict;
use crate::config::Sink;
use crate::problem::Problem;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 16 << 20;
/// So much of an answer goes into a reason.
const REASON_BYTES_MAX: usize = 300;

/// Posts to one peer.
pub(super) struct Client {
    agent: Agent,
    headers: Vec<(String, String)>,
}

/// What the peer said.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) retry_after: Option<Duration>,
}

/// What a status means for what was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Delivered,
    /// Neither the alert's fault nor for ever: also what only the operator can mend,
    /// such as a token that is not valid any more.
    Retry,
    /// The peer does not want this body, whoever sends it.
    Refused,
}

impl Client {
    /// `headers` go with every request.
    pub(super) fn new(sink: &Sink, headers: Vec<(String, String)>) -> Result<Self, Problem> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is the operator's to follow: it may lead anywhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Proxies of the environment are not looked at: what is configured is all.
            .proxy(None)
            .timeout_global(Some(sink.timeout))
            .user_agent(concat!("logwasp/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls::http_config(&sink.tls)?)
            .build();
        Ok(Self { agent: config.into(), headers })
    }

    /// Posts a body. An error when there was no whole answer: nobody knows then
    /// whether the peer has it.
    pub(super) fn post(
        &self,
        url: &str,
        more_headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, String> {
        let mut request = self.agent.post(url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in more_headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send(body).map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| error.to_string())?;
        Ok(Answer { status, body: String::from_utf8_lossy(&body).into_owned(), retry_after })
    }
}

impl Answer {
    /// What it means for a body as a whole.
    pub(super) fn meaning(&self) -> Meaning {
        meaning(self.status)
    }

    /// Status and the beginning of the body, on one line.
    pub(super) fn reason(&self) -> String {
        let end = self.body.floor_char_boundary(REASON_BYTES_MAX);
        let text = self.body.get(..end).unwrap_or_default();
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("status {} {}", self.status, text.trim()).trim_end().to_owned()
    }

    /// The verdict on one alert that was posted alone.
    pub(super) fn verdict(&self) -> Verdict {
        match self.meaning() {
            Meaning::Delivered => Verdict::Delivered,
            Meaning::Retry => Verdict::Retry(self.reason()),
            Meaning::Refused => Verdict::Refused(self.reason()),
        }
    }
}

/// Source: RFC 9110, section 15. Refused is only what speaks of the content: bad
/// request, content too large, unsupported media type, unprocessable content.
pub(super) fn meaning(status: u16) -> Meaning {
    match status {
        200..=299 => Meaning::Delivered,
        400 | 413 | 415 | 422 => Meaning::Refused,
        _ => Meaning::Retry,
    }
}

/// Source: RFC 9110, section 10.2.3. A date is not read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
