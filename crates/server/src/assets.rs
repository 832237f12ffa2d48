//! The web UI's files, built into the program by the build script.
//!
//! Invariants: files are found by exact name, never by joining paths; without a built UI there is one page that says so.

use std::sync::LazyLock;

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// Whether the web UI is built in; otherwise a placeholder page is.
pub const BUILT: bool = embedded::BUILT;

/// One file.
#[derive(Debug)]
pub struct Asset {
    /// Its path below the UI's folder, with `/` between parts.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
    /// A hash of the bytes, for its entity tag.
    pub hash: String,
}

static FILES: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let files = embedded::FILES.iter();
    files
        .map(|(name, bytes)| Asset { name, bytes, hash: blake3::hash(bytes).to_hex()[..32].to_owned() })
        .collect()
});

/// The file of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    FILES.iter().find(|file| file.name == name)
}

impl Asset {
    /// Whether its name holds a hash of its content (Vite puts such files below `assets/`), so that it can be kept forever.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        self.name.starts_with("assets/")
    }

    /// Its media type, by suffix.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            "wasm" => "application/wasm",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_page_and_nothing_outside() {
        let page = find("index.html").unwrap();
        assert_eq!(page.media_type(), "text/html; charset=utf-8");
        assert!(!page.bytes.is_empty());
        for name in ["", "/index.html", "../Cargo.toml", "./index.html", "index.html/", "INDEX.HTML"] {
            assert!(find(name).is_none(), "{name}");
        }
    }
}
