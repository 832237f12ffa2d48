//! Which analyzers are wanted: [`Selection`].

use fanfare_model::{Error, ErrorKind, Result};

use crate::ANALYZERS;

/// A choice of analyzers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection(Vec<&'static str>);

impl Selection {
    /// Every analyzer.
    #[must_use]
    pub fn all() -> Self {
        Self(ANALYZERS.iter().map(|entry| entry.id).collect())
    }

    /// Only those of these ids.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for an id that no analyzer has (the remedy names those there are) and for none
    /// at all.
    pub fn only(ids: &[&str]) -> Result<Self> {
        let known = || {
            let ids: Vec<_> = ANALYZERS.iter().map(|entry| entry.id).collect();
            format!("choose from {}", ids.join(", "))
        };
        if let Some(unknown) = ids.iter().find(|id| ANALYZERS.iter().all(|entry| entry.id != **id)) {
            let unknown: String = unknown.chars().take(40).flat_map(char::escape_default).collect();
            return Err(
                Error::new(ErrorKind::Invalid, format!("there is no analyzer `{unknown}`")).remedy(known())
            );
        }
        if ids.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "no analyzer is named").remedy(known()));
        }
        Ok(Self(ANALYZERS.iter().map(|entry| entry.id).filter(|id| ids.contains(id)).collect()))
    }

    /// Whether that analyzer is wanted.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains(&id)
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self::all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_names_what_it_knows() {
        let some = Selection::only(&["waveform", "loudness"]).unwrap();
        assert!(some.contains("loudness") && some.contains("waveform") && !some.contains("timbre"));
        let error = Selection::only(&["loudnes"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("choose from loudness, waveform"), "{error}");
        assert!(Selection::only(&[]).is_err());
        assert!(ANALYZERS.iter().all(|entry| Selection::all().contains(entry.id)));
    }
}
