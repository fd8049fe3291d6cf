//! What files, parents and options make of a format, and what lowering writes out.
#![cfg(feature = "render")]

mod common;

use common::report;
use common::texts::{SMALL, compile_texts};
use ptdsl_compiler::Compilation;
use ptdsl_compiler::diagnostic::Code;
use ptdsl_compiler::ir::{ChangeClass, Cube, Extend, Format, Kind, Role};

/// The formats of a compilation that must have nothing to say.
fn formats(texts: &[(&str, &str)], options: &[&str]) -> Vec<Format> {
    let compilation = compile_texts(texts, options);
    assert_eq!(report(&compilation), "");
    compilation.formats
}

fn codes(compilation: &Compilation) -> Vec<Code> {
    compilation.diagnostics.iter().map(|finding| finding.code).collect()
}

fn kind<'f>(format: &'f Format, level: usize, name: &str) -> &'f Kind {
    format.levels[level].kinds.iter().find(|kind| kind.name == name).expect("the kind exists")
}

/// What the bits `hi:lo` of a kind hold.
fn role(kind: &Kind, hi: u32, lo: u32) -> &Role {
    &kind.pieces.iter().find(|piece| (piece.hi, piece.lo) == (hi, lo)).expect("the range exists").role
}

/// `SMALL` with one line replaced.
fn small(line: &str, by: &str) -> String {
    assert_eq!(SMALL.matches(line).count(), 1, "{line}");
    SMALL.replace(line, by)
}

#[test]
fn a_format_of_32_bits_with_sign_extension() {
    let all = formats(&[("small.pt", SMALL)], &[]);
    let [format] = all.as_slice() else { panic!("one format") };
    assert_eq!((format.word_bits, format.granule_shift), (32, 12));
    assert_eq!((format.input.max_bits, format.input.min_bits, format.input.extend), (22, 22, Extend::Sign));
    assert_eq!(format.output.limit, "PA");
    assert_eq!(
        format.output.choices.iter().map(|choice| (choice.bits, choice.code)).collect::<Vec<_>>(),
        [(32, 0)]
    );
    let page = kind(format, 0, "Page");
    assert_eq!(page.guard, [Cube { mask: 1, value: 1 }]);
    let pieces: Vec<(u32, u32)> = page.pieces.iter().map(|piece| (piece.hi, piece.lo)).collect();
    assert_eq!(pieces, [(31, 12), (11, 8), (7, 5), (4, 1), (0, 0)]);
    assert_eq!(*role(page, 31, 12), Role::Output { address_lo: 12 });
    assert_eq!(*role(page, 4, 1), Role::Mbz);
    assert_eq!(
        format.sequences[1],
        ptdsl_compiler::ir::Sequence::default(),
        "no tables, no sequence for them"
    );
}

#[test]
fn a_used_file_hands_on_what_it_uses_and_a_diamond_is_read_once() {
    let main = r#"use "left.pt"; use "right.pt"; format main: small { }"#;
    let left = r#"use "small.pt"; instruction isb = "isb sy";"#;
    let right = r#"use "small.pt"; option spare of type;"#;
    let texts = [("main.pt", main), ("left.pt", left), ("right.pt", right), ("small.pt", SMALL)];
    let compilation = compile_texts(&texts, &[]);
    assert_eq!(report(&compilation), "");
    assert_eq!(compilation.inputs().collect::<Vec<_>>(), ["main.pt", "left.pt", "small.pt", "right.pt"]);
    assert_eq!(compilation.formats.len(), 1, "formats of used files are parents only");
    assert_eq!(
        compilation.formats[0].instructions[0].assembly.as_deref(),
        Some("isb sy"),
        "a file replaces what it uses"
    );
}

