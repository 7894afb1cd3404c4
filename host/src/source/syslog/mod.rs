//! draft
mod batch; pub mod counters; mod framer; mod held; pub mod journal; pub mod network; pub mod settings;
