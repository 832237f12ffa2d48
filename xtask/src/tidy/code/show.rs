//! The module graph of a crate as text.

use std::{collections::BTreeMap, fmt::Write};

use super::{circles::groups, package::Package};

/// Layers from the bottom: a file imports files of lower layers only, and of its own circle.
pub fn graph(package: &Package) -> String {
    let groups = groups(package);
    let mut layer_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut layers: Vec<Vec<&[&str]>> = Vec::new();
    for group in &groups {
        let imported = group.iter().filter_map(|file| package.arrows.get(*file)).flat_map(BTreeMap::keys);
        let layer =
            imported.filter_map(|file| layer_of.get(file.as_str())).max().map_or(0, |below| below + 1);
        layer_of.extend(group.iter().map(|file| (*file, layer)));
        layers.resize_with(layers.len().max(layer + 1), Vec::new);
        layers[layer].push(group);
    }
    let folder = format!("crates/{}/src/", package.name);
    let short = |file: &str| file.strip_prefix(&folder).unwrap_or(file).to_owned();
    let arrows: usize = package.arrows.values().map(BTreeMap::len).sum();
    let circles = groups.iter().filter(|group| group.len() > 1).count();
    let mut text = format!(
        "crate {}: {} files, {arrows} arrows, {} layers, {circles} circles\n",
        package.name,
        package.files.len(),
        layers.len()
    );
    for (number, layer) in layers.iter().enumerate() {
        let _ = writeln!(text, "\nlayer {number}");
        for group in layer {
            let circle = group.len() > 1;
            if circle {
                let _ = writeln!(text, "  circle of {} files", group.len());
            }
            for file in *group {
                let indent = if circle { "    " } else { "  " };
                let _ = writeln!(text, "{indent}{}", short(file));
                for (to, names) in package.arrows.get(*file).into_iter().flatten() {
                    let mark = if group.contains(&to.as_str()) { " [circle]" } else { "" };
                    let names = names.iter().cloned().collect::<Vec<_>>().join(", ");
                    let _ = writeln!(text, "{indent}  -> {} ({names}){mark}", short(to));
                }
            }
        }
    }
    text
}