#[test]
fn a_variant_in_another_file_keeps_what_its_parent_replaced() {
    let parent = r#"use "small.pt"; format middle: small { instruction isb = "parent"; }"#;
    let main = r#"use "small.pt"; use "parent.pt"; format main: middle { }"#;
    let all = formats(&[("main.pt", main), ("parent.pt", parent), ("small.pt", SMALL)], &[]);
    assert_eq!(all[0].instructions[0].assembly.as_deref(), Some("parent"));
}

#[test]
fn a_variant_replaces_by_name_and_drops() {
    let main = r#"use "small.pt";
        /// More input.
        format main: small {
            without prot;
            input VA[31:0] down to 23 extend 1;
            level 1 { index VA[21:12]; Page }
            level 0 { index VA[31:22]; Table }
            table Table when [1:0] = 0b01 { [31:12] next PA[31:12]; [11:2] ignored; }
            leaf Page when [1:0] = 0b11 { [31:n] PA[31:n]; [11:8] SW: software; [7:5] AP; [4:2] res0; }
            otherwise reserved;
            sequence publish table { store; }
            sequence invalidate table { store; }
            change { SW => store; AP 1 -> 3 => store, publish; otherwise => store, invalidate; }
        }"#;
    let all = formats(&[("main.pt", main), ("small.pt", SMALL)], &[]);
    let format = &all[0];
    assert_eq!(format.docs, ["More input."]);
    assert!(format.attributes.is_empty());
    assert_eq!(format.levels.iter().map(|level| level.number).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((format.input.max_bits, format.input.min_bits, format.input.extend), (32, 23, Extend::One));
    assert_eq!(*role(kind(format, 1, "Page"), 1, 0), Role::Fixed { value: 3 });
    let fields: Vec<&str> = format.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["SW", "AP"]);
    assert_eq!(format.changes[0].class, ChangeClass::Store);
    assert_eq!(format.changes[1].special, [(1, 3, ChangeClass::Publish)]);
    assert_eq!(format.changes[1].class, ChangeClass::Invalidate);
    assert_eq!(format.change_otherwise, ChangeClass::Invalidate);
}

#[test]
fn a_variant_replaces_the_groups_of_the_levels_that_it_groups() {
    let parent = small("change {", "group 4 at level 0 when AP = 4;\n change {");
    let parent = parent.replace("attribute prot { r => AP = 1; rw => AP = 3; }", "");
    let main = r#"use "small.pt"; format main: small { group 16 at level 0 when AP = 5; }"#;
    let all = formats(&[("main.pt", main), ("small.pt", &parent)], &[]);
    assert_eq!(all[0].groups.iter().map(|group| (group.count, group.value)).collect::<Vec<_>>(), [(16, 5)]);
}

#[test]
fn options_of_the_type_are_set_or_switched_on() {
    let text = small("[4:1] mbz;", "[4:1] X { a = 1, b = 2 } if extra else res0;");
    let text = text.replace("format small", "option extra of type; format small");
    let off = formats(&[("small.pt", &text)], &[]);
    assert_eq!(*role(kind(&off[0], 0, "Page"), 4, 1), Role::Res0);
    assert_eq!(off[0].fields.len(), 2);
    assert!(off[0].options.is_empty(), "options of the table only");
    let on = formats(&[("small.pt", &text)], &["extra"]);
    assert!(matches!(role(kind(&on[0], 0, "Page"), 4, 1), Role::Field { value_lo: 0, .. }));
    assert_eq!(on[0].fields[2].values.len(), 2);
    let set = r#"use "small.pt"; format set: small { set extra; }"#;
    let set = formats(&[("set.pt", set), ("small.pt", &text)], &[]);
    assert_eq!((&set[0].fields, &set[0].levels), (&on[0].fields, &on[0].levels));
}

#[test]
fn a_field_in_pieces_is_one_field() {
    let text = small("[7:5] AP; [4:1] mbz;", "[7] AP[2]; [6] ignored; [5:4] AP[1:0]; [3:1] mbz;");
    let format = &formats(&[("small.pt", &text)], &[])[0];
    assert_eq!(format.fields[1].bits, 3);
    let page = kind(format, 0, "Page");
    for (hi, lo, value) in [(7, 7, 2), (5, 4, 0)] {
        assert!(matches!(role(page, hi, lo), Role::Field { value_lo, .. } if *value_lo == value));
    }
}

