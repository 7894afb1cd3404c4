//! Rotated files that are compressed.

use super::*;

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).expect("in memory");
    encoder.finish().expect("in memory")
}

pub(super) fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(text, 1).expect("in memory")
}

/// Compressors, and the names of what they make.
type Compressor = (fn(&[u8]) -> Vec<u8>, &'static str);
const COMPRESSORS: [Compressor; 2] = [(gzip, "gz"), (zstd, "zst")];

/// Scenario: a rotated file is compressed, as `gzip` does: the compressed one grows
/// beside the original, which is deleted last. All was read, or a rest was not.
/// Guarantees: nothing is read again, and the rest is read from the compressed file.
#[test]
fn a_rotated_file_is_compressed() {
    for (begin, rest) in
        [("one\n".to_owned(), ""), ("one\n".to_owned(), "rest\n"), (long("a"), "rest\n")]
    {
        for ((compress, suffix), is_running) in
            COMPRESSORS.into_iter().flat_map(|compressor| [(compressor, true), (compressor, false)])
        {
            let mut rig = Rig::new();
            rig.append("app.log", &begin);
            rig.settle();
            if is_running {
                rig.rename("app.log", "app.log.1");
                rig.settle();
            } else {
                rig.append("app.log", rest);
                rig.rename("app.log", "app.log.1");
            }
            let packed = compress(&fs::read(rig.path("app.log.1")).expect("read"));
            let name = format!("app.log.1.{suffix}");
            let (first, second) = packed.split_at(packed.len() / 2);
            for part in [first, second] {
                rig.append(&name, part);
                if is_running {
                    rig.settle();
                }
            }
            rig.remove("app.log.1");
            if !is_running {
                rig.restart();
            }
            rig.settle();
            rig.rename(&name, &name.replace(".1", ".2"));
            rig.append("app.log", "new\n");
            rig.pass(40);
            rig.pass(40);
            rig.restart();
            rig.settle();
            let rest = if is_running { "" } else { rest };
            assert_eq!(
                rig.texts(),
                sorted(["new\n".to_owned(), format!("{begin}{rest}")]),
                "{suffix}"
            );
        }
    }
}

/// Scenario: only `app.log` is wanted; it is rotated and compressed with unread lines
/// while the tail does not run.
/// Guarantees: the rest is read from the compressed file beside it.
#[test]
fn a_rest_is_found_beside_the_patterns() {
    for (compress, suffix) in COMPRESSORS {
        let mut rig = Rig::with(|settings| settings.paths = vec!["app.log".into()]);
        rig.append("app.log", long("a"));
        rig.settle();
        rig.append("app.log", "rest\n");
        let text = fs::read(rig.path("app.log")).expect("read");
        fs::write(rig.path(&format!("app.log.1.{suffix}")), compress(&text)).expect("written");
        rig.remove("app.log");
        rig.append("app.log", "new\n");
        for _ in 0..2 {
            rig.restart();
            rig.settle();
            assert_eq!(rig.texts(), sorted(["new\n".to_owned(), long("a") + "rest\n"]));
        }
    }
}

/// Scenario: compressed files that were never seen before, one of them cut off and
/// completed later, one that is no gzip behind its magic bytes.
/// Guarantees: each is read once; the broken one is told about, once.
#[test]
fn compressed_files_are_read() {
    let mut rig = Rig::with(|settings| settings.chunk_bytes = 1000);
    let text = long("b").repeat(20);
    let packed = gzip(text.as_bytes());
    let (first, second) = packed.split_at(packed.len() - 100);
    rig.append("a.zst", zstd(b"zstd\n"));
    rig.append("b.gz", first);
    rig.append("broken.gz", b"\x1f\x8b\xff\xff\xff not compressed at all");
    rig.settle();
    rig.settle();
    let troubles = |log: Vec<String>| log.iter().filter(|line| line.contains("broken.gz")).count();
    assert_eq!(troubles(rig.log()), 1);
    rig.append("b.gz", second);
    rig.settle();
    rig.settle();
    assert_eq!(rig.texts(), sorted(["zstd\n".to_owned(), text]));
    assert_eq!(troubles(rig.log()), 0);
}
