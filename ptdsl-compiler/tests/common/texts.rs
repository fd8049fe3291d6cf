//! Specs given as texts, for tests of what files make of each other.

use ptdsl_compiler::source::{Loader, SourceFile};
use ptdsl_compiler::{Compilation, compile};

/// Files by name.
pub(crate) struct Texts<'t>(pub(crate) &'t [(&'t str, &'t str)]);

impl Loader for Texts<'_> {
    fn load(&self, path: &str, _from: &str) -> Result<SourceFile, String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        let (name, text) = found.ok_or_else(|| format!("no text is called `{path}`"))?;
        Ok(SourceFile { name: (*name).into(), text: (*text).into() })
    }
}

/// Compiles the first of the texts.
pub(crate) fn compile_texts(texts: &[(&str, &str)], options: &[&str]) -> Compilation {
    let (name, text) = texts[0];
    compile(SourceFile { name: name.into(), text: text.into() }, &Texts(texts), options)
}

/// A faultless format of 32-bit words with one level, in pieces that tests put together.
pub(crate) const SMALL: &str = r#"
arch aarch64;
instruction isb = "isb";
sequence publish leaf { store; isb; }
sequence invalidate leaf { store; isb; }
format small: u32 {
    granule 4K;
    input VA[21:0] extend VA[21];
    output PA[31:0];
    level 0 { index VA[21:12]; Page }
    invalid when [0] = 0 { [31:1] software; }
    leaf Page when [0] = 1 { [31:n] PA[31:n]; [11:8] SW: software; [7:5] AP; [4:1] mbz; }
    attribute prot { r => AP = 1; rw => AP = 3; }
    change { otherwise => break; }
}
"#;
