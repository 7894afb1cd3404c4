//! The example logs of the repository, embedded for `logwasp demo`.

/// Their config.
pub const CONFIG: &str = include_str!("../../examples/logwasp.toml");

/// Names and bytes, in the order of their names.
pub const LOGS: &[(&str, &[u8])] = &[
    log("hybrid/own-mail.eml", include_bytes!("../../examples/hybrid/own-mail.eml")),
    log(
        "lockout/RECV2026112009-1.LOG",
        include_bytes!("../../examples/lockout/RECV2026112009-1.LOG"),
    ),
    log("lockout/Security-DC01.xml", include_bytes!("../../examples/lockout/Security-DC01.xml")),
    log("relay/RECV2026112010-1.LOG", include_bytes!("../../examples/relay/RECV2026112010-1.LOG")),
    log(
        "schannel/RECV20261120-1.LOG",
        include_bytes!("../../examples/schannel/RECV20261120-1.LOG"),
    ),
    log(
        "schannel/Security-EXCH01.xml",
        include_bytes!("../../examples/schannel/Security-EXCH01.xml"),
    ),
    log("schannel/System.xml", include_bytes!("../../examples/schannel/System.xml")),
];

const fn log<const N: usize>(
    name: &'static str,
    bytes: &'static [u8; N],
) -> (&'static str, &'static [u8]) {
    (name, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scenario: a log was added to `examples/`, or taken away.
    /// Guarantees: the demo shows all of them.
    #[test]
    fn no_example_is_forgotten() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/");
        let (inputs, _) = crate::source::expand(&[root.into()]);
        let names = inputs.iter().map(|input| input.name().replace(root, ""));
        let names: Vec<String> = names.filter(|name| name != "logwasp.toml").collect();
        let embedded: Vec<&str> = LOGS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, embedded);
    }
}
