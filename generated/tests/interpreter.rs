//! Generated code says of every word what the interpreter says; encode and decode are inverse.

mod agree;

use agree::{compare, encode_then_decode, spec};

macro_rules! formats {
    ($($module:ident, $marker:ty, $spec:literal;)+) => {$(
        #[test]
        fn $module() {
            let format = spec($spec);
            compare::<$marker>(&format);
            encode_then_decode(&format);
        }
    )+};
}

formats! {
    arm64_hyp, ptdsl_generated::arm64_hyp::Arm64Hyp, "arm64-hyp.pt";
}
