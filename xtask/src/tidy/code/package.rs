//! A crate's files as a tree of modules, and the arrows between them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    resolve::{Target, resolve},
    source::{Scope, Source},
};

/// One crate that ships.
pub struct Package {
    /// The name of its folder.
    pub name: String,
    /// Its files outside of tests.
    pub files: Vec<String>,
    /// From a file to the files whose items it names, and by which names.
    pub arrows: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

/// The modules of one crate.
pub struct Tree<'a> {
    pub nodes: Vec<Node<'a>>,
    /// `lib.rs`, which `main.rs` calls by the crate's name.
    pub library: Option<usize>,
    /// The crate's name in code.
    pub name: String,
}

/// A module: a file's or one inside a file.
pub struct Node<'a> {
    pub file: String,
    pub scope: &'a Scope,
    pub root: usize,
    pub parent: Option<usize>,
    pub children: BTreeMap<String, usize>,
    tests: bool,
}

/// All crates below `crates`. Marks the files of modules that are declared for tests only.
pub fn all(sources: &mut BTreeMap<String, Source>) -> Vec<Package> {
    let folders: BTreeSet<String> = sources
        .keys()
        .filter_map(|path| path.strip_prefix("crates/")?.split('/').next())
        .map(str::to_owned)
        .collect();
    let mut tests = BTreeSet::new();
    let packages = folders.into_iter().map(|name| one(name, sources, &mut tests)).collect();
    for path in tests {
        if let Some(source) = sources.get_mut(&path) {
            source.tests = true;
        }
    }
    packages
}

fn one(name: String, sources: &BTreeMap<String, Source>, tests: &mut BTreeSet<String>) -> Package {
    let folder = format!("crates/{name}/src");
    let mut tree =
        Tree { nodes: Vec::new(), library: None, name: format!("fanfare_{}", name.replace('-', "_")) };
    for (path, source) in sources.range(folder.clone()..) {
        let Some(inside) = path.strip_prefix(&format!("{folder}/")) else { continue };
        let in_bin = inside.strip_prefix("bin/").is_some_and(|rest| !rest.contains('/'));
        if inside == "lib.rs" || inside == "main.rs" || in_bin {
            let root = tree.nodes.len();
            tree.add(sources, path.clone(), folder_of(path), &source.scope, None, source.tests);
            if inside == "lib.rs" {
                tree.library = Some(root);
            }
        }
    }
    let shipped: BTreeSet<&String> =
        tree.nodes.iter().filter(|node| !node.tests).map(|node| &node.file).collect();
    tests.extend(
        tree.nodes
            .iter()
            .filter(|node| node.tests && !shipped.contains(&node.file))
            .map(|node| node.file.clone()),
    );
    let files = shipped.into_iter().cloned().collect();
    let arrows = arrows(&tree);
    Package { name, files, arrows }
}

impl<'a> Tree<'a> {
    /// Adds a module and those inside it. `folder` is where the files of its modules lie.
    fn add(
        &mut self,
        sources: &'a BTreeMap<String, Source>,
        file: String,
        folder: &str,
        scope: &'a Scope,
        parent: Option<usize>,
        tests: bool,
    ) -> usize {
        let at = self.nodes.len();
        let root = parent.map_or(at, |parent| self.nodes[parent].root);
        self.nodes.push(Node { file: file.clone(), scope, root, parent, children: BTreeMap::new(), tests });
        for module in &scope.modules {
            let tests = tests || module.tests;
            let inner = format!("{folder}/{}", module.name);
            let child = if let Some(inline) = &module.inline {
                Some(self.add(sources, file.clone(), &inner, inline, Some(at), tests))
            } else {
                let candidates = match &module.place {
                    Some(place) => vec![flat(&format!("{}/{place}", folder_of(&file)))],
                    None => vec![format!("{inner}.rs"), format!("{inner}/mod.rs")],
                };
                candidates.into_iter().find_map(|path| Some((sources.get(&path)?, path))).map(
                    |(source, path)| {
                        // A file named by `#[path]` has its modules beside it, as a `mod.rs` has.
                        let inner = match &module.place {
                            Some(_) => folder_of(&path).to_owned(),
                            None => inner,
                        };
                        self.add(sources, path, &inner, &source.scope, Some(at), tests || source.tests)
                    },
                )
            };
            if let Some(child) = child {
                self.nodes[at].children.insert(module.name.clone(), child);
            }
        }
        at
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path without `..`.
fn flat(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn arrows(tree: &Tree) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let mut arrows: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (at, node) in tree.nodes.iter().enumerate().filter(|(_, node)| !node.tests) {
        let imports = node.scope.uses.iter().filter(|import| !import.public && import.name != "*");
        for path in imports.map(|import| &import.path).chain(&node.scope.paths) {
            if let Some(Target::Item(file, name)) = resolve(tree, at, path)
                && file != node.file
            {
                let to = arrows.entry(node.file.clone()).or_default();
                to.entry(file).or_default().insert(name);
            }
        }
    }
    arrows
}
