//! Paths in the arguments of macros, which are tokens to `syn` and nothing else.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Calls `found` with every path: `a::b`, a single name in upper case, a single name that is called.
pub fn paths(tokens: TokenStream, found: &mut impl FnMut(Vec<String>)) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut after_dot = false;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end(&mut path, false, found);
                }
                // `.name` is a field or a method: no path begins with it.
                if !after_dot {
                    path.push(name.to_string());
                }
                after_dot = false;
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                colons += 1;
                if colons > 2 {
                    end(&mut path, false, found);
                }
            }
            TokenTree::Group(group) => {
                end(&mut path, group.delimiter() == Delimiter::Parenthesis, found);
                colons = 0;
                paths(group.stream(), found);
            }
            other => {
                end(&mut path, false, found);
                colons = 0;
                after_dot = matches!(other, TokenTree::Punct(mark) if mark.as_char() == '.');
            }
        }
    }
    end(&mut path, false, found);
}

fn end(path: &mut Vec<String>, called: bool, found: &mut impl FnMut(Vec<String>)) {
    let path = std::mem::take(path);
    let upper = path.first().is_some_and(|first| first.starts_with(char::is_uppercase));
    if path.len() > 1 || (path.len() == 1 && (upper || called)) {
        found(path);
    }
}
