//! Generated code says of every word what the interpreter says; encode and decode are inverse.

mod agree;
#[macro_use]
mod library;

use agree::{compare, encode_then_decode, spec};

macro_rules! agrees {
    ($($module:ident, $marker:ty, $spec:literal;)+) => {
        $(
            #[test]
            fn $module() {
                let format = spec($spec);
                compare::<$marker>(&format);
                encode_then_decode(&format);
            }
        )+

        #[test]
        fn the_table_is_the_library() {
            let formats: Vec<&str> = ptdsl_formats::all().iter().filter(|f| !f.shared).map(|f| f.name).collect();
            let mut table = vec![$($spec),+];
            table.sort_by_key(|name| formats.iter().position(|known| known == name));
            assert_eq!(table, formats);
        }
    };
}

for_every_format!(agrees);
