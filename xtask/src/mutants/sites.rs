//! Finds the conditions and effects of a source file, and rewrites the file so that each can be changed while it runs.

use proc_macro2::Span;
use std::fmt;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Pat, Stmt, UnOp};

/// How a site is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// A condition always holds.
    True,
    /// A condition never holds.
    False,
    /// `!` is removed.
    Negated,
    /// A statement is left out.
    Deleted,
}

impl How {
    /// Its number in `switch.rs`.
    pub(crate) fn number(self) -> u32 {
        match self {
            How::True => 0,
            How::False | How::Deleted => 1,
            How::Negated => 2,
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::True => "true",
            How::False => "false",
            How::Negated => "negated",
            How::Deleted => "deleted",
        })
    }
}

/// A place in a file that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// Its number, over all files.
    pub(crate) number: u32,
    /// The file's name, without its folder.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// The function that it stands in.
    pub(crate) function: String,
    /// The condition or statement, on one line.
    pub(crate) text: String,
    /// What can be done to it.
    pub(crate) ways: Vec<How>,
}

/// The sites of a file, numbered from `first`, and its text with a switch at each.
///
/// # Errors
/// The file is no Rust.
pub(crate) fn instrument(file: &str, text: &str, first: u32) -> Result<(Vec<Site>, String), String> {
    let tree = syn::parse_file(text).map_err(|error| format!("{file}: {error}"))?;
    let mut finder =
        Finder { file, text, first, functions: Vec::new(), sites: Vec::new(), edits: Vec::new() };
    finder.visit_file(&tree);
    let Finder { sites, edits, .. } = finder;
    Ok((sites, apply(text, &edits)))
}

/// Text that goes around a range of the source.
struct Edit {
    range: Range<usize>,
    open: String,
    close: &'static str,
}

/// The text with all edits. An edit that was recorded earlier goes around a later one with the same range.
fn apply(text: &str, edits: &[Edit]) -> String {
    let mut inserted: Vec<(usize, bool, usize, &str)> = Vec::new();
    for (order, edit) in edits.iter().enumerate() {
        inserted.push((edit.range.start, true, order, &edit.open));
        inserted.push((edit.range.end, false, usize::MAX - order, edit.close));
    }
    // At one place first what ends there, from the inside out, then what begins.
    inserted.sort_by_key(|&(at, opens, order, _)| (at, opens, order));
    let mut result = String::new();
    let mut done = 0;
    for (at, _, _, piece) in inserted {
        result.push_str(&text[done..at]);
        result.push_str(piece);
        done = at;
    }
    result.push_str(&text[done..]);
    result
}

struct Finder<'t> {
    file: &'t str,
    text: &'t str,
    first: u32,
    functions: Vec<String>,
    sites: Vec<Site>,
    edits: Vec<Edit>,
}

/// Functions without a result that store, step, order or give back: as the body of a match arm they are statements.
const EFFECTS: &[&str] = &[
    "after",
    "before",
    "exchange",
    "flush",
    "free",
    "invalidate",
    "owe",
    "part",
    "publish",
    "replace",
    "step",
    "store",
];

/// Methods whose closure is a condition.
const ASKING: &[&str] =
    &["all", "any", "filter", "find", "is_none_or", "is_some_and", "skip_while", "take_while"];

impl Finder<'_> {
    fn site(&mut self, span: Span, ways: &[How]) -> u32 {
        let number = self.first + self.sites.len() as u32;
        let text = self.text[span.byte_range()].split_whitespace().collect::<Vec<_>>().join(" ");
        self.sites.push(Site {
            number,
            file: self.file.to_owned(),
            line: span.start().line,
            function: self.functions.last().cloned().unwrap_or_default(),
            text,
            ways: ways.to_vec(),
        });
        number
    }

    fn edit(&mut self, range: Range<usize>, open: String, close: &'static str) {
        self.edits.push(Edit { range, open, close });
    }

    /// A condition and its parts.
    fn condition(&mut self, condition: &Expr) {
        match condition {
            Expr::Paren(inner) => self.condition(&inner.expr),
            Expr::Let(pattern) => {
                let at = pattern.span().byte_range().start;
                let number = self.site(pattern.span(), &[How::False]);
                self.edit(at..at, format!("crate::mutant::at({number}, true) && "), "");
            }
            Expr::Lit(_) => {}
            Expr::Binary(both) if joins(&both.op) => {
                if !has_let(condition) {
                    self.switch(condition, &[How::True, How::False]);
                }
                self.condition(&both.left);
                self.condition(&both.right);
            }
            Expr::Unary(not) if matches!(not.op, UnOp::Not(_)) => {
                self.switch(condition, &[How::True, How::False, How::Negated]);
                if let Expr::Paren(inner) = &*not.expr {
                    self.condition(&inner.expr);
                }
            }
            _ => self.switch(condition, &[How::True, How::False]),
        }
    }

    fn switch(&mut self, condition: &Expr, ways: &[How]) {
        let range = condition.span().byte_range();
        let number = self.site(condition.span(), ways);
        self.edit(range, format!("crate::mutant::at({number}, "), ")");
    }

    fn statement(&mut self, span: Span) {
        let number = self.site(span, &[How::Deleted]);
        self.edit(span.byte_range(), format!("if crate::mutant::at({number}, true) {{ "), " }");
    }

    fn in_function(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.functions.push(name);
        visit(self);
        self.functions.pop();
    }
}

