//! One log, packed and encoded in every way, from files and from standard input.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::root;

const LOG: &str = "plugins/relay-denied/samples/01-centralized-transport/RECV2026112009-1.LOG";
const CONFIG: &str = "plugins/relay-denied/samples/01-centralized-transport/logwasp.toml";

/// The alerts over a file, or over standard input, without the places of evidence:
/// these are the only thing that an encoding may change.
fn alerts(path: &Path, from_stdin: bool) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logwasp"));
    command.args(["detect", "--stats", "none", "--config"]).arg(root().join(CONFIG));
    let input = if from_stdin {
        command.arg("-");
        Stdio::from(File::open(path).expect("the file"))
    } else {
        command.arg(path);
        Stdio::null()
    };
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).stdin(input);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let alert = |line: &str| {
        let mut alert: Value = serde_json::from_str(line).expect("an alert");
        for evidence in alert["evidence"].as_array_mut().expect("evidence") {
            evidence["source"].take();
        }
        alert
    };
    text.lines().map(alert).collect()
}

/// Scenario: a protocol log as it is, with a byte order mark, in UTF-16 of both byte
/// orders, gzipped and zstd-compressed; each as a file and from standard input.
/// Guarantees: the same alerts, with the facts of the whole session.
#[test]
fn packing_is_invisible() {
    let plain = std::fs::read_to_string(root().join(LOG)).expect("the sample");
    let units = || std::iter::once(0xFEFF).chain(plain.encode_utf16());
    let gzip = || {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain.as_bytes()).and_then(|()| gzip.finish()).expect("gzip")
    };
    let packed: [(&str, Vec<u8>); 6] = [
        ("plain", plain.clone().into()),
        ("utf8-bom", format!("\u{feff}{plain}").into()),
        ("utf16-le", units().flat_map(u16::to_le_bytes).collect()),
        ("utf16-be", units().flat_map(u16::to_be_bytes).collect()),
        ("gzip", gzip()),
        ("zstd", zstd::encode_all(plain.as_bytes(), 1).expect("zstd")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let expected = alerts(&root().join(LOG), false);
    assert_eq!(expected.len(), 1);
    assert_eq!(expected[0]["rule"], "relay-denied.R1");
    for (name, bytes) in packed {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(alerts(&path, false), expected, "{name}");
        assert_eq!(alerts(&path, true), expected, "{name} from standard input");
    }
}
