//! The attribute of the functions that Python calls.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Wraps the body of a function that returns a `Result` in `crate::error::guard`, which turns a panic into an error.
/// PyO3 alone would raise a `PanicException`, which is no `Exception` and has no code.
#[proc_macro_attribute]
pub fn guarded(_: TokenStream, function: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = function.into_iter().collect();
    let Some(body) = tokens.pop() else { return TokenStream::new() };
    let mut call: TokenStream = "move ||".parse().unwrap_or_default();
    call.extend([body]);
    let arguments = TokenTree::Group(Group::new(Delimiter::Parenthesis, call));
    let mut wrapped: TokenStream = "crate::error::guard".parse().unwrap_or_default();
    wrapped.extend([arguments]);
    tokens.push(TokenTree::Group(Group::new(Delimiter::Brace, wrapped)));
    tokens.into_iter().collect()
}
