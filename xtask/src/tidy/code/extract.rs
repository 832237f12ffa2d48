//! One file's text to a [`Source`].

mod attributes;
mod tokens;

use syn::{spanned::Spanned, visit::Visit};

use super::source::{Function, Kind, Module, Named, Scope, Source, Use};

/// Parses one file.
pub fn source(shown: &str, text: &str) -> syn::Result<Source> {
    let file = syn::parse_file(text)?;
    let tests =
        attributes::for_tests(&file.attrs) || !shown.starts_with("crates/") || !shown.contains("/src/");
    let mut reader = Reader { tests: usize::from(tests), ..Reader::default() };
    reader.visit_file(&file);
    Ok(Source {
        lines: text.lines().count() - reader.test_lines,
        tests,
        scope: reader.scope,
        functions: reader.functions,
        names: reader.names,
    })
}

#[derive(Default)]
struct Reader {
    scope: Scope,
    functions: Vec<Function>,
    names: Vec<Named>,
    /// How many test items are around.
    tests: usize,
    /// Lines of test items inside product code.
    test_lines: usize,
    /// The type whose methods are read.
    owner: Option<String>,
    /// Whether a trait's methods are read, whose names the trait chose.
    for_trait: bool,
}

impl Reader {
    fn name(&mut self, kind: Kind, name: &syn::Ident) {
        let line = name.span().start().line;
        let name = name.to_string().trim_start_matches("r#").to_owned();
        self.names.push(Named { kind, name, line });
    }

    /// An item that paths may lead to.
    fn item(&mut self, kind: Kind, name: &syn::Ident) {
        self.name(kind, name);
        if self.tests == 0 {
            self.scope.items.insert(name.to_string());
        }
    }

    fn path(&mut self, path: Vec<String>) {
        if self.tests == 0 {
            self.scope.paths.insert(path);
        }
    }

    fn function(&mut self, signature: &syn::Signature, body: Option<&syn::Block>) {
        if self.tests > 0 {
            return;
        }
        let line = signature.span().start().line;
        let mut tables = Tables(0);
        let mut end = signature.span().end().line;
        if let Some(body) = body {
            end = body.span().end().line;
            tables.visit_block(body);
        }
        let name = match &self.owner {
            Some(owner) => format!("{owner}::{}", signature.ident),
            None => signature.ident.to_string(),
        };
        let lines = end + 1 - line - tables.0.min(end - line);
        self.functions.push(Function { name, line, lines, parameters: signature.inputs.len() });
    }

