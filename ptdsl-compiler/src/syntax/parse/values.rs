//! Attribute rows, change rules, register bits, and the expressions in them.

use super::super::ast::{
    Assignment, AttributeRow, BitsValue, Change, ChangeClass, ChangeRule, Expression, Operator, Register,
    Slots, Value,
};
use super::super::grammar::Rule;
use super::bits;
use super::nodes::{Node, Nodes, name, number, span};
use crate::source::{FileId, Spanned};

/// `r => AP2 = ro, XN = 1;`
pub(super) fn row(file: FileId, node: Node<'_>) -> AttributeRow {
    let mut nodes = Nodes::of(file, node.clone());
    let docs = nodes.docs();
    let name = nodes.name();
    let span = name.span.to(span(file, &node));
    let settings = nodes.all(Rule::assignment).map(|node| assignment(file, node)).collect();
    AttributeRow { docs, name, settings, span }
}

/// `AP2 = ro` or `XN = 1`
pub(super) fn assignment(file: FileId, node: Node<'_>) -> Assignment {
    let mut nodes = Nodes::of(file, node);
    let field = nodes.name();
    nodes.need(Rule::eq);
    let node = nodes.any();
    let value = if node.as_rule() == Rule::number {
        Spanned::new(Value::Number(number(file, &node).node), span(file, &node))
    } else {
        let word = name(file, &node);
        Spanned::new(Value::Name(word.node), word.span)
    };
    Assignment { name: field, value }
}

/// `change { .. }`
pub(super) fn change(nodes: Nodes<'_>) -> Change {
    let file = nodes.file;
    let mut change = Change { rules: Vec::new(), otherwise: None };
    for node in nodes.rest() {
        match node.as_rule() {
            Rule::change_rule => change.rules.push(change_rule(file, node)),
            Rule::otherwise_rule => {
                change.otherwise = Some(class(file, Nodes::of(file, node).need(Rule::class)))
            }
            _ => {}
        }
    }
    change
}

fn change_rule(file: FileId, node: Node<'_>) -> ChangeRule {
    let place = span(file, &node);
    let mut nodes = Nodes::of(file, node);
    let mut fields = vec![nodes.name()];
    while nodes.take(Rule::comma).is_some() {
        fields.push(nodes.name());
    }
    let transition = nodes.take(Rule::transition).map(|node| {
        let mut nodes = Nodes::of(file, node);
        (nodes.number(), nodes.number())
    });
    ChangeRule { fields, transition, class: class(file, nodes.need(Rule::class)), span: place }
}

fn class(file: FileId, node: Node<'_>) -> Spanned<ChangeClass> {
    let place = span(file, &node);
    // The last word decides: `store`, `store, publish`, `store, invalidate`, `break`.
    let class = match node.into_inner().next_back().map(|word| word.as_rule()) {
        Some(Rule::kw_store) => ChangeClass::Store,
        Some(Rule::kw_publish) => ChangeClass::Publish,
        Some(Rule::kw_invalidate) => ChangeClass::Invalidate,
        _ => ChangeClass::Break,
    };
    Spanned::new(class, place)
}

/// `TCR_EL2 { [18:16] = PS; otherwise 0; }`
pub(super) fn register(file: FileId, node: Node<'_>) -> Register {
    let whole = span(file, &node);
    let mut nodes = Nodes::of(file, node);
    let docs = nodes.docs();
    let name = nodes.name();
    let span_without_docs = name.span.to(whole);
    let mut register = Register {
        docs,
        name,
        bits: Vec::new(),
        slots: Vec::new(),
        otherwise_zero: None,
        span: span_without_docs,
    };
    for node in nodes.rest() {
        match node.as_rule() {
            Rule::bits_value => register.bits.push(bits_value(file, node)),
            Rule::slots => register.slots.push(slots(file, node)),
            Rule::otherwise_zero => register.otherwise_zero = Some(span(file, &node)),
            _ => {}
        }
    }
    register
}

/// `[8 * AttrIndx] = memory { normal = 0xff, device = 0x04 }`
fn slots(file: FileId, node: Node<'_>) -> Slots {
    let span = span(file, &node);
    let mut nodes = Nodes::of(file, node);
    let width = nodes.number();
    nodes.need(Rule::times);
    let mut fields = Vec::new();
    loop {
        match nodes.any() {
            node if node.as_rule() == Rule::name => fields.push(name(file, &node)),
            node if node.as_rule() == Rule::rbracket => break,
            _ => {}
        }
    }
    let attribute = nodes.name();
    let value = |node| {
        let mut nodes = Nodes::of(file, node);
        (nodes.name(), nodes.number())
    };
    Slots { width, fields, attribute, values: nodes.all(Rule::value).map(value).collect(), span }
}

/// `[5:0] = 64 - width;`
pub(super) fn bits_value(file: FileId, node: Node<'_>) -> BitsValue {
    let mut nodes = Nodes::of(file, node);
    let range = bits::range(file, nodes.need(Rule::range));
    BitsValue { range, value: expression(file, nodes.need(Rule::expression)) }
}

/// `a if option else b`, the loosest level. Nesting is bounded by `MAX_NESTING`.
pub(super) fn expression(file: FileId, node: Node<'_>) -> Spanned<Expression> {
    let mut nodes = Nodes::of(file, node);
    let then = binary(file, nodes.any());
    if nodes.take(Rule::kw_if).is_none() {
        return then;
    }
    let option = nodes.name();
    let otherwise = expression(file, nodes.need(Rule::expression));
    let span = then.span.to(otherwise.span);
    Spanned::new(Expression::If { then: Box::new(then), option, otherwise: Box::new(otherwise) }, span)
}

/// `a | b`, `a & b`, or a sum; operators of one level group from the left.
fn binary(file: FileId, node: Node<'_>) -> Spanned<Expression> {
    let is_sum = node.as_rule() == Rule::sum;
    let mut nodes = Nodes::of(file, node);
    let operand = |nodes: &mut Nodes<'_>| {
        if is_sum {
            return atom(file, nodes);
        }
        let node = nodes.any();
        binary(file, node)
    };
    let mut left = operand(&mut nodes);
    while let Some(sign) = nodes.next() {
        let operator = match sign.as_rule() {
            Rule::bar => Operator::Or,
            Rule::amp => Operator::And,
            Rule::plus => Operator::Add,
            // `atom` has taken its brackets, so only the operators of the three rules stand here.
            _ => Operator::Subtract,
        };
        let right = operand(&mut nodes);
        let span = left.span.to(right.span);
        left =
            Spanned::new(Expression::Binary { operator, left: Box::new(left), right: Box::new(right) }, span);
    }
    left
}

/// What stands between the operators.
fn atom(file: FileId, nodes: &mut Nodes<'_>) -> Spanned<Expression> {
    let bracket = nodes.take(Rule::lparen).is_some();
    let node = nodes.any();
    let place = span(file, &node);
    let value = match node.as_rule() {
        Rule::number => Expression::Number(number(file, &node).node),
        Rule::along => {
            let mut inside = Nodes::of(file, node);
            let negated = inside.take(Rule::kw_not).is_some();
            let place = name(file, &inside.any());
            Expression::Along { negated, place, field: inside.name() }
        }
        Rule::slice => Expression::Slice(bits::slice(file, node)),
        // Only an expression in brackets is left.
        _ => expression(file, node).node,
    };
    if bracket {
        nodes.need(Rule::rparen);
    }
    Spanned::new(value, place)
}
