//! `print` lays a text out in the one canonical way and loses nothing.

use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax::{WIDTH, ast, parse, print};
use std::path::Path;

fn tree(text: &str) -> ast::File {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    parse(file, text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

fn printed(text: &str) -> String {
    print(&tree(text), text)
}

#[test]
fn the_format_library_is_canonical() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "pt") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let canonical = printed(&text);
            if std::env::var_os("PTDSL_BLESS").is_some() {
                std::fs::write(&path, &canonical).expect("can be written");
            }
            assert_eq!(canonical, text, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 3);
}

/// Checks a layout, and that it is its own layout.
#[track_caller]
fn check(text: &str, wanted: &str) {
    let found = printed(text);
    assert_eq!(found, wanted);
    assert_eq!(printed(&found), wanted, "not idempotent");
}

#[test]
fn space_is_canonical_within_a_line() {
    check(
        "arch   aarch64 ;instruction tlbi( x,y )=\"a  b\";\tset\n  x;\r\neffective A=(1|B)&path . C-(2+D [ 3 ])if x else parent.E;",
        "arch aarch64;\ninstruction tlbi(x, y) = \"a  b\";\nset x;\n\
         effective A = (1 | B) & path.C - (2 + D[3]) if x else parent.E;\n",
    );
    check(
        "leaf A when not([0]=1)and(not [ 2 : 1 ] in 1 ..= 3)or [3]!=0x0{}",
        "leaf A when not ([0] = 1) and (not [2:1] in 1..=3) or [3] != 0x0 {}\n",
    );
    check(
        "group 4 at levels - 1 ..= - 0 when C=1; effective A = level - 1; level - 1{index VA[1:0] ;empty 0X;T}".replace("0X", "0x0_1").as_str(),
        "group 4 at levels -1..=-0 when C = 1;\neffective A = level - 1;\nlevel -1 { index VA[1:0]; empty 0x0_1; T }\n",
    );
}

#[test]
fn entries_rows_and_neighbours_line_up() {
    check(
        "fields F {\n[63] A;\n..B;\n[11:2] C { a = 0, } ;\n[n+k-1:12] D;\n}",
        "fields F {\n    [63]       A;\n    ..B;\n    [11:2]     C { a = 0 }\n    [n+k-1:12] D;\n}\n",
    );
    check(
        "change {\nA => store;\nB,C 0->1 => break;\notherwise => break;\n}",
        "change {\n    A           => store;\n    B, C 0 -> 1 => break;\n    otherwise   => break;\n}\n",
    );
    check(
        "leaf A when [0] = 1 { [1] B; }\nleaf Long when [0] = 1 { [1] B; }\n\nleaf C when [0] = 1 { [1] B; }\n\
         sequence publish leaf { store; }\nsequence invalidate table { store; }\nregisters {\nA { otherwise 0; }\nLONG { otherwise 0; }\n}",
        "leaf A    when [0] = 1 { [1] B; }\nleaf Long when [0] = 1 { [1] B; }\n\nleaf C when [0] = 1 { [1] B; }\n\
         sequence publish leaf     { store; }\nsequence invalidate table { store; }\nregisters {\n    A    { otherwise 0; }\n    LONG { otherwise 0; }\n}\n",
    );
}

#[test]
fn comments_stand_in_one_column_or_right_of_long_lines() {
    let long = format!("forbid {} = b;", "a".repeat(40));
    let longer = format!("forbid {} = b;", "a".repeat(45));
    check(
        &format!("arch a; // one\n{long} // two\nset b;\n{longer}// three\n\n{long} // four"),
        &format!(
            "arch a;{}// one\n{long}       // two\nset b;\n{longer}  // three\n\n{long}  // four\n",
            " ".repeat(40)
        ),
    );
}

#[test]
fn comments_keep_their_place() {
    check(
        "// first\n\n\n\n// second\nfields F { // head\n// inside\n[1] A; // entry\n\n// last\n} // end\n// tail",
        "// first\n\n// second\nfields F {                                     // head\n    // inside\n    \
         [1] A;                                     // entry\n\n    // last\n}                                              // end\n// tail\n",
    );
    check(
        "output PA[1:0] at most // limit\nPS { // codes\n1 = 1 // one\n, 2 = 2 }; // done",
        "output PA[1:0] at most                         // limit\n    PS {                                       // codes\n    \
         1 = 1                                      // one\n        ,\n    2 = 2,\n};                                             // done\n",
    );
}

#[test]
fn a_block_stays_on_its_line_while_it_fits() {
    let head = "level 1 { index VA[1:0]; ";
    let fitting = format!("{head}{} }}", "T".repeat(WIDTH - head.len() - 2));
    check(&fitting, &format!("{fitting}\n"));
    let too_long = format!("{head}{} }}", "T".repeat(WIDTH - head.len() - 1));
    check(
        &too_long,
        &format!("level 1 {{\n    index VA[1:0];\n    {}\n}}\n", "T".repeat(WIDTH - head.len() - 1)),
    );
    check("level 1 {\nindex VA[1:0]; T }", "level 1 {\n    index VA[1:0];\n    T\n}\n");
    check(
        "fields F { [1] A {\na = 0,b = 1 } if x else B { c = 1 } }",
        "fields F {\n    [1] A {\n        a = 0,\n        b = 1,\n    } if x else B { c = 1 }\n}\n",
    );
}

#[test]
fn a_long_line_without_braces_is_wrapped() {
    let names: Vec<String> = (100..140).map(|n| format!("N{n}")).collect();
    let text = format!("hardware sets {};", names.join(","));
    // "hardware sets " and then "N100, " fill the line; a comma needs no room after it.
    let first = (WIDTH - 14 + 1) / 6;
    let second = first + (WIDTH - 4 + 1) / 6;
    assert!(second >= names.len());
    check(
        &text,
        &format!("hardware sets {},\n    {};\n", names[..first].join(", "), names[first..].join(", ")),
    );
}

#[test]
fn an_empty_text_stays_empty() {
    check("", "");
    check("\u{feff} \r\n\n", "");
}
