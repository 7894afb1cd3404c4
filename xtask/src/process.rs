//! Programs that tasks call.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What guests are built for.
const WASM: &str = "wasm32-unknown-unknown";

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(1)
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Shows a command and runs it to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_owned();
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
    eprintln!("$ {} {}", program.to_string_lossy(), args.join(" "));
    let status = command
        .status()
        .with_context(|| format!("{} cannot be started", program.to_string_lossy()))?;
    ensure!(status.success(), "{} failed: {status}", program.to_string_lossy());
    Ok(())
}

/// Where cargo builds to.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let output = cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output()?;
    let metadata = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = metadata.split_once("\"target_directory\":\"").map(|(_, rest)| rest);
    let folder = value.and_then(|rest| rest.split('"').next());
    folder.map(PathBuf::from).context("cargo metadata names the target folder")
}

/// Builds a guest; its module, which is no component yet.
pub(crate) fn build_guest(package: &str) -> Result<PathBuf> {
    let guests = target_folder()?.join("guests");
    run(cargo()
        .args(["build", "--locked", "--package", package])
        .args(["--target", WASM, "--profile", "guest", "--target-dir"])
        .arg(&guests))?;
    Ok(guests.join(WASM).join("guest").join(format!("{}.wasm", package.replace('-', "_"))))
}

/// Adds the target of the guests when it is missing.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    let libdir = Command::new("rustc")
        .current_dir(root())
        .args(["--print", "target-libdir", "--target", WASM])
        .output()
        .context("rustc cannot be started")?;
    if Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir() {
        return Ok(());
    }
    run(Command::new("rustup").current_dir(root()).args(["target", "add", WASM]))
}
