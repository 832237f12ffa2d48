//! From a path in the code to the file that defines what it names.
//!
//! What no module of the crate defines is another crate's, or the language's own.

use super::package::Tree;

/// Where a path leads.
pub enum Target {
    /// A module, by its number in the tree.
    Module(usize),
    /// An item: the file that defines it and its name there.
    Item(String, String),
}

/// How many imports one name may pass through; a longer way is an import that names itself.
const MOST_STEPS: usize = 16;

/// Follows a path from a module. Methods, variants and fields belong to the file of their type.
pub fn resolve(tree: &Tree, from: usize, path: &[String]) -> Option<Target> {
    follow(tree, from, path, 0)
}

fn follow(tree: &Tree, from: usize, path: &[String], steps: usize) -> Option<Target> {
    if steps > MOST_STEPS {
        return None;
    }
    let (first, rest) = path.split_first()?;
    let mut at = match first.as_str() {
        "crate" => Target::Module(tree.nodes[from].root),
        "self" => Target::Module(from),
        "super" => Target::Module(tree.nodes[from].parent?),
        name => match look_up(tree, from, name, rest.is_empty(), steps) {
            Some(found) => found,
            None if name == tree.name => Target::Module(tree.library?),
            None => return None,
        },
    };
    for (number, name) in rest.iter().enumerate() {
        let Target::Module(module) = at else { break };
        let last = number + 1 == rest.len();
        at = match name.as_str() {
            "super" => Target::Module(tree.nodes[module].parent?),
            "self" => Target::Module(module),
            // What a macro defines is not seen; it is an item of the module all the same.
            name => look_up(tree, module, name, last, steps)
                .unwrap_or_else(|| Target::Item(tree.nodes[module].file.clone(), name.to_owned())),
        };
    }
    Some(at)
}

/// A name as a module sees it: its own items and modules, then imports by name, then imports of everything.
fn look_up(tree: &Tree, at: usize, name: &str, last: bool, steps: usize) -> Option<Target> {
    let node = &tree.nodes[at];
    let module = node.children.get(name).map(|child| Target::Module(*child));
    if !last && module.is_some() {
        return module;
    }
    if node.scope.items.contains(name) {
        return Some(Target::Item(node.file.clone(), name.to_owned()));
    }
    let mut named = node.scope.uses.iter().filter(|import| import.name == name);
    // `use name::...` inside the module called `name` does not mean itself.
    let imported = named.find_map(|import| follow(tree, at, &import.path, steps + 1));
    imported.or(module).or_else(|| {
        let mut all = node.scope.uses.iter().filter(|import| import.name == "*");
        all.find_map(|import| match follow(tree, at, &import.path, steps + 1)? {
            Target::Module(other) if other != at => {
                // A name that the module only guessed is none: ask for what it knows.
                look_up(tree, other, name, last, steps + 4)
            }
            _ => None,
        })
    })
}
