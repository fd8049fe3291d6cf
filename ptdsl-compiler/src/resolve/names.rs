//! What a misspelt name could have meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::closest;
use crate::syntax::ast::Name;

/// Longer names are not compared: that takes the product of the lengths, and none of them is a slip of the fingers.
const LONGEST: usize = 64;

/// The name that was probably meant.
pub(crate) fn meant<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    closest(name, candidates.into_iter().filter(|known| known.len() <= LONGEST && name.len() <= LONGEST))
}

/// "no such thing", with what was probably meant, or with what there is.
pub(crate) fn unknown<'c>(
    code: Code,
    what: &str,
    name: &Name,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Diagnostic {
    let mut known: Vec<&str> = candidates.into_iter().collect();
    let finding =
        Diagnostic::new(code, format!("there is no {what} `{}`", name.node), name.span, "not known");
    if let Some(meant) = meant(name, known.iter().copied()) {
        return finding.help(format!("did you mean `{meant}`?"));
    }
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => finding.help(format!("declare it; there is no {what} at all yet")),
        1..=12 => finding.help(format!("declare it, or use one of: {}", known.join(", "))),
        _ => finding.help(format!("declare it, or use one of the {} that there are", known.len())),
    }
}
