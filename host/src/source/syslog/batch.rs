//! Batches: messages on their way from a socket to whoever reads them.

use std::net::IpAddr;
use std::sync::Arc;

use memchr::memchr3_iter;

/// Messages of one sender, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The messages, each ended by one line feed. Inside a message there is none: a
    /// line break became two blanks, which decoders of flattened Windows text read as
    /// the end of a line; a carriage return alone and NUL became one blank.
    pub bytes: Vec<u8>,
    /// How many they are.
    pub messages: u32,
    /// The source's name.
    pub source: Arc<str>,
    /// Who sent them; `None` for Unix sockets.
    pub peer: Option<IpAddr>,
    /// When the last of them was handed on, in nanoseconds since the Unix epoch.
    pub received_nanos: i64,
}

/// Messages that are gathered for a batch.
#[derive(Debug, Default)]
pub(super) struct Pending {
    bytes: Vec<u8>,
    messages: u32,
}

impl Pending {
    /// Adds a message, without what is a delimiter at its end. Returns whether
    /// anything was left of it.
    pub(super) fn push(&mut self, message: &[u8]) -> bool {
        let is_delimiter = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\0');
        let ending = message.iter().rev().take_while(|byte| is_delimiter(byte)).count();
        let message = message.get(..message.len() - ending).unwrap_or_default();
        if message.is_empty() {
            return false;
        }
        self.push_flat(message);
        self.bytes.push(b'\n');
        self.messages += 1;
        true
    }

    fn push_flat(&mut self, message: &[u8]) {
        let mut copied = 0;
        for at in memchr3_iter(b'\n', b'\r', b'\0', message) {
            self.bytes.extend_from_slice(message.get(copied..at).unwrap_or_default());
            let before = at.checked_sub(1).and_then(|before| message.get(before));
            let blanks: &[u8] = match message.get(at) {
                Some(b'\n') if before != Some(&b'\r') => b"  ",
                _ => b" ",
            };
            self.bytes.extend_from_slice(blanks);
            copied = at + 1;
        }
        self.bytes.extend_from_slice(message.get(copied..).unwrap_or_default());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What was gathered; nothing is left here.
    pub(super) fn take(
        &mut self,
        source: &Arc<str>,
        peer: Option<IpAddr>,
        received_nanos: i64,
    ) -> Batch {
        let Self { bytes, messages } = std::mem::take(self);
        Batch { bytes, messages, source: Arc::clone(source), peer, received_nanos }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: messages with delimiters at their ends and inside.
    /// Guarantees: one line for each that is not empty; other bytes stay as they are.
    #[test]
    fn messages_become_lines() {
        let mut pending = Pending::default();
        for message in [b"<13>a\r\n".as_slice(), b"\r\n\0", b"", b"b\nc\r\nd\re\0f \0", b"\xff\t "]
        {
            pending.push(message);
        }
        let batch = pending.take(&Arc::from("s"), None, 7);
        assert_eq!(batch.messages, 3);
        assert_eq!(batch.bytes, b"<13>a\nb  c  d e f \n\xff\t \n");
        assert!(pending.is_empty());
    }
}
