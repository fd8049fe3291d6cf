//! What the tables in generated code expand to: descriptors, fields and attributes.
//!
//! A table has one line per field, as the manual has; the macros here write the getter, the setter and their docs. They
//! are for generated code only.

/// Bits `hi:lo` of `word`, moved to bit `at` and up.
#[inline(always)]
#[must_use]
pub const fn take(word: u64, hi: u32, lo: u32, at: u32) -> u64 {
    (word >> lo & (u64::MAX >> (63 - (hi - lo)))) << at
}

/// The bits of `value` from bit `at` up, in bits `hi:lo` of a word.
#[inline(always)]
#[must_use]
pub const fn put(value: u64, hi: u32, lo: u32, at: u32) -> u64 {
    (value >> at & (u64::MAX >> (63 - (hi - lo)))) << lo
}

/// The small differences between entries of a table.
#[doc(hidden)]
#[macro_export]
macro_rules! entry_part {
    // The lowest bit of `[hi:lo]` or `[hi]`.
    (low $hi:literal) => {
        $hi
    };
    (low $hi:literal $lo:literal) => {
        $lo
    };
    // The lowest bit of the value that stands there.
    (at) => {
        0
    };
    (at $at:literal) => {
        $at
    };
    // A field's value from a number and back, and as `Debug` shows it.
    (of bool $bits:expr) => {
        $bits != 0
    };
    (of $type:ident $bits:expr) => {
        $type($bits as _)
    };
    (in bool $value:expr) => {
        $value as u64
    };
    (in $type:ident $value:expr) => {
        $value.0 as u64
    };
    (shown bool $value:expr) => {
        $value
    };
    (shown $type:ident $value:expr) => {
        $value.0
    };
    // The manual's name: `_` where the getter is called the same.
    (name _ $get:ident) => {
        stringify!($get)
    };
    (name $manual:literal $get:ident) => {
        $manual
    };
    // What an entry holds that is of no kind, or of one.
    (holds $word:ident) => {
        $word
    };
    (holds $word:ident $type:ident) => {
        $type
    };
    (made $raw:ident) => {
        $raw
    };
    (made $raw:ident $type:ident) => {
        $type($raw)
    };
}

/// Getter and setter of one field. The manual's name is an alias in the docs.
#[doc(hidden)]
#[macro_export]
macro_rules! accessor {
    ($word:ident $get:ident $set:ident _ $($rest:tt)*) => {
        $crate::accessor!(@ $word $get $set () (stringify!($get)) $($rest)*);
    };
    ($word:ident $get:ident $set:ident $manual:literal $($rest:tt)*) => {
        $crate::accessor!(@ $word $get $set (#[doc(alias = $manual)]) ($manual) $($rest)*);
    };
    (@ $word:ident $get:ident $set:ident ($($alias:tt)*) ($manual:expr)
        [$($hi:literal $(: $lo:literal)? $(@ $at:literal)?),+] $type:ident $($default:literal)?) => {
        #[doc = concat!(" `", $manual, "`, bits ", $("[", $hi, $(":", $lo,)? "]",)+ "."
            $(, " Default ", stringify!($default), ".")?)]
        $($alias)*
        pub const fn $get(self) -> $type {
            $crate::entry_part!(of $type (0 $(| $crate::tables::take(
                self.0 as u64, $hi, $crate::entry_part!(low $hi $($lo)?), $crate::entry_part!(at $($at)?)
            ))+))
        }
        #[doc = concat!(" With another `", $manual, "`.")]
        pub const fn $set(self, value: $type) -> Self {
            let value = $crate::entry_part!(in $type value);
            let held = 0 $(| $crate::tables::put(
                u64::MAX, $hi, $crate::entry_part!(low $hi $($lo)?), 0
            ))+;
            let placed = 0 $(| $crate::tables::put(
                value, $hi, $crate::entry_part!(low $hi $($lo)?), $crate::entry_part!(at $($at)?)
            ))+;
            Self((self.0 as u64 & !held | placed) as $word)
        }
    };
}

