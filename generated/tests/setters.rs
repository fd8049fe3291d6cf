//! Setters of generated descriptors: each sets its field to the value, leaves every other bit, and the getter gives it back.
//!
//! The modules are compiled a second time here, as part of a crate that calls itself `ptdsl`: their tables go through the
//! macros below, which make what the runtime makes of them and list the setters beside.

#![allow(missing_docs, unreachable_pub, reason = "what the macros name is public, and this is no library")]

extern crate ptdsl as runtime;
extern crate self as ptdsl;

pub use runtime::*;

#[allow(dead_code, reason = "of the comparison only what makes specs and values is used")]
mod agree;
#[macro_use]
mod library;

use ptdsl_compiler::ir::{self, KindClass, Role};

/// The type of a field, from a number and back.
pub trait Value: Sized {
    fn from_number(number: u64) -> Option<Self>;
    fn number(self) -> u64;
}

impl Value for bool {
    fn from_number(number: u64) -> Option<Self> {
        (number < 2).then_some(number == 1)
    }
    fn number(self) -> u64 {
        u64::from(self)
    }
}

/// A field of a descriptor: words and values as numbers.
pub struct Field {
    /// The manual's name.
    name: &'static str,
    get: fn(u64) -> u64,
    /// `None` for a value that the field's type does not have.
    set: fn(u64, u64) -> Option<u64>,
}

/// A kind at a level, as generated code has it.
pub struct Kind {
    /// `level 1`
    place: &'static str,
    name: &'static str,
    fields: Vec<Field>,
}

#[macro_export]
macro_rules! descriptor {
    ($($all:tt)*) => {
        ::runtime::descriptor! { $($all)* }
        $crate::listed! { $($all)* }
    };
}

#[macro_export]
macro_rules! listed {
    (
        $(#[$about:meta])*
        pub struct $name:ident($word:ident): $kind:literal;
        matches($raw:ident) = $matches:expr;
        $class:ident { $($address:tt)* }
        $($get:ident $set:ident $manual:tt [$($places:tt)+]: $type:ident $(= $default:literal)?;)*
    ) => {
        impl $name {
            fn fields() -> Vec<$crate::Field> {
                vec![$($crate::Field {
                    name: $crate::entry_part!(name $manual $get),
                    get: |word| $crate::Value::number($name(word as $word).$get()),
                    set: |word, value| {
                        <$type as $crate::Value>::from_number(value).map(|value| $name(word as $word).$set(value).0.into())
                    },
                }),*]
            }
        }
    };
}

#[macro_export]
macro_rules! field_types {
    ($($all:tt)*) => {
        ::runtime::field_types! { $($all)* }
        $crate::numbers! { $($all)* }
    };
}

#[macro_export]
macro_rules! numbers {
    ($word:ident; $(
        $(#[$about:meta])*
        pub struct $name:ident[$bits:literal] $($only:ident)? { $($constants:tt)* }
    )*) => {$(
        impl $crate::Value for $name {
            fn from_number(number: u64) -> Option<Self> {
                Self::new(number as $word)
            }
            fn number(self) -> u64 {
                self.value().into()
            }
        }
    )*};
}

#[macro_export]
macro_rules! entries {
    ($($all:tt)*) => {
        ::runtime::entries! { $($all)* }
        $crate::kinds! { $($all)* }
    };
}

#[macro_export]
macro_rules! kinds {
    ($word:ident; $(
        $where:literal $name:ident: $($variant:ident($type:ident),)* _ = $last:ident $(($last_type:ident))?;
    )*) => {
        pub fn kinds() -> Vec<$crate::Kind> {
            vec![$(
                $($crate::Kind { place: $where, name: stringify!($variant), fields: $type::fields() },)*
                $($crate::Kind { place: $where, name: stringify!($last), fields: $last_type::fields() },)?
            )*]
        }
    };
}

/// A bit range of a word, and where it stands in the field's value.
struct Place {
    mask: u64,
    low: u32,
    at: u32,
}

fn places(kind: &ir::Kind, wanted: usize) -> Vec<Place> {
    let place = |piece: &ir::Piece| match piece.role {
        Role::Field { field, value_lo } if field.0 == wanted => {
            Some(Place { mask: u64::MAX >> (63 - (piece.hi - piece.lo)), low: piece.lo, at: value_lo })
        }
        _ => None,
    };
    kind.pieces.iter().filter_map(place).collect()
}

/// Words that are random, and all zero and all one.
const WORDS: [u64; 5] = [0, u64::MAX, 0x9e37_79b9_7f4a_7c15, 0x5851_f42d_4c95_7f2d, 0xd1b5_4a32_d192_ed03];

/// Checks every setter of every kind of a format; how many there are.
fn check(format: &ir::Format, generated: &[Kind]) -> usize {
    let ones = u64::MAX >> (64 - format.word_bits);
    let mut count = 0;
    for level in &format.levels {
        for kind in level.kinds.iter().filter(|kind| kind.class != KindClass::Invalid) {
            let place = format!("level {}", level.number);
            let is = |one: &&Kind| {
                one.place == place && [&kind.name, &kind.family].into_iter().any(|name| name == one.name)
            };
            let generated: Vec<&Kind> = generated.iter().filter(is).collect();
            assert!(!generated.is_empty(), "{} at {place} has no type", kind.name);
            for (index, field) in format.fields.iter().enumerate() {
                let places = places(kind, index);
                if places.is_empty() {
                    continue;
                }
                let named: Vec<&Field> = generated
                    .iter()
                    .flat_map(|kind| &kind.fields)
                    .filter(|one| one.name == field.manual_name)
                    .collect();
                assert!(!named.is_empty(), "{}.{} at {place} has no setter", kind.name, field.name);
                for one in named {
                    check_field(one, field, &places, ones);
                    count += 1;
                }
            }
        }
    }
    count
}

fn check_field(generated: &Field, field: &ir::Field, places: &[Place], ones: u64) {
    let mut set = 0;
    for value in agree::samples(field.bits, 16) {
        for word in WORDS.map(|word| word & ones) {
            let expected = places.iter().fold(word, |word, place| {
                word & !(place.mask << place.low) | (value >> place.at & place.mask) << place.low
            });
            let Some(found) = (generated.set)(word, value) else {
                let listed = field.values.iter().any(|known| known.value == value);
                assert!(field.other_values_fault && !listed, "{} cannot be {value:#x}", field.name);
                continue;
            };
            assert_eq!(found, expected, "{} = {value:#x} in {word:#x}", field.name);
            assert_eq!((generated.get)(found), value, "{} of {found:#x}", field.name);
            set += 1;
        }
    }
    assert!(set > 0, "{} takes no value", field.name);
}

macro_rules! setters {
    ($($module:ident, $type:ty, $spec:literal;)+) => {
        #[allow(dead_code, reason = "descriptors and their tables are used")]
        #[path = ".."]
        mod formats {
            $(pub mod $module;)+
        }

        $(#[test]
        fn $module() {
            assert!(check(&agree::spec($spec), &formats::$module::kinds()) > 0);
        })+
    };
}

for_every_format!(setters);
