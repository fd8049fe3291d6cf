//! A format's intermediate representation as text: one line for what the spec says in one line.

use ptdsl_compiler::ir::{Expression, FieldId, Format, Kind, OptionId, Part, Role, Step, Transition};
use std::fmt::Write as _;

/// Writes a format out. Every part of the representation appears, so that no change of it goes unseen.
pub(crate) fn outline(format: &Format) -> String {
    let mut text = String::new();
    let f = |id: FieldId| format.fields[id.0].name.as_str();
    let line = |text: &mut String, words: String| writeln!(text, "{}", words.trim_end()).expect("memory");
    line(&mut text, format!("format {} {:?}", format.name, format.docs));
    line(
        &mut text,
        format!("arch {}, {} bits, granule 2^{}", format.arch, format.word_bits, format.granule_shift),
    );
    line(&mut text, format!("{:?}", format.input));
    line(&mut text, format!("{:?}", format.output));
    for option in &format.options {
        line(&mut text, format!("option {} {:?}", option.name, option.docs));
    }
    for level in &format.levels {
        let index = format!("shift {}, {} bits", level.shift, level.index_bits);
        let empty = level.empty.word().map_or("sentinel".to_owned(), |word| format!("{word:#x}"));
        line(&mut text, format!("\nlevel {}: {index}, empty {empty}", level.number));
        level.kinds.iter().for_each(|one| kind(&mut text, format, one));
    }
    line(&mut text, String::new());
    for field in &format.fields {
        let values: Vec<String> = field.values.iter().map(|v| format!("{} = {}", v.name, v.value)).collect();
        let marks = [(field.software, " software"), (field.other_values_fault, " else fault")];
        let marks: String = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
        let name =
            format!("{} as {:?}: {} bits = {:#x}", field.name, field.manual_name, field.bits, field.default);
        line(&mut text, format!("field {name} {{ {} }}{marks} {:?}", values.join(", "), field.docs));
    }
    for attribute in &format.attributes {
        let fields: Vec<&str> = attribute.fields.iter().map(|&id| f(id)).collect();
        line(
            &mut text,
            format!("attribute {} sets {} {:?}", attribute.name, fields.join(", "), attribute.docs),
        );
        for row in &attribute.rows {
            line(&mut text, format!("    {} = {:?} {:?}", row.name, row.values, row.docs));
        }
        for detour in &attribute.detours {
            let name = |row: ptdsl_compiler::ir::RowId| attribute.rows[row.0].name.as_str();
            let [one, other] = [0, 1].map(|side: usize| {
                detour.sides[side].iter().map(|&row| name(row)).collect::<Vec<_>>().join(", ")
            });
            line(&mut text, format!("    {one} and {other} through {}", name(detour.through)));
        }
    }
    for rows in &format.forbidden {
        let rows = rows.iter().map(|&(attribute, row)| {
            let attribute = &format.attributes[attribute.0];
            format!("{} = {}", attribute.name, attribute.rows[row.0].name)
        });
        line(&mut text, format!("forbidden {}", rows.collect::<Vec<_>>().join(" with ")));
    }
    for effective in &format.effective {
        let path: Vec<String> = effective
            .path
            .iter()
            .map(|above| format!("{}{}", if above.negated { "not " } else { "" }, f(above.field)))
            .collect();
        line(
            &mut text,
            format!("effective {} {:?} {}", f(effective.field), effective.combine, path.join(", ")),
        );
    }
    let hardware: Vec<&str> = format.hardware.iter().map(|&id| f(id)).collect();
    line(&mut text, format!("hardware sets {}", hardware.join(", ")));
    for (name, flag) in [("accessed", &format.accessed), ("dirty", &format.dirty)] {
        if let Some(flag) = flag {
            let when =
                flag.when.map_or(String::new(), |(field, value)| format!(" when {} = {value}", f(field)));
            line(&mut text, format!("{name} {} & {:#x} = {:#x}{when}", f(flag.field), flag.mask, flag.set));
        }
    }
    for group in &format.groups {
        let mark = format!("{} = {}", f(group.field), group.value);
        line(&mut text, format!("group {} at {:?} when {mark}", group.count, group.levels));
    }
    for change in &format.changes {
        line(&mut text, format!("change {} {:?} {:?}", f(change.field), change.special, change.class));
    }
    line(&mut text, format!("change otherwise {:?}", format.change_otherwise));
    for register in &format.registers {
        let parts = parts(format, &register.parts);
        line(&mut text, format!("register {} {:?} {{ {parts} }}", register.name, register.docs));
    }
    for one in &format.instructions {
        let parameters = one.parameters.join(", ");
        line(
            &mut text,
            format!("instruction {}({parameters}) = {:?} {:?}", one.name, one.assembly, one.docs),
        );
    }
    for (transition, sequence) in Transition::ALL.iter().zip(&format.sequences) {
        let steps = |list: &[Step]| list.iter().map(|one| step(format, one)).collect::<Vec<_>>().join(" ");
        let (verb, object) = transition.words();
        let (before, after) = (steps(&sequence.before), steps(&sequence.after));
        if sequence.declared || transition.needed_for().is_some() {
            line(&mut text, format!("sequence {verb} {object}: {before} STORE {after}"));
        }
    }
    assert_eq!(format.sequences.len(), Transition::ALL.len());
    text
}

