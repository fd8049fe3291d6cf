//! Any bytes go through the compiler. A panic, an endless loop or an overflow is a finding; a diagnostic is not.
//!
//! What compiles goes on into the emitter, whose output must parse, and into the interpreter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ptdsl_compiler::diagnostic::render::{Style, render};
use ptdsl_compiler::source::{Loader, SourceFile};
use ptdsl_compiler::{compile, decode, emit};

/// Words that stand for all: empty, every bit set, the guards of small descriptors, patterns.
const WORDS: [u64; 6] = [0, u64::MAX, 1, 3, 0x5555_5555_5555_5555, 0x0040_0000_8000_1743];

/// A `use` finds what the format library holds, and no file.
struct Library;

impl Loader for Library {
    fn load(&self, path: &str, _: &str) -> Result<SourceFile, String> {
        let found = ptdsl_formats::find(path).ok_or_else(|| format!("there is no `{path}`"))?;
        Ok(SourceFile { name: found.name.to_owned(), text: found.text.to_owned() })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let compilation = compile(SourceFile { name: "fuzzed.pt".to_owned(), text }, &Library, &[]);
    for diagnostic in &compilation.diagnostics {
        assert!(!render(diagnostic, &compilation.sources, Style::default()).is_empty());
    }
    assert!(!compilation.formats.is_empty() || compilation.has_errors(), "refused without a reason");
    for format in &compilation.formats {
        assert!(!emit::rust::file(format, "fuzzed.pt").is_empty());
        for level in &format.levels {
            for word in WORDS {
                let word = if format.word_bits == 32 { word & 0xffff_ffff } else { word };
                assert!(
                    decode::decode(format, level.number, word).is_ok(),
                    "level {} {word:#x}",
                    level.number
                );
            }
        }
    }
});
