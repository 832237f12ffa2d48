//! The sets of generated sound with known truth, and the scorer that judges answers about them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::{place::Place, track::finish};

/// A generated set.
#[derive(Debug)]
pub struct Set {
    /// Its name: the folder below the work folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Track id and file, in order.
    pub files: Vec<(String, PathBuf)>,
}

impl Set {
    /// The composed pieces of that seed; made unless they are there from an earlier run.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn music(place: &Place, seed: u64, count: usize) -> Result<Self, String> {
        // The name is part of what the generator draws from: seed 1 is the set that the issue calls dev.
        let name = if seed == 1 { "dev".to_owned() } else { format!("seed-{seed}") };
        let fits = |truth: &Value| {
            truth["seed"] == seed && truth["tracks"].as_array().is_some_and(|rows| rows.len() == count)
        };
        let (seed, count) = (seed.to_string(), count.to_string());
        Self::make(place, name.clone(), fits, &["music", "--seed", &seed, "--set", &name, "--count", &count])
    }

    /// The same pieces out of tune and degraded.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn roughened(&self, place: &Place) -> Result<Self, String> {
        let name = format!("{}-rough", self.name);
        let folder = place.work.join(&name);
        let count = self.files.len();
        let fits = |truth: &Value| truth["tracks"].as_array().is_some_and(|rows| rows.len() == count);
        Self::kept_or_made(name, folder.clone(), fits, || {
            let mut make = Command::new(&place.python);
            make.arg(Place::scripts().join("roughen.py")).arg(&self.folder).arg(folder);
            make
        })
    }

    /// The signals whose loudness, range and peaks are known.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn loudness(place: &Place) -> Result<Self, String> {
        Self::make(place, "loudness".to_owned(), |_| true, &["loudness"])
    }

    fn make(
        place: &Place,
        name: String,
        fits: impl Fn(&Value) -> bool,
        words: &[&str],
    ) -> Result<Self, String> {
        let folder = place.work.join(&name);
        let script = place.corpus()?.join("corpus.py");
        Self::kept_or_made(name, folder, fits, || {
            let mut make = Command::new(&place.python);
            make.arg(script).args(words).env("BENCH_DIR", &place.work);
            make
        })
    }

    fn kept_or_made(
        name: String,
        folder: PathBuf,
        fits: impl Fn(&Value) -> bool,
        make: impl FnOnce() -> Command,
    ) -> Result<Self, String> {
        if !truth(&folder).is_ok_and(|truth| fits(&truth)) {
            eprintln!("making the set {name}");
            finish(make()).map_err(|complaint| {
                format!("{complaint} (corpus.py says which packages it needs; --install gets them)")
            })?;
        }
        let truth = truth(&folder)?;
        let rows = truth["tracks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let file = |row: &Value| Some((row["id"].as_str()?.to_owned(), folder.join(row["file"].as_str()?)));
        let files = rows.iter().filter_map(file).collect();
        Ok(Self { name, folder, files })
    }

    /// Has the answers in those files judged: per tool's name, what [`read_scores`] finds.
    ///
    /// # Errors
    /// A sentence with a remedy.
    pub fn score(&self, place: &Place, answers: &[PathBuf]) -> Result<Scores, String> {
        let detail = self.folder.join("scores.json");
        let mut score = Command::new(&place.python);
        score.arg(place.corpus()?.join("score.py")).args(["--set", &self.name, "--detail"]).arg(&detail);
        score.args(answers).env("BENCH_DIR", &place.work);
        finish(score)?;
        let text = fs::read_to_string(&detail).map_err(|error| format!("{}: {error}", detail.display()))?;
        read_scores(&text)
    }
}

fn truth(folder: &Path) -> Result<Value, String> {
    let path = folder.join("truth.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Figures per tool.
pub type Scores = BTreeMap<String, BTreeMap<String, Figure>>;

/// One figure of one tool on one set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A share of the best possible, 0 to 1.
    Share(f64),
    /// Cases within their tolerance.
    Cases {
        /// How many are.
        passed: u64,
        /// How many there are.
        of: u64,
        /// Cases without an answer.
        missing: u64,
        /// The largest error among the answers.
        worst: f64,
    },
}

/// The figures in what the scorer writes with `--detail`.
///
/// # Errors
/// A sentence when it is not what it should be.
pub fn read_scores(text: &str) -> Result<Scores, String> {
    let whole: Value =
        serde_json::from_str(text).map_err(|error| format!("the scores cannot be read: {error}"))?;
    let tools = whole.as_object().ok_or("the scores are no object")?;
    let figure = |value: &Value| {
        value.as_f64().map(Figure::Share).or_else(|| {
            Some(Figure::Cases {
                passed: value["pass"].as_u64()?,
                of: value["of"].as_u64()?,
                missing: value["missing"].as_u64()?,
                worst: value["max_abs_err"].as_f64()?,
            })
        })
    };
    let scores = tools.iter().map(|(tool, found)| {
        let summary = found["summary"].as_object().into_iter().flatten();
        (tool.clone(), summary.filter_map(|(name, value)| Some((name.clone(), figure(value)?))).collect())
    });
    Ok(scores.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_as_the_scorer_writes_them() {
        let text = r#"{
            "fanfare": {"summary": {"acc1": 0.9259, "key_w": 0.97}, "tracks": [{"id": "dev-000", "acc1": true}]},
            "ffmpeg": {"summary": {"lufs": {"pass": 12, "of": 13, "missing": 1, "mean_abs_err": 0.001, "max_abs_err": 0.01}}, "tracks": []},
            "empty": {"summary": {}, "tracks": []}
        }"#;
        let scores = read_scores(text).unwrap();
        for (tool, name, expected) in [
            ("fanfare", "acc1", Some(Figure::Share(0.9259))),
            ("fanfare", "key_w", Some(Figure::Share(0.97))),
            ("fanfare", "acc2", None),
            ("ffmpeg", "lufs", Some(Figure::Cases { passed: 12, of: 13, missing: 1, worst: 0.01 })),
            ("empty", "lufs", None),
        ] {
            assert_eq!(scores[tool].get(name).copied(), expected, "{tool} {name}");
        }
        for broken in ["", "[]", "nonsense"] {
            assert!(read_scores(broken).is_err(), "{broken}");
        }
    }
}
