//! The command as a user meets it: what it prints, where, and its exit status.

#[path = "cli/check.rs"]
mod check;
#[path = "cli/decode.rs"]
mod decode;
#[path = "cli/doc.rs"]
mod doc;
#[path = "cli/encode.rs"]
mod encode;
#[path = "cli/fmt.rs"]
mod fmt;
#[path = "cli/generate.rs"]
mod generate;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/session.rs"]
mod session;
#[path = "../../ptdsl-compiler/tests/vectors/shared.rs"]
mod shared;
#[path = "cli/vectors.rs"]
mod vectors;
