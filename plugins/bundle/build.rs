//! Builds the stock detectors for wasm, makes components of them and embeds
//! them. One cargo call builds all guests, in a target folder of its own because
//! the outer cargo holds the lock of ours.

#![allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything by the environment"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use wit_component::ComponentEncoder;

/// The stock detectors, in the order in which they are listed and run.
const DETECTORS: &[&str] = &[
    "lockout",
    "schannel",
    "relay-denied",
    "authas-anomaly",
    "kerberos-auth",
    "mail-loop",
    "connector-attribution",
    "service-inactive",
    "tls-failure",
    "tenant-throttle",
    // Second stage: it reads the alerts of those above.
    "incident",
];
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "guest";

fn main() {
    if let Err(error) = build() {
        println!("cargo::error={error:#}");
    }
}

fn build() -> Result<()> {
    let root = workspace_root()?;
    for input in ["plugins", "wit", "Cargo.toml", ".cargo/config.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    ensure!(
        target_is_installed(),
        "the wasm target is missing: run `rustup target add {TARGET}` or `cargo xtask demo`"
    );
    let out = PathBuf::from(env::var("OUT_DIR").context("OUT_DIR is set by cargo")?);
    let guests = guest_target_dir(&out);
    build_guests(&root, &guests)?;

    let mut table = String::from(
        "/// The stock detectors, in the order in which they run.\npub static BUNDLED: &[Bundled] = &[\n",
    );
    for &name in DETECTORS {
        let module = guests
            .join(TARGET)
            .join(PROFILE)
            .join(format!("detector_{}.wasm", name.replace('-', "_")));
        let component = out.join(format!("{name}.wasm"));
        let bytes = componentize(&module)?;
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        fs::write(&component, bytes)?;
        writeln!(
            table,
            "    Bundled {{ name: {name:?}, component: include_bytes!({:?}), sha256: {sha256:?} }},",
            component.display().to_string()
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("bundled.rs"), table)?;
    Ok(())
}

fn workspace_root() -> Result<PathBuf> {
    let manifest = env::var("CARGO_MANIFEST_DIR").context("CARGO_MANIFEST_DIR is set by cargo")?;
    Ok(Path::new(&manifest).join("../..").canonicalize()?)
}

/// True when rustc has the standard library of the wasm target.
fn target_is_installed() -> bool {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

/// `guests` beside the profiles of the outer target folder, so that debug and
/// release builds share it.
fn guest_target_dir(out: &Path) -> PathBuf {
    let target = out.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    target.unwrap_or(out).join("guests")
}

fn build_guests(root: &Path, guests: &Path) -> Result<()> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["build", "--quiet", "--locked", "--target", TARGET, "--profile", PROFILE])
        .arg("--target-dir")
        .arg(guests);
    for &name in DETECTORS {
        command.args(["--package", &format!("detector-{name}")]);
    }
    // Flags and wrappers meant for the outer build (clippy's driver, coverage)
    // must not reach the guests.
    for (name, _) in env::vars() {
        let outer = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "CLIPPY_ARGS"]
            .contains(&name.as_str())
            || name == "RUSTC_WORKSPACE_WRAPPER"
            || name == "CARGO_TARGET_DIR"
            || name == "CARGO_BUILD_TARGET_DIR"
            || name.starts_with("CARGO_PROFILE_");
        if outer {
            command.env_remove(name);
        }
    }
    let status = command.status().context("cargo cannot be started")?;
    ensure!(status.success(), "the guests do not build; see the errors above");
    Ok(())
}

fn componentize(module: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(module).with_context(|| module.display().to_string())?;
    ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(ComponentEncoder::encode)
        .with_context(|| format!("{} cannot become a component", module.display()))
}
