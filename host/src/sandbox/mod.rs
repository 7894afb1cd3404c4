//! Sandbox: detectors as WebAssembly components that cannot hurt.
//!
//! Only this folder names wasmtime. A component gets rows and a log, nothing
//! else: no WASI is linked, an import that we do not know is an error that names
//! it. Whatever a guest does - loop, crash, ask for memory, answer nonsense - is
//! a [`Fault`] with its name, and its neighbours do not notice.

mod abi;
mod batch;
mod cache;
mod engine;
mod fault;
mod instance;
mod limits;

pub use abi::v0_1::Manifest;
pub use batch::{Batch, Column, RowHead, Rows};
pub use cache::Cache;
pub use engine::{LoadError, Plugin, Sandbox};
pub use fault::Fault;
pub use instance::{Guest, Instance, Started};
pub use limits::Limits;
