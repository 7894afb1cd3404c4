//! Every metric there is.
//!
//! Names are what a user of Prometheus expects: a prefix, base units, `_total` for
//! what only grows. Labels have few values: names of the config and of enums, never a
//! host, a path or anything else that comes with a log.

/// What a number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Says how things are.
    Gauge,
    /// Counts durations, in seconds.
    Histogram,
}

impl Kind {
    /// The type's name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, with its unit.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                labels: &[$($label),*],
                help: $help,
            };
        )*
        /// All metrics.
        pub static ALL: &[&Metric] = &[$(&$constant),*];
    };
}

metrics! {
    SOURCE_BYTES: Counter "logwasp_source_bytes_total" ["source"]
        "Bytes that were looked at, decompressed and as UTF-8.";
    SOURCE_SKIPPED_BYTES: Counter "logwasp_source_skipped_bytes_total" ["source"]
        "Bytes in which nothing could interest a detector; they were passed over.";
    SOURCE_RECORDS: Counter "logwasp_source_records_total" ["source"]
        "Records that were decoded or are damaged.";
    SOURCE_DAMAGED: Counter "logwasp_source_damaged_records_total" ["source"]
        "Records that could not be read.";
    SOURCE_ROWS: Counter "logwasp_source_rows_total" ["source"]
        "Rows that some detector asked for.";
    SOURCE_UNREAD: Gauge "logwasp_source_unread_bytes" ["source"]
        "Bytes of its files that were not read, as of the last look; without compressed files.";
    SOURCE_STREAMS: Gauge "logwasp_source_streams" ["source"]
        "Streams that are being read: files, or the socket.";
    SOURCE_LAST_RECEIVED: Gauge "logwasp_source_last_received_timestamp_seconds" ["source"]
        "When something came from the source last; before that, when the service started.";
    SOURCE_SILENT: Gauge "logwasp_source_silent" ["source"]
        "1 while nothing has come for longer than silent_after.";

    ROWS_DELIVERED: Counter "logwasp_rows_delivered_total" []
        "Rows that a detector took, once for each detector, and again when the journal is fed again.";
    ROWS_QUARANTINED: Counter "logwasp_rows_quarantined_total" []
        "Rows for detectors that are stopped.";
    ROWS_LATE: Counter "logwasp_rows_late_total" []
        "Rows that came behind the watermark.";
    ROWS_DROPPED: Counter "logwasp_rows_dropped_total" []
        "Rows of detectors that are gone or changed since the rows were journaled.";
    ROWS_WAITING: Gauge "logwasp_rows_waiting" []
        "Rows that wait for their time.";
    WATERMARK: Gauge "logwasp_watermark_timestamp_seconds" []
        "The time up to which detectors have seen everything.";
    WATERMARK_LAG: Gauge "logwasp_watermark_lag_seconds" []
        "How far that time lies in the past.";
    ALERTS: Counter "logwasp_alerts_total" ["detector", "severity"]
        "Alerts that were recorded for the sinks: creates, updates and closes.";

    DETECTOR_CALLS: Histogram "logwasp_detector_call_seconds" ["detector"]
        "How long calls of the detector took.";
    DETECTOR_FAULTS: Counter "logwasp_detector_faults_total" ["detector"]
        "How often the detector failed.";
    DETECTOR_QUARANTINED: Gauge "logwasp_detector_quarantined" ["detector"]
        "1 when the detector failed too often and is stopped.";
    DETECTOR_MEMORY: Gauge "logwasp_detector_memory_bytes" ["detector"]
        "Linear memory of the detector.";

    SINK_DELIVERED: Counter "logwasp_sink_delivered_alerts_total" ["sink"]
        "Alerts that the peer confirmed.";
    SINK_DELIVERED_BYTES: Counter "logwasp_sink_delivered_bytes_total" ["sink"]
        "Their bytes as they were encoded.";
    SINK_FILTERED: Counter "logwasp_sink_filtered_alerts_total" ["sink"]
        "Alerts that the filter of the sink left out.";
    SINK_RETRIED: Counter "logwasp_sink_retried_alerts_total" ["sink"]
        "Tries that came to nothing, counted for each alert.";
    SINK_FAILURES: Counter "logwasp_sink_failures_total" ["sink"]
        "Batches of which something has to be tried again.";
    SINK_DEAD_LETTERS: Counter "logwasp_sink_dead_letters_total" ["sink"]
        "Alerts that the peer refused for good.";
    SINK_DROPPED: Counter "logwasp_sink_dropped_alerts_total" ["sink"]
        "Alerts that were given up because the backlog was full or they were too old.";
    SINK_FAILING: Gauge "logwasp_sink_failing" ["sink"]
        "1 when the last try came to nothing.";
    SINK_BLOCKING: Gauge "logwasp_sink_blocking" ["sink"]
        "1 while the backlog is full and nothing is read.";
    SINK_BACKLOG: Gauge "logwasp_sink_backlog_alerts" ["sink"]
        "Alerts that the sink does not have.";
    SINK_BACKLOG_BYTES: Gauge "logwasp_sink_backlog_bytes" ["sink"]
        "Their bytes.";
    SINK_OLDEST_AGE: Gauge "logwasp_sink_oldest_alert_age_seconds" ["sink"]
        "How long the oldest of them waits; 0 when none does.";

    COMMITS: Histogram "logwasp_commit_seconds" []
        "How long it took to make progress durable.";
    SNAPSHOT_AGE: Gauge "logwasp_snapshot_age_seconds" []
        "Since the state of the detectors was kept last; before that, since the start.";
    JOURNAL_BYTES: Gauge "logwasp_journal_bytes" []
        "Bytes of the journal behind the last snapshot.";
    STATE_BYTES: Gauge "logwasp_state_bytes" []
        "Size of the database in the state directory.";
    RELOADS: Counter "logwasp_config_reloads_total" ["result"]
        "Times that the config was read again; result is taken or refused.";
    LOOP_AGE: Gauge "logwasp_loop_age_seconds" []
        "Since the main loop turned last.";
    BUILD_INFO: Gauge "logwasp_build_info" ["version"]
        "1, with the version.";

    SYSLOG_MESSAGES: Counter "logwasp_syslog_messages_total" ["source", "transport"]
        "Messages that came, dropped or not.";
    SYSLOG_BYTES: Counter "logwasp_syslog_bytes_total" ["source", "transport"]
        "Bytes that came, with their delimiters.";
    SYSLOG_DROPPED: Counter "logwasp_syslog_messages_dropped_total" ["source", "reason"]
        "Messages that were lost.";
    SYSLOG_JOURNAL_BYTES: Gauge "logwasp_syslog_journal_bytes" ["source"]
        "Size of the journal of the source.";
    SYSLOG_CUT: Counter "logwasp_syslog_messages_cut_total" ["source"]
        "Messages of which only the beginning was kept.";
    SYSLOG_WRONG_COUNTS: Counter "logwasp_syslog_wrong_counts_total" ["source"]
        "Counts of octets that did not lead to the next message.";
    SYSLOG_OPENED: Counter "logwasp_syslog_connections_opened_total" ["source"]
        "Connections that were let in.";
    SYSLOG_OPEN: Gauge "logwasp_syslog_connections_open" ["source"]
        "Connections that are open.";
    SYSLOG_REFUSED: Counter "logwasp_syslog_connections_refused_total" ["source", "reason"]
        "Connections that were not let in.";
    SYSLOG_TIMED_OUT: Counter "logwasp_syslog_connections_timed_out_total" ["source", "waiting_for"]
        "Connections that were closed because they took too long.";
    SYSLOG_TLS_FAILURES: Counter "logwasp_syslog_tls_failures_total" ["source"]
        "Handshakes and connections that TLS broke off.";
    SYSLOG_BACKPRESSURE: Counter "logwasp_syslog_backpressure_total" ["source"]
        "Times that reading had to wait.";

    PROCESS_CPU: Counter "process_cpu_seconds_total" []
        "CPU time of the process, user and system.";
    PROCESS_RESIDENT: Gauge "process_resident_memory_bytes" []
        "Resident memory of the process.";
    PROCESS_VIRTUAL: Gauge "process_virtual_memory_bytes" []
        "Virtual memory of the process; the address space that guests reserve is part of it.";
    PROCESS_OPEN_FDS: Gauge "process_open_fds" []
        "Open file descriptors.";
    PROCESS_MAX_FDS: Gauge "process_max_fds" []
        "Most file descriptors that may be open.";
    PROCESS_THREADS: Gauge "process_threads" []
        "Threads of the process.";
    PROCESS_START: Gauge "process_start_time_seconds" []
        "When the process started.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: the table of metrics in the manual.
    /// Guarantees: it has every metric with its type and labels, and no other.
    #[test]
    fn every_metric_is_documented() {
        let manual = include_str!("../../../docs/operations.md");
        let is_metric =
            |line: &&str| line.starts_with("| `logwasp_") || line.starts_with("| `process_");
        let rows: Vec<&str> = manual.lines().filter(is_metric).collect();
        for metric in ALL {
            let labels: Vec<String> =
                metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let row =
                format!("| `{}` | {} | {} |", metric.name, metric.kind.name(), labels.join(", "));
            assert!(rows.iter().any(|found| found.starts_with(&row)), "{row}");
        }
        assert_eq!(rows.len(), ALL.len());
    }

    /// Scenario: all names.
    /// Guarantees: each is there once; what only grows says so, and nothing else does.
    #[test]
    fn names_say_what_they_are() {
        for (place, metric) in ALL.iter().enumerate() {
            assert!(!ALL[..place].iter().any(|other| other.name == metric.name), "{}", metric.name);
            let is_counter = metric.kind == Kind::Counter;
            assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
        }
    }
}
