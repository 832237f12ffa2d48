//! Circles: files of one crate that import each other, directly or by way of others.

use std::collections::BTreeMap;

use super::package::Package;
use crate::tidy::known::Offence;

/// The files of a crate in groups: a circle is one group. A group stands behind all that it imports.
pub fn groups(package: &Package) -> Vec<Vec<&str>> {
    let numbers: BTreeMap<&str, usize> =
        package.files.iter().enumerate().map(|(number, file)| (file.as_str(), number)).collect();
    let targets = package.files.iter().map(|file| {
        let to = package.arrows.get(file).into_iter().flat_map(BTreeMap::keys);
        to.filter_map(|to| numbers.get(to.as_str()).copied()).collect()
    });
    let mut search = Search {
        targets: targets.collect(),
        index: vec![None; package.files.len()],
        low: vec![0; package.files.len()],
        open: Vec::new(),
        groups: Vec::new(),
        next: 0,
    };
    for file in 0..package.files.len() {
        if search.index[file].is_none() {
            search.visit(file);
        }
    }
    let name = |number: usize| package.files[number].as_str();
    search
        .groups
        .into_iter()
        .map(|mut group| {
            group.sort_unstable();
            group.into_iter().map(name).collect()
        })
        .collect()
}

/// A finding for each file of a circle; its measure is the number of arrows into the circle.
pub fn offences(package: &Package) -> Vec<Offence> {
    let mut offences = Vec::new();
    for circle in groups(package).into_iter().filter(|group| group.len() > 1) {
        let mut shown = circle.iter().take(6).copied().collect::<Vec<_>>().join(", ");
        if circle.len() > 6 {
            shown.push_str(", ...");
        }
        for file in &circle {
            let into = package.arrows[*file].iter().filter(|(to, _)| circle.contains(&to.as_str()));
            let shown_arrows: Vec<String> = into
                .clone()
                .map(|(to, names)| format!("{to} ({})", names.iter().cloned().collect::<Vec<_>>().join(", ")))
                .collect();
            offences.push(Offence {
                kind: "circle",
                path: (*file).to_owned(),
                what: "imports".to_owned(),
                value: into.count(),
                sentence: format!(
                    "{file} is in a circle of {} files ({shown}) by importing {}",
                    circle.len(),
                    shown_arrows.join(", ")
                ),
            });
        }
    }
    offences
}

/// The circles of all crates in one line.
pub fn figure(packages: &[Package]) -> String {
    let mut parts = Vec::new();
    for package in packages {
        let mut sizes: Vec<usize> = groups(package).iter().map(Vec::len).filter(|size| *size > 1).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        if !sizes.is_empty() {
            let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
            parts.push(format!("{} {} (of {} files)", package.name, sizes.len(), sizes.join(", ")));
        }
    }
    let all = if parts.is_empty() { "none".to_owned() } else { parts.join("; ") };
    format!("circles between files of a crate: {all}")
}

/// Tarjan's search for strongly connected components (SIAM Journal on Computing 1, 1972).
struct Search {
    targets: Vec<Vec<usize>>,
    index: Vec<Option<usize>>,
    low: Vec<usize>,
    open: Vec<usize>,
    groups: Vec<Vec<usize>>,
    next: usize,
}

impl Search {
    fn visit(&mut self, at: usize) {
        self.index[at] = Some(self.next);
        self.low[at] = self.next;
        self.next += 1;
        self.open.push(at);
        for to in self.targets[at].clone() {
            match self.index[to] {
                None => {
                    self.visit(to);
                    self.low[at] = self.low[at].min(self.low[to]);
                }
                Some(index) if self.open.contains(&to) => self.low[at] = self.low[at].min(index),
                Some(_) => {}
            }
        }
        if Some(self.low[at]) == self.index[at] {
            let start = self.open.iter().rposition(|open| *open == at).unwrap_or(0);
            let group = self.open.split_off(start);
            self.groups.push(group);
        }
    }
}
