//! Any bytes go through the compiler. A panic, an endless loop or an overflow is a finding; a diagnostic is not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax::parse;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut sources = SourceMap::default();
    let file = sources.add("fuzzed.pt", text);
    if let Err(diagnostics) = parse(file, &sources.file(file).text) {
        assert!(!diagnostics.is_empty(), "a text was refused without a reason");
    }
});
