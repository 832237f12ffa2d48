//! The web UI: files that were built into the program, served from memory by exact name.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use fanfare_delivery::{EntityTag, etag::TagList};
use fanfare_model::ErrorKind;
use http::{HeaderValue, Method, StatusCode, header};

use crate::{
    assets,
    http::{headers::PAGE_POLICY, problem::Problem},
};

/// Prefixes under which nothing but the table answers.
const RESERVED: &[&str] = &["/api/", "/health/", "/metrics/"];

/// The name of the file that answers at a path. A shared mixtape has an address of its own (its token stands behind the
/// `#`, which no browser sends); it is the same page.
fn file_of(path: &str) -> &str {
    match path.trim_start_matches('/') {
        "" | "s" | "s/" => "index.html",
        name => name,
    }
}

/// A page, one of its files, or a problem.
pub async fn page(request: Request) -> Response {
    let path = request.uri().path();
    if RESERVED.iter().any(|prefix| path.starts_with(prefix)) || path == "/api" {
        return Problem::new(ErrorKind::NotFound, "there is nothing at this address")
            .remedy("see /api/v1/openapi.json for what there is")
            .into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::method_not_allowed("GET, HEAD".to_owned()).into_response();
    }
    let Some(file) = assets::find(file_of(path)) else {
        return Problem::not_found("page").into_response();
    };
    // Weak: the same tag names the plain and the compressed form.
    let tag = EntityTag::weak(&file.hash);
    let cache = if file.is_immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = [
        (header::ETAG, tag.to_string()),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY.to_owned()),
    ];
    let known =
        TagList::parse(request.headers().get_all(header::IF_NONE_MATCH).iter().map(HeaderValue::as_bytes));
    if known.has_weak(&tag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    (fields, [(header::CONTENT_TYPE, file.media_type())], file.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_shared_page_are_one_file_and_nothing_else_is() {
        for (path, file) in [
            ("/", "index.html"),
            ("/s/", "index.html"),
            ("/s", "index.html"),
            ("/sw.js", "sw.js"),
            ("/s/x", "s/x"),
            ("/manifest.webmanifest", "manifest.webmanifest"),
        ] {
            assert_eq!(file_of(path), file, "{path}");
        }
    }

    /// What the installed app needs: its manifest, its service worker, and icons from the server itself.
    #[test]
    fn the_policy_lets_the_pages_be_installed() {
        for part in
            ["manifest-src 'self'", "worker-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'"]
        {
            assert!(PAGE_POLICY.contains(part), "{part}");
        }
        assert!(!PAGE_POLICY.contains("unsafe-eval"));
        assert!(PAGE_POLICY.contains("script-src 'self';"));
    }
}
