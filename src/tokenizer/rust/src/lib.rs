//! The tokenizers crate behind a C interface; include/limpid_rust.h documents every function.

mod chat;
mod ffi;
mod python;
mod tokenizer;