/// A descriptor: a newtype over the word, its predicate, its address, and one line per field.
#[doc(hidden)]
#[macro_export]
macro_rules! descriptor {
    (
        $(#[$about:meta])*
        pub struct $name:ident($word:ident): $kind:literal;
        matches($raw:ident) = $matches:expr;
        $class:ident { $($address:tt)* }
        $($get:ident $set:ident $manual:tt [$($places:tt)+]: $type:ident $(= $default:literal)?;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $name($word);

        impl $name {
            #[inline(always)]
            const fn matches($raw: $word) -> bool {
                $matches
            }
            #[doc = concat!(" The descriptor in a word; `None` for a word that is no `", $kind, "` there.")]
            pub const fn from_raw(raw: $word) -> Option<Self> {
                if Self::matches(raw) { Some(Self(raw)) } else { None }
            }
            /// The word.
            pub const fn raw(self) -> $word {
                self.0
            }
            $crate::address!($class $word $($address)*);
            $($crate::accessor!($word $get $set $manual [$($places)+] $type $($default)?);)*
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut all = f.debug_struct(stringify!($name));
                $crate::address!(debug $class self all);
                $(all.field(
                    $crate::entry_part!(name $manual $get),
                    &$crate::entry_part!(shown $type self.$get()),
                );)*
                all.finish()
            }
        }
    };
}

/// What a descriptor's class gives it: the word of an empty slot, the next table, the output.
#[doc(hidden)]
#[macro_export]
macro_rules! address {
    (invalid $word:ident empty = $empty:literal;) => {
        /// An empty slot.
        pub const EMPTY: Self = Self($empty);
    };
    (table $word:ident $($address:tt)*) => {
        $crate::address!(@ "Points to a table" next "The next table's address" $($address)*);
    };
    (leaf $word:ident $($address:tt)*) => {
        $crate::address!(@ "Maps `output`" output "The output address" $($address)*);
        $crate::address!(sized $word);
    };
    // The generated code says what depends on the size.
    (sized $word:ident) => {
        /// The word, if it is of this kind and maps `output`.
        #[allow(dead_code)]
        #[inline(always)]
        const fn mapping(raw: $word, output: u64) -> Option<$word> {
            if Self::matches(raw) && Self(raw).output().0 == output { Some(raw) } else { None }
        }
    };
    (@ $about:literal $get:ident $what:literal
        $_get:ident($from:ident) $places:literal = $value:expr; new($address:ident) = $made:expr; within = $reach:literal;
    ) => {
        #[doc = concat!(" ", $about, ", all else at its default; `None` for an address it cannot hold.")]
        pub const fn new($get: $crate::Phys) -> Option<Self> {
            let $address = $get.0;
            if $address & !$reach != 0 { None } else { Some(Self($made)) }
        }
        #[doc = concat!(" ", $what, ", ", $places, ".")]
        #[inline(always)]
        pub const fn $get(self) -> $crate::Phys {
            let $from = self.0;
            $crate::Phys($value)
        }
    };
    (debug invalid $self:ident $all:ident) => { $all.field("raw", &format_args!("{:#x}", $self.0)); };
    (debug table $self:ident $all:ident) => { $all.field("next", &$self.next()); };
    (debug $_leaf:ident $self:ident $all:ident) => { $all.field("output", &$self.output()); };
}

/// The types of fields: `Name[bits]` with a constant per named value.
#[doc(hidden)]
#[macro_export]
macro_rules! field_types {
    ($word:ident; $(
        $(#[$about:meta])*
        pub struct $name:ident[$bits:literal] $($only:ident)? { $($constant:ident $named:literal = $value:literal;)* }
    )*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name($word);

        impl $name {
            $(
                #[doc = concat!(" `", $named, " = ", stringify!($value), "`")]
                pub const $constant: Self = Self($value);
            )*
            $crate::field_types!(new $name $word $bits [$($only)?] $($value)*);
            /// The value.
            pub const fn value(self) -> $word {
                self.0
            }
        }
    )*};
    (new $name:ident $word:ident $bits:literal [] $($value:literal)*) => {
        /// `None` for a value that has more bits.
        pub const fn new(value: $word) -> Option<Self> {
            if value as u64 >> ($bits - 1) >> 1 == 0 { Some(Self(value)) } else { None }
        }
    };
    (new $name:ident $word:ident $bits:literal [only] $($value:literal)*) => {
        /// `None` for a value that has no name here: it would fault.
        pub const fn new(value: $word) -> Option<Self> {
            if matches!(value, $($value)|*) { Some(Self(value)) } else { None }
        }
    };
}

/// An attribute: its rows, and the bits of each in `Attributes`.
#[doc(hidden)]
#[macro_export]
macro_rules! attribute {
    (
        $(#[$about:meta])*
        pub enum $name:ident: $bits:literal;
        $($(#[$row_about:meta])* $row:ident = $value:literal;)+
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$row_about])* $row),+
        }

        impl $name {
            const BITS: u64 = $bits;
            const fn bits(self) -> u64 {
                match self { $(Self::$row => $value),+ }
            }
            const fn from_bits(bits: u64) -> Option<Self> {
                match bits & Self::BITS { $($value => Some(Self::$row),)+ _ => None }
            }
        }
    };
}