fn joins(op: &BinOp) -> bool {
    matches!(op, BinOp::And(_) | BinOp::Or(_) | BinOp::BitAnd(_) | BinOp::BitOr(_))
}

/// Whether it is made of conditions by `&&` or `||`.
fn connects(expression: &Expr) -> bool {
    matches!(expression, Expr::Binary(both) if matches!(both.op, BinOp::And(_) | BinOp::Or(_)))
}

fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

/// Whether a statement is there for what it does.
fn acts(expression: &Expr) -> bool {
    match expression {
        Expr::Call(_) | Expr::MethodCall(_) | Expr::Assign(_) => true,
        Expr::Binary(binary) => !matches!(binary.op, BinOp::And(_) | BinOp::Or(_)),
        Expr::Try(tried) => acts(&tried.expr),
        _ => false,
    }
}

/// The last name of what is called.
fn called(expression: &Expr) -> Option<String> {
    match expression {
        Expr::MethodCall(call) => Some(call.method.to_string()),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        },
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() {
            self.in_function(item.sig.ident.to_string(), |finder| visit::visit_item_fn(finder, item));
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() {
            self.in_function(item.sig.ident.to_string(), |finder| visit::visit_impl_item_fn(finder, item));
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.in_function(item.sig.ident.to_string(), |finder| visit::visit_trait_item_fn(finder, item));
    }

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        match statement {
            Stmt::Expr(expression, Some(_)) if acts(expression) => self.statement(statement.span()),
            Stmt::Local(local) if matches!(local.pat, Pat::Wild(_)) => self.statement(statement.span()),
            _ => {}
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if called(&arm.body).is_some_and(|name| EFFECTS.contains(&name.as_str())) {
            self.statement(arm.body.span());
        }
        visit::visit_arm(self, arm);
    }

    fn visit_pat_guard(&mut self, guard: &'ast syn::PatGuard) {
        self.condition(&guard.guard);
        visit::visit_pat_guard(self, guard);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.condition(&branch.cond);
        self.below(&branch.cond);
        self.visit_block(&branch.then_branch);
        if let Some((_, other)) = &branch.else_branch {
            self.visit_expr(other);
        }
    }

    fn visit_expr_while(&mut self, repeat: &'ast syn::ExprWhile) {
        self.condition(&repeat.cond);
        self.below(&repeat.cond);
        self.visit_block(&repeat.body);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if connects(expression) {
            // Conditions come here from elsewhere: a `let`, an argument, a result.
            self.condition(expression);
            self.below(expression);
        } else {
            visit::visit_expr(self, expression);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        // With one argument it is that of `bool`.
        let then = name == "then_some" || name == "then" && call.args.len() == 1;
        if then && !matches!(&*call.receiver, Expr::Paren(inner) if connects(&inner.expr)) {
            self.condition(&call.receiver);
        }
        if ASKING.contains(&name.as_str()) {
            for argument in &call.args {
                if let Expr::Closure(closure) = argument
                    && !connects(&closure.body)
                    && !matches!(&*closure.body, Expr::Block(_))
                {
                    self.condition(&closure.body);
                }
            }
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Finder<'_> {
    /// What stands inside the parts of a condition, whose own `&&` and `||` are done.
    fn below(&mut self, condition: &Expr) {
        match condition {
            Expr::Paren(inner) => self.below(&inner.expr),
            Expr::Unary(not) if matches!(&*not.expr, Expr::Paren(_)) => self.below(&not.expr),
            Expr::Binary(both) if matches!(both.op, BinOp::And(_) | BinOp::Or(_)) => {
                self.below(&both.left);
                self.below(&both.right);
            }
            Expr::Let(pattern) => self.visit_expr(&pattern.expr),
            other => self.visit_expr(other),
        }
    }
}
