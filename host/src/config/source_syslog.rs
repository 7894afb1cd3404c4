//! `[source.NAME]` with `type = "syslog"`, read: each value checked, each default
//! filled in.

use std::time::Duration;

use super::keys::Keys;
use crate::problem::Problem;
use crate::source::syslog::{
    Framing, Fsync, JournalSettings, Limits, Listen, Network, OnLongMessage, Settings, Timeouts,
    Tls,
};

const MIB: u64 = 1 << 20;

/// Reads the keys of one table, all but `type` and what every source has. The caller
/// finishes the table.
pub(super) fn syslog(name: &str, keys: &mut Keys<'_>) -> Result<Settings, Problem> {
    let mut settings = Settings::new(name, listen(name, keys)?);
    if let Some(allow) = networks(keys)? {
        settings.allow = allow;
    }
    if let Some(framing) = keys.choice("framing", &FRAMINGS)? {
        settings.framing = framing;
    }
    settings.limits = limits(keys)?;
    settings.timeouts = timeouts(keys)?;
    settings.unix_mode = unix_mode(keys, settings.unix_mode)?;
    settings.tls = tls(keys)?;
    settings.journal = journal(keys)?;
    let speaks_tls = |listen: &Listen| matches!(listen, Listen::Tls(_) | Listen::InheritedTls(_));
    if settings.tls.is_none() && settings.listen.iter().any(speaks_tls) {
        return Err(keys
            .problem("listen", format!("source `{name}` listens with TLS, but has no certificate"))
            .hint("write `tls = { cert_file = \"...\", key_file = \"...\" }`"));
    }
    Ok(settings)
}

const FRAMINGS: [(&str, Framing); 4] = [
    ("auto", Framing::Auto),
    ("octet", Framing::Octet),
    ("lf", Framing::Lf),
    ("nul", Framing::Nul),
];

fn listen(name: &str, keys: &mut Keys<'_>) -> Result<Vec<Listen>, Problem> {
    let texts = keys.texts("listen")?;
    if texts.is_empty() {
        return Err(keys
            .problem_here(format!("source `{name}` does not say where to `listen`"))
            .hint("such as `listen = [\"udp://127.0.0.1:5514\", \"tcp://127.0.0.1:5514\"]`"));
    }
    let read = |text: &String| {
        text.parse::<Listen>().map_err(|why| {
            keys.problem("listen", format!("`{text}` is no place to listen: {}", why.0)).hint(
                "udp://ADDRESS:PORT, tcp://ADDRESS:PORT, tls://ADDRESS:PORT, unix:///PATH, \
                 unix-stream:///PATH, systemd://NAME or systemd+tls://NAME",
            )
        })
    };
    texts.iter().map(read).collect()
}

fn networks(keys: &mut Keys<'_>) -> Result<Option<Vec<Network>>, Problem> {
    let texts = keys.texts("allow")?;
    let read = |text: &String| {
        text.parse::<Network>().map_err(|_| {
            keys.problem("allow", format!("`{text}` is no network"))
                .hint("write it like \"10.0.0.0/8\", \"fc00::/7\" or \"10.1.2.3\"")
        })
    };
    let networks: Vec<_> = texts.iter().map(read).collect::<Result<_, _>>()?;
    Ok((!networks.is_empty()).then_some(networks))
}

fn limits(keys: &mut Keys<'_>) -> Result<Limits, Problem> {
    let default = Limits::default();
    let mut number = |key, default: usize, range| {
        keys.number(key, default as u64, range).map(|number| number as usize)
    };
    let limits = Limits {
        message_bytes_max: number(
            "message_bytes_max",
            default.message_bytes_max,
            480..=default.message_bytes_max as u64,
        )?,
        unfinished_bytes_max: number(
            "unfinished_bytes_max",
            default.unfinished_bytes_max,
            MIB..=16_384 * MIB,
        )?,
        batch_bytes: number("batch_bytes", default.batch_bytes, 4_096..=16 * MIB)?,
        connections_max: number("connections_max", default.connections_max, 1..=1_000_000)?,
        connections_per_peer_max: number(
            "connections_per_peer_max",
            default.connections_per_peer_max,
            1..=1_000_000,
        )?,
        receive_buffer_bytes: number(
            "receive_buffer_bytes",
            default.receive_buffer_bytes,
            4_096..=1_024 * MIB,
        )?,
        ..default
    };
    let rate = keys.number("peer_bytes_per_s_max", 0, 0..=u64::MAX)?;
    let choices = [("cut", OnLongMessage::Cut), ("drop", OnLongMessage::Drop)];
    Ok(Limits {
        on_long_message: keys.choice("on_long_message", &choices)?.unwrap_or(OnLongMessage::Cut),
        peer_bytes_per_s_max: (rate > 0).then_some(rate),
        ..limits
    })
}

