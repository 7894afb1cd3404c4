//! `cargo xtask conformance`: what we read of real logs, group by group.

use anyhow::Result;

use crate::process::{cargo, root, run};

/// Where the corpus is looked for when the environment does not say.
const CORPUS_BESIDE: &str = "../shared/corpus";

pub(crate) fn print_tables() -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--package", "logwasp-core", "--test", "conformance", "--"]);
    command.args(["--nocapture", "--test-threads", "1"]);
    let beside = root().join(CORPUS_BESIDE);
    if std::env::var_os("LOGWASP_CORPUS").is_none() && beside.is_dir() {
        command.env("LOGWASP_CORPUS", beside);
    }
    run(&mut command)
}
