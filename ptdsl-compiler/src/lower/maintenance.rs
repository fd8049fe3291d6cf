//! Registers, instructions and sequences.

use super::docs;
use crate::diagnostic::Diagnostics;
use crate::ir::{self, Transition};
use crate::model::Model;
use crate::model::expression::{self, Place};
use crate::model::range::{self, Evaluated, Place as Numbers};
use crate::model::slots::{self, Slot};
use crate::resolve::items::Key;
use crate::syntax::ast::{BitsValue, Instruction, Register, Sequence, Step};

fn parts(model: &Model<'_>, bits: &[BitsValue], place: Place) -> Option<Vec<ir::Part>> {
    let mut ignored = Diagnostics::default();
    let mut one = |part: &BitsValue| {
        let Evaluated::Bits(hi, lo) = range::evaluate(&part.range, Numbers::NUMBERS, &mut ignored)? else {
            return None;
        };
        Some(ir::Part { hi, lo, value: expression::resolve(model, &part.value, place, &mut ignored)? })
    };
    bits.iter().map(&mut one).collect()
}

pub(super) fn register(model: &Model<'_>, register: &Register) -> Option<ir::Register> {
    let mut parts = parts(model, &register.bits, Place::Register)?;
    for slots in &register.slots {
        let slots = slots::expand(model, slots, &mut Diagnostics::default())?;
        let part =
            |slot: &Slot| ir::Part { hi: slot.hi, lo: slot.lo, value: ir::Expression::Constant(slot.value) };
        parts.extend(slots.iter().map(part));
    }
    Some(ir::Register { name: register.name.node.clone(), docs: docs(&register.docs), parts })
}

pub(super) fn instruction(model: &Model<'_>, instruction: &Instruction) -> ir::Instruction {
    ir::Instruction {
        name: instruction.name.node.clone(),
        docs: docs(model.format.docs(&Key::Instruction(instruction.name.node.clone()))),
        parameters: instruction.parameters.iter().map(|name| name.node.clone()).collect(),
        assembly: instruction.assembly.as_ref().map(|assembly| assembly.node.clone()),
    }
}

/// One for each transition; an empty one where the format has no entry of that class.
pub(super) fn sequences(model: &Model<'_>) -> Option<Vec<ir::Sequence>> {
    let find = |transition: Transition| {
        let (verb, object) = transition.words();
        model.format.sequences().find(|one| one.verb.node == verb && one.object.node == object)
    };
    Transition::ALL
        .into_iter()
        .map(|transition| find(transition).map_or(Some(ir::Sequence::default()), |one| sequence(model, one)))
        .collect()
}

fn sequence(model: &Model<'_>, sequence: &Sequence) -> Option<ir::Sequence> {
    let store = sequence.steps.iter().position(|step| step.name.node == "store")?;
    let steps = |list: &[Step]| list.iter().map(|one| step(model, one)).collect::<Option<Vec<_>>>();
    Some(ir::Sequence {
        before: steps(&sequence.steps[..store])?,
        after: steps(&sequence.steps[store + 1..])?,
    })
}

fn step(model: &Model<'_>, step: &Step) -> Option<ir::Step> {
    let instruction = model.format.instructions().position(|one| one.name.node == step.name.node)?;
    let operand = |name: &crate::syntax::ast::Name| {
        let operand = model.format.operands().find(|one| one.name.node == name.node)?;
        let parts = parts(model, &operand.bits, Place::Operand)?;
        Some(ir::Operand { name: operand.name.node.clone(), parts })
    };
    Some(ir::Step {
        instruction: ir::InstructionId(instruction),
        operands: step.arguments.iter().map(operand).collect::<Option<_>>()?,
    })
}