fn timeouts(keys: &mut Keys<'_>) -> Result<Timeouts, Problem> {
    let default = Timeouts::default();
    Ok(Timeouts {
        flush_interval: positive(keys, "flush_interval", default.flush_interval)?,
        handshake: positive(keys, "handshake_timeout", default.handshake)?,
        message: positive(keys, "message_timeout", default.message)?,
        idle: match keys.duration("idle_timeout")? {
            Some(Duration::ZERO) | None => None,
            some => some,
        },
    })
}

fn positive(
    keys: &mut Keys<'_>,
    key: &'static str,
    default: Duration,
) -> Result<Duration, Problem> {
    match keys.duration(key)? {
        Some(Duration::ZERO) => {
            Err(keys.problem(key, format!("`{key}` must be longer than nothing")))
        }
        some => Ok(some.unwrap_or(default)),
    }
}

fn unix_mode(keys: &mut Keys<'_>, default: u32) -> Result<u32, Problem> {
    let Some(text) = keys.text("unix_mode")? else { return Ok(default) };
    let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| {
        keys.problem("unix_mode", format!("`{text}` is no mode of a file"))
            .hint("write it in octal, like \"0660\"")
    })
}

fn tls(keys: &mut Keys<'_>) -> Result<Option<Tls>, Problem> {
    let mut table = keys.table("tls")?;
    let (cert_file, key_file) = (table.path("cert_file")?, table.path("key_file")?);
    let client_ca_file = table.path("client_ca_file")?;
    let only_1_3 = table.choice("min_version", &[("1.2", false), ("1.3", true)])?;
    table.finish()?;
    match (cert_file, key_file) {
        (Some(cert_file), Some(key_file)) => {
            let only_1_3 = only_1_3.unwrap_or(false);
            Ok(Some(Tls { cert_file, key_file, client_ca_file, only_1_3 }))
        }
        (None, None) if client_ca_file.is_none() && only_1_3.is_none() => Ok(None),
        _ => Err(keys.problem("tls", "`tls` needs both `cert_file` and `key_file`")),
    }
}

