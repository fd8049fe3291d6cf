//! From a checked model to the intermediate representation: nothing is decided here, only written out.

mod kinds;
mod maintenance;

use crate::check;
use crate::diagnostic::Diagnostics;
use crate::ir;
use crate::model::{Field, Model, values};
use crate::resolve::items::Key;
use crate::source::Spanned;
use crate::syntax::ast::{self, KindClass};

/// Lowers a format that the checks found faultless; nothing if it is not.
pub(crate) fn format(model: &Model<'_>) -> Option<ir::Format> {
    let format = model.format;
    Some(ir::Format {
        name: format.name.node.clone(),
        docs: docs(&format.item.docs),
        arch: format.archs().next()?.node.clone(),
        word_bits: model.word_bits,
        granule_shift: model.granule_shift?,
        input: input(model)?,
        output: output(model)?,
        tag: model.tag.as_ref().map(|tag| ir::Tag { name: tag.name.node.clone(), bits: tag.bits }),
        options: model
            .options
            .of_table()
            .map(|option| ir::TableOption {
                name: option.name.node.clone(),
                docs: docs(format.docs(&Key::Option(option.name.node.clone()))),
            })
            .collect(),
        levels: model.levels.iter().map(|level| kinds::level(model, level)).collect::<Option<_>>()?,
        fields: model.fields.iter().map(field).collect(),
        attributes: format.attributes().map(|one| attribute(model, one)).collect::<Option<_>>()?,
        forbidden: forbidden(model)?,
        effective: format.effectives().map(|one| effective(model, one)).collect::<Option<_>>()?,
        hardware: format.hardware().flatten().map(|name| field_id(model, name)).collect::<Option<_>>()?,
        accessed: flag(model, false),
        dirty: flag(model, true),
        groups: format.groups().map(|one| group(model, one)).collect::<Option<_>>()?,
        changes: changes(model),
        change_otherwise: format
            .changes()
            .next()
            .and_then(|change| change.otherwise.as_ref())
            .map_or(ast::ChangeClass::Break, |class| class.node),
        registers: format.registers().map(|one| maintenance::register(model, one)).collect::<Option<_>>()?,
        instructions: format.instructions().map(|one| maintenance::instruction(model, one)).collect(),
        sequences: maintenance::sequences(model)?,
    })
}

fn docs(lines: &[Spanned<String>]) -> Vec<String> {
    lines.iter().map(|line| line.node.clone()).collect()
}

fn field_id(model: &Model<'_>, name: &ast::Name) -> Option<ir::FieldId> {
    model.field(&name.node).map(|(id, _)| ir::FieldId(id))
}

fn input(model: &Model<'_>) -> Option<ir::Input> {
    let input = model.input.as_ref()?;
    Some(ir::Input {
        name: input.name.node.clone(),
        max_bits: input.bits,
        min_bits: match &input.ast.down_to {
            Some(down_to) => u32::try_from(down_to.node).ok()?,
            None => input.bits,
        },
        extend: match &input.ast.extend {
            ast::Extend::Constant(value) if value.node == 0 => ir::Extend::Zero,
            ast::Extend::Constant(_) => ir::Extend::One,
            ast::Extend::Bit(_) => ir::Extend::Sign,
        },
    })
}

fn output(model: &Model<'_>) -> Option<ir::Output> {
    let output = model.output.as_ref()?;
    let most_input = model.input.as_ref()?.bits;
    let (limit, choices) = match &output.ast.limit {
        None => (output.name, vec![ir::OutputChoice { bits: output.bits, code: 0, most_input }]),
        Some(limit) => {
            let choice = |choice: &ast::Choice| {
                let most_input = match &choice.input {
                    Some(most) => u32::try_from(most.node.min(most_input.into())).ok()?,
                    None => most_input,
                };
                Some(ir::OutputChoice {
                    bits: u32::try_from(choice.bits.node).ok()?,
                    code: choice.code.node,
                    most_input,
                })
            };
            (&limit.name, limit.choices.iter().map(choice).collect::<Option<_>>()?)
        }
    };
    Some(ir::Output { name: output.name.node.clone(), bits: output.bits, limit: limit.node.clone(), choices })
}

fn field(field: &Field<'_>) -> ir::Field {
    let alias = field.declaration.and_then(|declaration| declaration.alias.as_ref());
    let values = field.values().iter();
    ir::Field {
        name: field.name.node.clone(),
        manual_name: alias.map_or_else(|| field.name.node.clone(), |alias| alias.node.clone()),
        docs: docs(field.docs),
        bits: field.bits,
        default: field.default(),
        software: field.software,
        values: values
            .map(|(name, value)| ir::NamedValue { name: name.node.clone(), value: value.node })
            .collect(),
        other_values_fault: field.else_fault(),
    }
}

