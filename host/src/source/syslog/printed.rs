//! Settings as they are printed: with the keys of the config, so that what is printed
//! can be read again. There is no secret among them, only paths.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::journal::Fsync;
use super::settings::{Framing, OnLongMessage, Settings, Tls};

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("listen", &texts(&self.listen))?;
        map.serialize_entry("allow", &texts(&self.allow))?;
        map.serialize_entry("framing", framing(self.framing))?;
        self.serialize_limits(&mut map)?;
        map.serialize_entry("flush_interval", &duration(self.timeouts.flush_interval))?;
        map.serialize_entry("handshake_timeout", &duration(self.timeouts.handshake))?;
        map.serialize_entry("message_timeout", &duration(self.timeouts.message))?;
        let idle = self.timeouts.idle.unwrap_or_default();
        map.serialize_entry("idle_timeout", &duration(idle))?;
        map.serialize_entry("unix_mode", &format!("{:04o}", self.unix_mode))?;
        self.serialize_journal(&mut map)?;
        if let Some(tls) = &self.tls {
            map.serialize_entry("tls", tls)?;
        }
        map.end()
    }
}

impl Settings {
    fn serialize_limits<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let limits = &self.limits;
        map.serialize_entry("message_bytes_max", &limits.message_bytes_max)?;
        let on_long_message = match limits.on_long_message {
            OnLongMessage::Cut => "cut",
            OnLongMessage::Drop => "drop",
        };
        map.serialize_entry("on_long_message", on_long_message)?;
        map.serialize_entry("unfinished_bytes_max", &limits.unfinished_bytes_max)?;
        map.serialize_entry("batch_bytes", &limits.batch_bytes)?;
        map.serialize_entry("connections_max", &limits.connections_max)?;
        map.serialize_entry("connections_per_peer_max", &limits.connections_per_peer_max)?;
        map.serialize_entry("peer_bytes_per_s_max", &limits.peer_bytes_per_s_max.unwrap_or(0))?;
        map.serialize_entry("receive_buffer_bytes", &limits.receive_buffer_bytes)
    }

    fn serialize_journal<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("journal", &self.journal.is_some())?;
        let Some(journal) = &self.journal else { return Ok(()) };
        map.serialize_entry("journal_segment_bytes_max", &journal.segment_bytes_max)?;
        map.serialize_entry("journal_bytes_max", &journal.bytes_max)?;
        let fsync = match journal.fsync {
            Fsync::Never => "never",
            Fsync::Interval(_) => "interval",
            Fsync::Always => "always",
        };
        map.serialize_entry("journal_fsync", fsync)?;
        if let Fsync::Interval(interval) = journal.fsync {
            map.serialize_entry("journal_fsync_interval", &duration(interval))?;
        }
        Ok(())
    }
}

impl Serialize for Tls {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("cert_file", &self.cert_file)?;
        map.serialize_entry("key_file", &self.key_file)?;
        if let Some(client_ca_file) = &self.client_ca_file {
            map.serialize_entry("client_ca_file", client_ca_file)?;
        }
        map.serialize_entry("min_version", if self.only_1_3 { "1.3" } else { "1.2" })?;
        map.end()
    }
}

fn texts(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn framing(framing: Framing) -> &'static str {
    match framing {
        Framing::Auto => "auto",
        Framing::Octet => "octet",
        Framing::Lf => "lf",
        Framing::Nul => "nul",
    }
}

fn duration(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
