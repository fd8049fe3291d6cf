//! The `ptdsl` command.
fn main() {}