fn attribute(model: &Model<'_>, attribute: &ast::Attribute) -> Option<ir::Attribute> {
    let first = attribute.rows.first()?;
    let names: Vec<&ast::Name> = first.settings.iter().map(|setting| &setting.name).collect();
    let row = |row: &ast::AttributeRow| {
        let value = |name: &&ast::Name| {
            let setting = row.settings.iter().find(|setting| setting.name.node == name.node)?;
            values::of_field(model.field(&name.node)?.1, &setting.value, &mut Diagnostics::default())
        };
        let values = names.iter().map(value).collect::<Option<_>>()?;
        Some(ir::Row { name: row.name.node.clone(), docs: docs(&row.docs), values })
    };
    let place =
        |name: &ast::Name| attribute.rows.iter().position(|row| row.name.node == name.node).map(ir::RowId);
    let detour = |detour: &ast::Detour| {
        let side = |names: &[ast::Name]| names.iter().map(place).collect::<Option<_>>();
        let [one, other] = &detour.sides;
        Some(ir::Detour { sides: [side(one)?, side(other)?], through: place(&detour.through)? })
    };
    Some(ir::Attribute {
        name: attribute.name.node.clone(),
        docs: docs(model.format.docs(&Key::Attribute(attribute.name.node.clone()))),
        fields: names.iter().map(|name| field_id(model, name)).collect::<Option<_>>()?,
        rows: attribute.rows.iter().map(row).collect::<Option<_>>()?,
        detours: attribute.detours.iter().map(detour).collect::<Option<_>>()?,
    })
}

fn flag(model: &Model<'_>, dirty: bool) -> Option<ir::Flag> {
    let flag = model.format.flags().find(|flag| flag.dirty == dirty)?;
    check::flag(model, flag, &mut Diagnostics::default())
}

fn forbidden(model: &Model<'_>) -> Option<Vec<Vec<(ir::AttributeId, ir::RowId)>>> {
    let attributes: Vec<&ast::Attribute> = model.format.attributes().collect();
    let line = |forbid: &Vec<ast::Assignment>| {
        let rows = check::forbidden(&attributes, forbid, &mut Diagnostics::default())?;
        Some(rows.into_iter().map(|(attribute, row)| (ir::AttributeId(attribute), ir::RowId(row))).collect())
    };
    model.format.forbids().map(line).collect()
}

fn effective(model: &Model<'_>, effective: &ast::Effective) -> Option<ir::Effective> {
    let (combine, path) = check::effective_parts(effective, &mut Diagnostics::default())?;
    Some(ir::Effective {
        field: field_id(model, &effective.field)?,
        combine,
        path: path
            .into_iter()
            .map(|(name, negated)| Some(ir::PathField { field: field_id(model, name)?, negated }))
            .collect::<Option<_>>()?,
    })
}

fn group(model: &Model<'_>, group: &ast::Group) -> Option<ir::Group> {
    let (id, field) = model.field(&group.mark.name.node)?;
    let range = group.first.node..=group.last.node;
    let levels = model.levels.iter().map(|level| level.number);
    Some(ir::Group {
        count: group.count.node,
        levels: levels.filter(|&number| range.contains(&i64::from(number))).collect(),
        field: ir::FieldId(id),
        value: values::of_field(field, &group.mark.value, &mut Diagnostics::default())?,
    })
}

/// One class for every leaf field; special changes of value first.
fn changes(model: &Model<'_>) -> Vec<ir::Change> {
    let change = model.format.changes().next();
    let rules = || change.iter().flat_map(|change| &change.rules);
    let otherwise = change.and_then(|change| change.otherwise.as_ref());
    let names = model.field_names(KindClass::Leaf);
    let fields =
        model.fields.iter().enumerate().filter(|(_, field)| names.contains(&field.name.node.as_str()));
    fields
        .map(|(id, field)| {
            let speak = || rules().filter(|rule| rule.fields.iter().any(|name| name.node == field.name.node));
            let special = speak().filter_map(|rule| {
                let (from, to) = rule.transition.as_ref()?;
                Some((from.node, to.node, rule.class.node))
            });
            let general = speak().find(|rule| rule.transition.is_none()).map(|rule| rule.class.node);
            ir::Change {
                field: ir::FieldId(id),
                special: special.collect(),
                class: general.or(otherwise.map(|class| class.node)).unwrap_or(ast::ChangeClass::Break),
            }
        })
        .collect()
}
