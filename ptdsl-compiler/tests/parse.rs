//! Every construct of the language, and what the parser says about texts that are not in it.

use ptdsl_compiler::diagnostic::{Code, Diagnostic, location};
use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax::{MAX_BYTES, MAX_NESTING, ast, parse};
use std::fmt::Write as _;

fn read(text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    parse(file, text)
}

fn tree(text: &str) -> ast::File {
    read(text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

/// The declarations of a text, one a line, without places.
fn shape(text: &str) -> String {
    let file = tree(text);
    let mut lines: Vec<String> = Vec::new();
    lines.extend(file.uses.iter().map(|item| format!("{item:?}")));
    for item in &file.items {
        match &item.kind {
            ast::ItemKind::Format(format) => {
                lines.push(format!("Format {:?}: {:?} {:?}", format.name, format.base, item.docs));
                lines.extend(format.items.iter().map(|item| format!("    {item:?}")));
            }
            _ => lines.push(format!("{item:?}")),
        }
    }
    lines.extend(file.comments.iter().map(|comment| format!("// {comment:?}")));
    lines.iter().map(|line| unspanned(line) + "\n").collect()
}

/// `Spanned { node: x, span: .. }` becomes `x`, bounds become `[+Symbol("n"), -Number(1)]`, and other places go away.
fn unspanned(text: &str) -> String {
    const WRAPPERS: [(&str, &str); 4] = [
        ("Spanned { node: ", ""),
        ("Bound { terms: ", ""),
        ("BoundTerm { minus: false, atom: ", "+"),
        ("BoundTerm { minus: true, atom: ", "-"),
    ];
    let mut out = String::new();
    let mut rest = text;
    // For each open brace: whether it is left out.
    let mut braces: Vec<bool> = Vec::new();
    while let Some(first) = rest.chars().next() {
        let wrapper = WRAPPERS.iter().find_map(|(long, short)| Some((rest.strip_prefix(long)?, short)));
        if let Some((behind, short)) = wrapper {
            braces.push(true);
            out.push_str(short);
            rest = behind;
        } else if rest.starts_with(", span: Span {") || rest.starts_with(", head: Span {") {
            rest = rest.split_once('}').expect("a place ends").1;
        } else if rest.starts_with("Span {") {
            out.push('_');
            rest = rest.split_once('}').expect("a place ends").1;
        } else {
            let hidden = first == '}' && braces.pop() == Some(true);
            if first == '{' {
                braces.push(false);
            }
            if hidden {
                out.truncate(out.trim_end().len());
            } else {
                out.push(first);
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[test]
fn declarations_of_a_format() {
    insta::assert_snapshot!(shape(
        "use \"base.pt\"; // shared\n\
         arch aarch64;\n\
         /// Documented.\n///Twice.\noption ttl of table;\noption big of type;\n\
         set big; granule 4K; granule 0x4000; without Block;\n\
         input VA[47:0] down to 25 extend 0; input VA extend VA[38];\n\
         output PA[47:0]; output PA[47:0] at most PS { 32 = 0b000, 36 = 1, };\n\
         level 1 { index VA[38:30]; Table, Block } level -1 { index VA[51:48]; empty 0x10; Table, }\n\
         hardware sets AF, AP2;\n\
         /// A format.\nformat a: u64 { otherwise reserved; }\nformat b: a { }"
    ));
}

#[test]
fn kinds_and_fields() {
    insta::assert_snapshot!(shape(
        "invalid when [0] = 0 { [63:1] software; }\n\
         table T when [1:0] = 0b11 { [63] ignored; [62] res0; [61] res1; [60] mbz; [59] mbo; [47:12] next PA[47:12]; }\n\
         leaf L when [1:0] = 1 { ..Common; [47:n] PA[47:n]; [n-1:12] res0; [n+k-2] AP[2]; }\n\
         fields Common { [58:55] SW: software;\n/// Docs.\n[54] XN; [10] AF = 1; [1] RW as \"R/W\" = 1;\n\
         [9:8] SH { non = 0, inner = 0b11, else fault } [7] AP2 as \"AP[2]\" = 1 { ro = 1, };\n\
         [6] A if x else B { y = 1 } if z else mbz; [5] C { c = 0 } if x else next PA[5]; [4] E {} }"
    ));
}

#[test]
fn attributes_changes_and_registers() {
    insta::assert_snapshot!(shape(
        "effective XN = XN | path.XNTable;\n\
         attribute prot {\n/// Read.\nr => AP2 = ro, XN = 1; }\n\
         forbid prot = rx with memory = device;\n\
         group 16 at levels -1..=3 when Contiguous = 1; group 4 at level 3 when C = yes;\n\
         change { SW => store; AF 0 -> 1 => store, publish; AP2, XN => store, invalidate; otherwise => break; }\n\
         registers {\n/// Control.\nTCR { [5:0] = 64 - width; otherwise 0; } TTBR { [47:1] = root[47:1]; } }\n\
         instruction isb = \"isb\"; instruction tlbi(x, y) = \"tlbi {x}, {y}\";\n\
         operand va { [47:46] = 0b01 if ttl else 0; }\n\
         sequence invalidate table { store; isb; tlbi(va, other); }"
    ));
}

#[test]
fn operators_bind_as_documented() {
    let guard = |text: &str| shape(&format!("leaf A when {text} {{ }}"));
    let same = |text: &str, grouped: &str| assert_eq!(guard(text), guard(grouped), "{text}");
    same("not [0] = 1 and [1] = 1 or [2] != 1", "((not [0] = 1) and [1] = 1) or [2] != 1");
    same("[0] = 1 or [1] = 1 and [2] in 1..=6", "[0] = 1 or ([1] = 1 and [2] in 1..=6)");
    same("not not [0] = 1", "not (not ([0] = 1))");
    assert_ne!(guard("([0] = 1 or [1] = 1) and [2] = 1"), guard("[0] = 1 or [1] = 1 and [2] = 1"));

    let value = |text: &str| shape(&format!("effective A = {text};"));
    let same = |text: &str, grouped: &str| assert_eq!(value(text), value(grouped), "{text}");
    same("a | b & c + d - 1", "a | (b & ((c + d) - 1))");
    same("a - b - c", "(a - b) - c");
    same("a | b if x else c | d if y else e", "(a | b) if x else ((c | d) if y else e)");
    assert_ne!(value("a - (b - c)"), value("a - b - c"));
    same("path.A & parent.B", "(path.A) & (parent.B)");
}

#[test]
fn places_are_those_of_the_words() {
    let text = "/// d\nleaf  Block  when [1] = 0b1  and  not [2] = 3  // c\n { [ 47 : n - 1 ] PA [ 9 ] ; [3]  XN  = 2  ; }";
    let mut sources = SourceMap::default();
    let id = sources.add("test.pt", text);
    let file = parse(id, text).expect("it follows the grammar");
    let item = &file.items[0];
    assert!(sources.slice(item.span).starts_with("leaf") && sources.slice(item.span).ends_with('}'));
    assert_eq!(sources.slice(item.docs[0].span), "/// d");
    assert_eq!(sources.slice(file.comments[0].span), "// c");
    let ast::ItemKind::Kind(kind) = &item.kind else { panic!("a kind") };
    assert_eq!(sources.slice(kind.name.span), "Block");
    assert_eq!(sources.slice(kind.guard.span), "[1] = 0b1  and  not [2] = 3");
    let ast::EntryKind::Bits { range, meaning: ast::Meaning::Slice(slice) } = &kind.body[0].kind else {
        panic!("a slice")
    };
    assert_eq!(sources.slice(range.span), "[ 47 : n - 1 ]");
    assert_eq!(sources.slice(range.lo.span), "n - 1");
    assert_eq!(sources.slice(slice.span), "PA [ 9 ]");
    let ast::EntryKind::Bits { meaning: ast::Meaning::Field(field), .. } = &kind.body[1].kind else {
        panic!("a field")
    };
    assert_eq!(field.default.as_ref().map(|value| sources.slice(value.span)), Some("2"));
}

#[test]
fn byte_order_mark_carriage_returns_and_tabs_are_space() {
    let text = "\u{feff}arch\taarch64;\r\n/// Docs.\r\ngranule 4K; // c\r\n";
    assert_eq!(shape(text), shape("arch aarch64;\n/// Docs.\ngranule 4K; // c\n"));
    assert!(read("").is_ok() && read("\n// only a comment").is_ok());
}

/// What is said about a text, one finding a line.
fn said(text: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    let mut said = String::new();
    for fault in parse(file, text).expect_err("it does not follow the grammar") {
        for (at, label) in fault.labels.iter().enumerate() {
            let message =
                if at == 0 { format!(" {}: {}", fault.code.id(), fault.message) } else { String::new() };
            let words = sources.slice(label.span).lines().next().unwrap_or_default();
            writeln!(said, "{}{message} [{words}: {}]", location(&sources, label.span), label.text)
                .expect("a string");
        }
        for help in &fault.help {
            writeln!(said, "    help: {help}").expect("a string");
        }
    }
    said
}

#[test]
fn what_syntax_errors_say() {
    let texts = [
        "format arm64-hyp: u64 { granule 4K; }",
        "format a: u64 {\n    granule 4K\n    arch x;\n}",
        "leaf A when [1:0] == 0 && [3] = 1 { }",
        "levle 1 { index VA[3:0]; A }",
        "format a: u64 { format b: u64 { } }",
        "arch x;\nuse \"late.pt\";",
        "format a: u64 {\n    arch x;\n",
        "arch x; }",
        "fields X {\n    [3] XN\n    [2] AF;\n    [1] foo bar;\n    [0] res0 { a = 1 }\n    [9] SH { a = 1; b = 2 }\n    [7];\n}",
        "fields X { [47..12] PA; PA[3]; [4] next; [5] if; }",
        "fields X { /// of nothing\n}",
        "leaf A when { }\nleaf B when [1] = 0 or { }\nleaf C [1] = 0 { }",
        "sequence publish leaf { store, isb; }\nsequence publsh leaf { store; }",
        "change { AF => storr; AF = store; }",
        "registers { TCR { [1] = 64 - ; [2] = (1 + 2; otherwise 1; } }",
        "group 16 at levels 1..3 when C = 1;",
        "option x of tbale; set 4K; arch 'x';",
        "granule 99999999999999999999; granule 0b12; granule 12x; granule 20000000000G;",
        "instruction x = \"abc;\ninstruction y = \"a\\b\";",
        "/* no */ arch x;",
        "arch é;",
    ];
    let all: Vec<String> = texts.iter().map(|text| format!("{text}\n--\n{}", said(text))).collect();
    insta::assert_snapshot!(all.join("\n========\n"));
}

#[test]
fn nesting_is_bounded_and_what_is_taken_needs_little_stack() {
    let brackets = |n: usize| format!("effective A = {}1{};", "(".repeat(n), ")".repeat(n));
    let nots = |n: usize| format!("leaf A when {}[0] = 1 {{ }}", "not ".repeat(n));
    let sums = |n: usize| format!("effective A = 1{};", " | 1".repeat(n));
    let choices = |n: usize| format!("fields A {{ [1] {}mbz; }}", "res0 if x else ".repeat(n));
    let texts: Vec<fn(usize) -> String> = vec![brackets, nots, sums, choices];
    for text in texts {
        // The braces of a body count as well.
        let most = text(MAX_NESTING - 2);
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let parsed =
            thread.spawn(move || read(&most).map(drop)).expect("a thread").join().expect("no overflow");
        parsed.expect("it is not too deep");
        for n in [MAX_NESTING + 1, 50_000] {
            let faults = read(&text(n)).expect_err("it is too deep");
            assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [Code::Nesting]);
        }
    }
}

#[test]
fn a_text_that_is_too_long_is_not_read() {
    let faults = read(&" ".repeat(MAX_BYTES + 1)).expect_err("it is too long");
    assert_eq!(faults[0].code, Code::Unreadable);
    assert!(read(&" ".repeat(MAX_BYTES)).is_ok());
}

#[test]
fn long_texts_take_time_in_proportion() {
    // A pass that looks at every pair of words would need hours for these.
    let numbers: String = (0..10_000).map(|n| format!("{n} = {n}, ")).collect();
    let entries: String = (0..10_000).map(|n| format!("[{n}] F{n};\n")).collect();
    let good = [format!("output PA[1:0] at most L {{ {numbers} }};"), format!("fields F {{ {entries} }}")];
    for text in &good {
        let file = tree(text);
        assert!(ptdsl_compiler::syntax::print(&file, text).lines().count() > 9_999);
    }
    let bad = format!("fields F {{ {} }}", "[1] A B;\n".repeat(10_000));
    assert!(read(&bad).expect_err("each line is faulty").len() > 10);
}
