//! Takes away parentheses that rustc would call unnecessary: the parts that emit expressions need not know where they land.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The same code with no parentheses around a whole argument, element, statement or block.
pub(super) fn tidy(tokens: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut segment: Vec<TokenTree> = Vec::new();
    for tree in tokens {
        let ends = matches!(&tree, TokenTree::Punct(p) if p.as_char() == ',' || p.as_char() == ';');
        let tree = match tree {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), tidy(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other,
        };
        if ends {
            out.append(&mut unwrapped(std::mem::take(&mut segment)));
            out.push(tree);
        } else {
            segment.push(tree);
        }
    }
    out.append(&mut unwrapped(segment));
    out.into_iter().collect()
}

/// What stands in the parentheses, if the segment is nothing else and they hold one expression.
fn unwrapped(segment: Vec<TokenTree>) -> Vec<TokenTree> {
    let [TokenTree::Group(group)] = &segment[..] else { return segment };
    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
    let one =
        !inner.is_empty() && !inner.iter().any(|t| matches!(t, TokenTree::Punct(p) if p.as_char() == ','));
    if group.delimiter() == Delimiter::Parenthesis && one { inner } else { segment }
}

#[cfg(test)]
mod tests {
    use super::tidy;
    use quote::quote;

    #[test]
    fn only_parentheses_around_a_whole_part_go() {
        let cases = [
            (quote! { f((a & b), (c)) }, quote! { f(a & b, c) }),
            (quote! { { (a | b) } }, quote! { { a | b } }),
            (quote! { f((a, b)) }, quote! { f((a, b)) }),
            (quote! { (a & b) == (c) }, quote! { (a & b) == (c) }),
            (quote! { fn f() { g() } }, quote! { fn f() { g() } }),
            (quote! { [(a << 1); (2)] }, quote! { [a << 1; 2] }),
        ];
        for (before, after) in cases {
            assert_eq!(tidy(before).to_string(), after.to_string());
        }
    }
}