/// `Attributes` and `Patch`: attributes by row, other fields one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! attributes {
    (
        attributes { $($name:ident: $type:ident = $first:ident;)* }
        fields {
            $($get:ident $set:ident $manual:tt
                [$($hi:literal $(: $lo:literal)? $(@ $at:literal)?),+]: $value:ident $(= $default:literal)?;)*
        }
    ) => {
        /// What a caller asks of a mapping, in the places of the smallest leaf. Only listed combinations can be built.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Attributes(u64);

        impl Attributes {
            $(
                #[doc = concat!(" The attribute `", stringify!($name), "`.")]
                pub const fn $name(self) -> $type {
                    // Only listed rows can be built.
                    match $type::from_bits(self.0) { Some(row) => row, None => $type::$first }
                }
            )*
            $($crate::accessor!(u64 $get $set $manual [$($hi $(: $lo)? $(@ $at)?),+] $value $($default)?);)*
        }

        impl ::core::fmt::Debug for Attributes {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                let mut all = f.debug_struct("Attributes");
                $(all.field(stringify!($name), &self.$name());)*
                $(all.field(
                    $crate::entry_part!(name $manual $get),
                    &$crate::entry_part!(shown $value self.$get()),
                );)*
                all.finish()
            }
        }

        /// What is to change of a leaf; everything that is not named stays. For `PageTable::protect`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Patch {
            mask: u64,
            value: u64,
        }

        impl Patch {
            /// Changes nothing.
            #[must_use]
            pub const fn new() -> Self {
                Patch { mask: 0, value: 0 }
            }
            #[allow(dead_code)]
            const fn with(self, mask: u64, value: u64) -> Self {
                Patch { mask: self.mask | mask, value: self.value & !mask | value }
            }
            $(
                #[doc = concat!(" Sets the attribute `", stringify!($name), "`.")]
                #[must_use]
                pub const fn $name(self, value: $type) -> Self {
                    self.with($type::BITS, value.bits())
                }
            )*
            $(
                #[doc = concat!(" Sets `", $crate::entry_part!(name $manual $get), "`.")]
                #[must_use]
                pub const fn $set(self, value: $value) -> Self {
                    let bits = Attributes(0).$set(value).0;
                    self.with(0 $(| $crate::tables::put(
                        u64::MAX, $hi, $crate::entry_part!(low $hi $($lo)?), 0
                    ))+, bits)
                }
            )*
        }

        impl From<Attributes> for Patch {
            /// Sets all that `Attributes` says.
            fn from(attributes: Attributes) -> Self {
                let mask = 0 $(| $type::BITS)* $($(| $crate::tables::put(
                    u64::MAX, $hi, $crate::entry_part!(low $hi $($lo)?), 0
                ))+)*;
                Patch { mask, value: attributes.0 }
            }
        }
    };
}

/// The kinds of each level: the first that matches; what matches none is the last.
#[doc(hidden)]
#[macro_export]
macro_rules! entries {
    ($word:ident; $(
        $where:literal $name:ident: $($variant:ident($type:ident),)* _ = $last:ident $(($last_type:ident))?;
    )*) => {$(
        #[doc = concat!(" What may stand at ", $where, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!(" `", stringify!($variant), "`")]
                $variant($type),
            )*
            #[doc = $crate::entries!(about $last)]
            $last($crate::entry_part!(holds $word $($last_type)?)),
        }

        impl $name {
            const fn of(raw: $word) -> Self {
                $(if $type::matches(raw) { return Self::$variant($type(raw)); })*
                Self::$last($crate::entry_part!(made raw $($last_type)?))
            }
        }
    )*};
    (about Reserved) => { " A word of no kind, or one that breaks a bit which the walk checks: translation fault." };
    (about $kind:ident) => { concat!(" `", stringify!($kind), "`") };
}