fn journal(keys: &mut Keys<'_>) -> Result<Option<JournalSettings>, Problem> {
    let is_wanted = keys.flag("journal", false)?;
    let default = JournalSettings::default();
    let segment_bytes_max =
        keys.number("journal_segment_bytes_max", default.segment_bytes_max, MIB..=4_096 * MIB)?;
    let bytes_max = keys.number("journal_bytes_max", default.bytes_max, MIB..=1 << 50)?;
    let interval = positive(keys, "journal_fsync_interval", Duration::from_secs(1))?;
    let choices = [
        ("never", Fsync::Never),
        ("interval", Fsync::Interval(interval)),
        ("always", Fsync::Always),
    ];
    let fsync = keys.choice("journal_fsync", &choices)?.unwrap_or(Fsync::Interval(interval));
    // Else nothing could be deleted before everything is full.
    if bytes_max < 2 * segment_bytes_max {
        return Err(keys
            .problem("journal_bytes_max", "the journal has no room for two segments")
            .hint("let `journal_bytes_max` be at least twice `journal_segment_bytes_max`"));
    }
    Ok(is_wanted.then_some(JournalSettings { segment_bytes_max, bytes_max, fsync }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::super::located::File;
    use super::*;

    fn read(text: &str) -> Result<Settings, Problem> {
        read_file(format!("[source.s]\n{text}\n"))
    }

    fn read_file(text: String) -> Result<Settings, Problem> {
        let whole: toml::Table = toml::from_str(&text).expect("TOML");
        let table = whole["source"]["s"].as_table().expect("a table").clone();
        let file = File { name: "logwasp.toml".to_owned(), text };
        let mut keys = Keys::new(&file, Path::new("/etc/logwasp"), &["source", "s"], table);
        let settings = syslog("s", &mut keys)?;
        keys.finish()?;
        Ok(settings)
    }

    /// Scenario: a source with nothing but an address, and one with everything.
    /// Guarantees: defaults are as documented; what is written is taken.
    #[test]
    fn sources_are_resolved() {
        let udp = "udp://127.0.0.1:5514".parse().expect("valid");
        assert_eq!(read("listen = ['udp://127.0.0.1:5514']"), Ok(Settings::new("s", vec![udp])));
        let settings = read(
            "listen = ['tls://[::]:6514', 'unix:///run/log', 'systemd://syslog.socket']\n\
             allow = ['10.0.0.0/8']\nframing = 'octet'\nmessage_bytes_max = 8192\n\
             on_long_message = 'drop'\nconnections_max = 7\nconnections_per_peer_max = 3\n\
             peer_bytes_per_s_max = 1000\nreceive_buffer_bytes = 65536\nbatch_bytes = 4096\n\
             unfinished_bytes_max = 1048576\nflush_interval = '5ms'\nidle_timeout = '1h'\n\
             message_timeout = '1m'\nhandshake_timeout = '3s'\nunix_mode = '0600'\n\
             tls = { cert_file = 'c.pem', key_file = '/k.pem', client_ca_file = 'a.pem', min_version = '1.3' }\n\
             journal = true\njournal_segment_bytes_max = 1048576\njournal_bytes_max = 9000000\n\
             journal_fsync = 'always'",
        )
        .expect("valid");
        assert_eq!(settings.listen.len(), 3);
        assert_eq!(settings.allow, ["10.0.0.0/8".parse().expect("valid")]);
        assert_eq!((settings.framing, settings.unix_mode), (Framing::Octet, 0o600));
        let limits = Limits {
            message_bytes_max: 8_192,
            on_long_message: OnLongMessage::Drop,
            unfinished_bytes_max: 1 << 20,
            batch_bytes: 4_096,
            connections_max: 7,
            connections_per_peer_max: 3,
            peer_bytes_per_s_max: Some(1_000),
            receive_buffer_bytes: 65_536,
        };
        assert_eq!(settings.limits, limits);
        let timeouts = Timeouts {
            flush_interval: Duration::from_millis(5),
            handshake: Duration::from_secs(3),
            message: Duration::from_mins(1),
            idle: Some(Duration::from_hours(1)),
        };
        assert_eq!(settings.timeouts, timeouts);
        let tls = settings.tls.expect("written");
        assert_eq!(tls.cert_file, Path::new("/etc/logwasp/c.pem"));
        assert_eq!((tls.key_file.as_path(), tls.only_1_3), (Path::new("/k.pem"), true));
        let journal = settings.journal.expect("written");
        assert_eq!((journal.segment_bytes_max, journal.bytes_max), (1 << 20, 9_000_000));
        assert_eq!(journal.fsync, Fsync::Always);
    }

    /// Scenario: settings that were read are printed and read again.
    /// Guarantees: they are the same, whatever is written and whatever is left out.
    #[test]
    fn what_is_printed_can_be_read_again() {
        for text in [
            "listen = ['udp://127.0.0.1:5514']",
            "listen = ['tls://[::]:6514']\nallow = ['10.1.2.3', 'fc00::/7']\nframing = 'nul'\n\
             on_long_message = 'drop'\npeer_bytes_per_s_max = 7\nidle_timeout = '90m'\n\
             unix_mode = '0007'\njournal = true\njournal_fsync_interval = '1500ms'\n\
             tls = { cert_file = '/c', key_file = '/k', client_ca_file = '/a' }",
            "listen = ['unix:///run/log']\njournal = true\njournal_fsync = 'never'",
        ] {
            let settings = read(text).expect("valid");
            let file = BTreeMap::from([("source", BTreeMap::from([("s", &settings)]))]);
            let printed = toml::to_string(&file).expect("a table");
            assert_eq!(read_file(printed.clone()), Ok(settings), "{printed}");
        }
    }

    /// Scenario: missing, misspelt and senseless values.
    /// Guarantees: each is refused where it stands, with what to do.
    #[test]
    fn wrong_sources_are_refused() {
        const LISTEN: &str = "listen = ['tcp://127.0.0.1:1']";
        for (text, what, hint, line) in [
            ("framing = 'lf'", "source `s` does not say where", "such as", 1),
            ("listen = ['localhost:5']", "`localhost:5` is no place", "udp://", 2),
            ("listen = ['tls://0.0.0.0:6514']", "source `s` listens with TLS", "cert_file", 2),
            ("allow = ['10.0.0.0/99']", "`10.0.0.0/99` is no network", "10.0.0.0/8", 3),
            ("alow = []", "unknown key `alow`", "did you mean `allow`?", 3),
            ("framing = 'octets'", "`octets` is no framing", "did you mean `octet`?", 3),
            ("message_bytes_max = 5", "`message_bytes_max` is out of range", "from 480", 3),
            ("unix_mode = '999'", "`999` is no mode", "octal", 3),
            ("message_timeout = '0s'", "`message_timeout` must be longer", "", 3),
            ("tls = { cert_file = 'x' }", "`tls` needs both", "", 3),
            ("tls = { cert_fiel = 'x' }", "unknown key `cert_fiel`", "`cert_file`", 3),
            ("journal_bytes_max = 1048576", "the journal has no room", "at least twice", 3),
            ("journal_fsync = 'often'", "`often` is no journal_fsync", "never, interval", 3),
        ] {
            let lines = if line == 3 { format!("{LISTEN}\n{text}") } else { text.to_owned() };
            let problem = read(&lines).expect_err(text);
            assert!(problem.what.starts_with(what), "{text}: {problem}");
            let place = problem.place.clone().unwrap_or_default();
            assert!(place.starts_with(&format!("logwasp.toml:{line}:")), "{text}: {place}");
            assert!(problem.hint.unwrap_or_default().contains(hint), "{text}");
        }
    }
}