#[test]
fn guards_become_few_cubes_and_pinned_bits_runs() {
    let text = small("leaf Page when [0] = 1 {", "leaf Page when [0] = 1 and [4:1] != 0 {");
    let text = text.replace("[4:1] mbz;", "[4:1] R;").replace("change {", "otherwise reserved; change {");
    let format = &formats(&[("small.pt", &text)], &[])[0];
    let guard = &kind(format, 0, "Page").guard;
    let masks: Vec<u64> = guard.iter().map(|cube| cube.mask).collect();
    assert_eq!(masks, [0b11, 0b101, 0b1001, 0b10001], "any of four bits, not fifteen values");
    let text =
        small("leaf Page when [0] = 1 {", "leaf Page when [0] = 1 and ([4:1] in 8..=9 or [4:1] = 12) {");
    let text =
        text.replace("[4:1] mbz;", "[3] A; [1] B;").replace("change {", "otherwise reserved; change {");
    let compilation = compile_texts(&[("small.pt", &text)], &[]);
    assert_eq!(report(&compilation), "");
    let page = kind(&compilation.formats[0], 0, "Page");
    assert_eq!(*role(page, 4, 4), Role::Fixed { value: 1 }, "8, 9 and 12 are 1000, 1001 and 1100");
    assert_eq!(*role(page, 2, 2), Role::Fixed { value: 0 });
}

#[test]
fn faults_in_two_formats_of_a_file_are_both_reported_and_shared_ones_once() {
    let text = small("[4:1] mbz;", "[4:2] mbz;") + "format other: small { granule 3K; }\n";
    let compilation = compile_texts(&[("small.pt", &text)], &[]);
    assert_eq!(codes(&compilation), [Code::BitsMissing, Code::Granule]);
    assert!(compilation.formats.is_empty());
}

#[test]
fn warnings_do_not_keep_a_format_back() {
    let text = small("change {", "fields Spare { [3] ignored; }\n change {");
    let compilation = compile_texts(&[("small.pt", &text)], &[]);
    assert_eq!(codes(&compilation), [Code::FieldsUnused]);
    assert_eq!(compilation.formats.len(), 1);
}

#[test]
fn a_fault_in_a_used_file_is_reported_there() {
    let parent = small("[4:1] mbz;", "[4:2] mbz;");
    let main = r#"use "small.pt"; format main: small { }"#;
    let compilation = compile_texts(&[("main.pt", main), ("small.pt", &parent)], &[]);
    assert!(report(&compilation).contains("--> small.pt:12:10"), "{}", report(&compilation));
}

#[test]
fn faults_of_one_kind_at_several_levels_are_one() {
    let text = SMALL
        .replace("input VA[21:0] extend VA[21];", "input VA[31:0] extend 0;")
        .replace("level 0 {", "level 1 { index VA[31:22]; Table, Page } level 0 {")
        .replacen("sequence", "sequence publish table { store; } sequence invalidate table { store; } sequence", 1)
        .replace("leaf Page when [0] = 1 {", "table Table when [1:0] = 1 { [31:12] next PA[31:12]; [11:2] ignored; } leaf Page when [1:0] = 3 {")
        .replace("[31:n] PA[31:n]; [11:8] SW: software;", "[31:n] PA[31:n]; [n-1:12] res0; [11:8] SW: software; [8] X; [8] Y;")
        .replace("[4:1] mbz;", "[4:3] mbz;");
    let compilation = compile_texts(&[("small.pt", &text)], &[]);
    assert_eq!(
        codes(&compilation),
        [Code::KindsMissing, Code::BitsMissing, Code::BitsOverlap, Code::BitsOverlap]
    );
}