fn kind(text: &mut String, format: &Format, kind: &Kind) {
    let width = format.word_bits as usize / 4 + 2;
    let cube = |c: &ptdsl_compiler::ir::Cube| format!("{:#0width$x}/{:#0width$x}", c.value, c.mask);
    let guard = kind.guard.iter().map(cube).collect::<Vec<_>>().join(" or ");
    let more = [
        (kind.family != kind.name).then(|| format!(" of {}", kind.family)),
        (kind.span != 0).then(|| format!(" takes 2^{} slots", kind.span)),
        kind.next_level.map(|id| format!(" leads to level {}", format.fields[id.0].name)),
    ];
    let more: String = more.into_iter().flatten().collect();
    writeln!(text, "  {:?} {}{more} when {guard} {:?}", kind.class, kind.name, kind.docs).expect("memory");
    for piece in &kind.pieces {
        let role = match &piece.role {
            Role::Field { field, value_lo: 0 } => format.fields[field.0].name.clone(),
            Role::Field { field, value_lo } => format!("{}[{value_lo}..]", format.fields[field.0].name),
            other => format!("{other:?}"),
        };
        writeln!(text, "    [{:2}:{:2}] {role}", piece.hi, piece.lo).expect("memory");
    }
}

fn parts(format: &Format, parts: &[Part]) -> String {
    let one = |part: &Part| format!("[{}:{}] = {}", part.hi, part.lo, expression(format, &part.value));
    parts.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn step(format: &Format, step: &Step) -> String {
    let name = &format.instructions[step.instruction.0].name;
    let operands =
        step.operands.iter().map(|one| format!("{} {{ {} }}", one.name, parts(format, &one.parts)));
    let condition = step.condition.map_or(String::new(), |(option, on)| {
        format!(" if {}{}", if on { "" } else { "not " }, format.options[option.0].name)
    });
    format!("{name}({}){condition}", operands.collect::<Vec<_>>().join(", "))
}

fn expression(format: &Format, value: &Expression) -> String {
    match value {
        Expression::Constant(number) => format!("{number:#x}"),
        Expression::Parameter(parameter) => format!("{parameter:?}"),
        Expression::Bits { of, hi, lo } => format!("{of:?}[{hi}:{lo}]"),
        Expression::Binary { operator, left, right } => {
            format!("({} {operator:?} {})", expression(format, left), expression(format, right))
        }
        Expression::If { option: OptionId(option), then, otherwise } => {
            let option = &format.options[*option].name;
            format!("({} if {option} else {})", expression(format, then), expression(format, otherwise))
        }
    }
}
