//! `cargo xtask deny`: licences, bans and sources of the dependencies.

use anyhow::Result;

use crate::process::{cargo, run};

pub(crate) fn check() -> Result<()> {
    let has_deny = cargo().args(["deny", "--version"]).output().is_ok_and(|o| o.status.success());
    if !has_deny {
        run(cargo().args(["install", "cargo-deny", "--locked"]))?;
    }
    // Advisories need a database from the network; CI of the repository has it.
    run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))
}