    fn use_tree(&mut self, tree: &syn::UseTree, path: &mut Vec<String>, public: bool) {
        let mut push = |path: Vec<String>, name: String| self.scope.uses.push(Use { path, name, public });
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.use_tree(&part.tree, path, public);
                path.pop();
            }
            syn::UseTree::Name(part) if part.ident == "self" => {
                push(path.clone(), path.last().cloned().unwrap_or_default());
            }
            syn::UseTree::Name(part) => {
                let name = part.ident.to_string();
                push([path.as_slice(), std::slice::from_ref(&name)].concat(), name);
            }
            syn::UseTree::Rename(part) => {
                let mut full = path.clone();
                if part.ident != "self" {
                    full.push(part.ident.to_string());
                }
                push(full, part.rename.to_string());
            }
            syn::UseTree::Glob(_) => push(path.clone(), "*".to_owned()),
            syn::UseTree::Group(group) => {
                for part in &group.items {
                    self.use_tree(part, path, public);
                }
            }
        }
    }

    fn module(&mut self, module: &syn::ItemMod) {
        self.name(Kind::Module, &module.ident);
        let inline = module.content.as_ref().map(|(_, items)| {
            let outer = std::mem::take(&mut self.scope);
            for item in items {
                self.visit_item(item);
            }
            std::mem::replace(&mut self.scope, outer)
        });
        self.scope.modules.push(Module {
            name: module.ident.to_string(),
            place: attributes::place(&module.attrs),
            inline,
            tests: self.tests > 0,
        });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let tests = attributes::of(item).is_some_and(attributes::for_tests);
        if tests && self.tests == 0 {
            self.test_lines += item.span().end().line + 1 - item.span().start().line;
        }
        self.tests += usize::from(tests);
        match item {
            syn::Item::Mod(module) => self.module(module),
            syn::Item::Use(import) => {
                if self.tests == 0 && import.leading_colon.is_none() {
                    let public = !matches!(import.vis, syn::Visibility::Inherited);
                    self.use_tree(&import.tree, &mut Vec::new(), public);
                }
            }
            item => {
                match item {
                    syn::Item::Struct(item) => self.item(Kind::Type, &item.ident),
                    syn::Item::Enum(item) => self.item(Kind::Type, &item.ident),
                    syn::Item::Union(item) => self.item(Kind::Type, &item.ident),
                    syn::Item::Trait(item) => self.item(Kind::Type, &item.ident),
                    syn::Item::Type(item) => self.item(Kind::Type, &item.ident),
                    syn::Item::Const(item) => self.item(Kind::Constant, &item.ident),
                    syn::Item::Static(item) => self.item(Kind::Constant, &item.ident),
                    syn::Item::Macro(item) => {
                        item.ident.iter().for_each(|name| self.item(Kind::Function, name));
                    }
                    _ => {}
                }
                syn::visit::visit_item(self, item);
            }
        }
        self.tests -= usize::from(tests);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let kind = if attributes::is_test(&item.attrs) { Kind::Test } else { Kind::Function };
        self.item(kind, &item.sig.ident);
        self.function(&item.sig, Some(&item.block));
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        let outer = (std::mem::replace(&mut self.owner, owner), self.for_trait);
        self.for_trait = item.trait_.is_some();
        syn::visit::visit_item_impl(self, item);
        (self.owner, self.for_trait) = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let tests = attributes::for_tests(&item.attrs);
        self.tests += usize::from(tests);
        if !self.for_trait {
            self.name(Kind::Function, &item.sig.ident);
        }
        self.function(&item.sig, Some(&item.block));
        syn::visit::visit_impl_item_fn(self, item);
        self.tests -= usize::from(tests);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let outer = self.owner.replace(item.ident.to_string());
        syn::visit::visit_item_trait(self, item);
        self.owner = outer;
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.name(Kind::Function, &item.sig.ident);
        self.function(&item.sig, item.default.as_ref());
        syn::visit::visit_trait_item_fn(self, item);
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        field.ident.iter().for_each(|name| self.name(Kind::Field, name));
        syn::visit::visit_field(self, field);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.name(Kind::Variant, &variant.ident);
        syn::visit::visit_variant(self, variant);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.name(Kind::Variable, &pattern.ident);
        syn::visit::visit_pat_ident(self, pattern);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        // A single name in lower case is most often a local variable; calls are read below.
        let variable = parts.len() == 1 && parts[0].starts_with(|first: char| !first.is_uppercase());
        if path.leading_colon.is_none() && !variable {
            self.path(parts);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func
            && let Some(name) = function.path.get_ident()
        {
            self.path(vec![name.to_string()]);
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        tokens::paths(call.tokens.clone(), &mut |path| self.path(path));
    }

    // `pub(in crate::a)` names no item, and what attributes name is read by other programs.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// Counts the lines of tables inside of a function: a list of values is data, however long.
struct Tables(usize);

impl<'ast> Visit<'ast> for Tables {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.table(&item.expr, item.span());
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.table(&item.expr, item.span());
    }
}

impl Tables {
    fn table(&mut self, mut value: &syn::Expr, span: proc_macro2::Span) {
        while let syn::Expr::Reference(inner) = value {
            value = &inner.expr;
        }
        if matches!(value, syn::Expr::Array(_)) {
            self.0 += span.end().line + 1 - span.start().line;
        }
    }
}
