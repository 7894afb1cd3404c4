//! Standard output, one alert a line.

use std::io::{self, Write};

use super::message::Message;
use super::worker::{Delivery, Pace, Transport, Verdict};

/// Delivered means: written and flushed.
#[derive(Debug)]
pub(super) struct Stdout;

impl Transport for Stdout {
    fn deliver(&mut self, batch: &[Message], _: &dyn Pace) -> Delivery {
        let mut text = String::new();
        for message in batch {
            text.push_str(&message.text);
            text.push('\n');
        }
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        Delivery::all(
            batch.len(),
            match written {
                Ok(()) => Verdict::Delivered,
                Err(error) => Verdict::Retry(format!("stdout: {error}")),
            },
        )
    }
}
