//! Setters of descriptors set their field and nothing else: each body that the emitter writes, worked out for random words.

mod common;

use common::Folders;
use ptdsl_compiler::emit::rust;
use ptdsl_compiler::ir::{Format, Kind, KindClass, Role};
use ptdsl_compiler::source::Loader;
use syn::{BinOp, Expr, ImplItem, ImplItemFn, Item, Lit, Member, Stmt, UnOp};

const FOLDERS: Folders = Folders(&["../formats", "tests/emit"]);

/// Words and values tried with each setter.
const TRIES: u32 = 64;

/// The value of an emitted expression for `self.0` and `value`, in words of `ones`.
fn evaluate(expression: &Expr, word: u64, value: u64, ones: u64) -> u64 {
    let of = |inner: &Expr| evaluate(inner, word, value, ones);
    match expression {
        Expr::Paren(inner) => of(&inner.expr),
        // The constructor of the descriptor.
        Expr::Call(call) => of(&call.args[0]),
        Expr::Cast(cast) => {
            let syn::Type::Path(path) = &*cast.ty else { panic!("a cast to what is no type by name") };
            of(&cast.expr)
                & match path.path.get_ident().expect("one word").to_string().as_str() {
                    "u64" => u64::MAX,
                    "u32" => 0xffff_ffff,
                    "u16" => 0xffff,
                    "u8" => 0xff,
                    other => panic!("a cast to {other}"),
                }
        }
        Expr::Binary(binary) => {
            let (left, right) = (of(&binary.left), of(&binary.right));
            match binary.op {
                BinOp::BitAnd(_) => left & right,
                BinOp::BitOr(_) => left | right,
                BinOp::Shl(_) => left << right & ones,
                BinOp::Shr(_) => left >> right,
                other => panic!("an operator {other:?}"),
            }
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => !of(&unary.expr) & ones,
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().expect("a number of up to 64 bits"),
            other => panic!("a literal {other:?}"),
        },
        Expr::Field(field) if matches!(&field.member, Member::Unnamed(index) if index.index == 0) => {
            of(&field.base)
        }
        Expr::Path(path) if path.path.is_ident("self") => word,
        Expr::Path(path) if path.path.is_ident("value") => value,
        other => panic!("an expression {other:?}"),
    }
}

/// The setter of a field: the one whose documentation names it.
fn setter<'a>(methods: &'a [ImplItem], manual_name: &str) -> Option<&'a ImplItemFn> {
    let about = format!(" With another `{manual_name}`.");
    methods.iter().find_map(|item| {
        let ImplItem::Fn(method) = item else { return None };
        let says = method.attrs.iter().any(|attribute| match &attribute.meta {
            syn::Meta::NameValue(meta) => match &meta.value {
                Expr::Lit(literal) => matches!(&literal.lit, Lit::Str(text) if text.value() == about),
                _ => false,
            },
            _ => false,
        });
        says.then_some(method)
    })
}

/// The methods of the type of a kind at a level: under its name alone where all levels have the same.
fn methods<'a>(items: &'a [Item], kind: &Kind, level: i32) -> &'a [ImplItem] {
    let level = if level < 0 { format!("Minus{}", -level) } else { level.to_string() };
    let names = [&kind.family, &kind.name].map(|name| [format!("{name}{level}"), name.clone()]);
    let found = names.into_iter().flatten().find_map(|name| {
        items.iter().find_map(|item| match item {
            Item::Impl(block) if block.trait_.is_none() => match &*block.self_ty {
                syn::Type::Path(path) if path.path.is_ident(&name) => Some(&block.items[..]),
                _ => None,
            },
            _ => None,
        })
    });
    found.unwrap_or_else(|| panic!("no type for {}", kind.name))
}

/// Checks every setter of a format, and counts them.
fn check(format: &Format, spec: &str) -> usize {
    let file = syn::parse_file(&rust::file(format, spec)).expect("what is emitted is Rust");
    let ones = u64::MAX >> (64 - format.word_bits);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut count = 0;
    for level in &format.levels {
        for kind in level.kinds.iter().filter(|kind| kind.class != KindClass::Invalid) {
            let methods = methods(&file.items, kind, level.number);
            for (index, field) in format.fields.iter().enumerate() {
                let places = kind.pieces.iter().filter_map(|piece| match piece.role {
                    Role::Field { field, value_lo } if field.0 == index => {
                        Some((piece.hi, piece.lo, value_lo))
                    }
                    _ => None,
                });
                let places: Vec<_> = places.collect();
                if places.is_empty() {
                    continue;
                }
                let setter = setter(methods, &field.manual_name);
                let setter = setter.unwrap_or_else(|| panic!("{}.{} has no setter", kind.name, field.name));
                let [Stmt::Expr(body, None)] = &setter.block.stmts[..] else { panic!("not one expression") };
                for _ in 0..TRIES {
                    let (word, value) = (next() & ones, next() & u64::MAX >> (64 - field.bits));
                    let expected = places.iter().fold(word, |word, (hi, lo, value_lo)| {
                        let mask = u64::MAX >> (63 - (hi - lo)) << lo;
                        word & !mask | value >> value_lo << lo & mask
                    });
                    let found = evaluate(body, word, value, ones);
                    assert_eq!(found, expected, "{}.{} = {value:#x} in {word:#x}", kind.name, field.name);
                }
                count += 1;
            }
        }
    }
    count
}

#[test]
fn setters_set_their_field_and_nothing_else() {
    let mut formats = 0;
    for folder in FOLDERS.0 {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(here).expect("a folder") {
            let name = entry.expect("readable").file_name().into_string().expect("ASCII");
            if !name.ends_with(".pt") {
                continue;
            }
            let root = FOLDERS.load(&name, "").expect("it is there");
            for format in ptdsl_compiler::compile(root, &FOLDERS, &[]).formats {
                formats += 1;
                let count = check(&format, &name);
                // The smallest fixture has no field.
                assert!(count > 0 || format.fields.is_empty(), "{name}");
            }
        }
    }
    assert!(formats > 60, "{formats}");
}
