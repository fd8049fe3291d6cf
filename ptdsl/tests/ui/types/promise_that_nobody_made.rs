//! That a broken leaf does no harm is a promise only its maker can keep.
use ptdsl::{Breaks, Quiesced};

fn main() {
    let quiesced = Quiesced::promise();
    let _ = Breaks::new(&[], &quiesced);
}
