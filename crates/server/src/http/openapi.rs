//! The OpenAPI document: what is not of a route, and its text.

use serde_json::{Value, json};
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{caller::COOKIE, dto::problem::ProblemDto};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Fanfare",
        description = "A self-hosted music server that analyzes every track once. Times are RFC 3339 in UTC, levels carry \
                       their unit in their name, errors are problem documents (RFC 9457). `x-access` says who may use an \
                       operation: `public`, `listener` (anybody signed in) or `owner`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemDto))
)]
struct Base;

/// The document without paths.
pub fn base() -> OpenApi {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_default();
    let session = ApiKeyValue::with_description(
        COOKIE,
        "The session cookie. Requests that change something also need the header `X-Fanfare: 1`.",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key (`ff_...`)."));
    components.add_security_scheme("key", SecurityScheme::Http(key.build()));
    document
}

/// What makes the document's text, for the route that serves it: a route cannot reach the table that it is in.
#[derive(Clone, Copy)]
pub struct Document(pub fn() -> &'static str);

/// The document as text, with what the annotations cannot say.
pub fn render(document: &OpenApi) -> String {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    // Answers always hold all their fields, `null` where nothing is known; only bodies of requests have optional ones.
    if let Some(Value::Object(schemas)) = value.pointer_mut("/components/schemas") {
        for (name, schema) in schemas.iter_mut() {
            if !name.ends_with("Request") && name != "Problem" {
                require_all(schema);
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn require_all(schema: &mut Value) {
    let names = schema.get("properties").and_then(Value::as_object).map(|properties| {
        let mut names: Vec<&String> = properties.keys().collect();
        names.sort();
        json!(names)
    });
    if let (Some(names), Some(object)) = (names, schema.as_object_mut()) {
        object.insert("required".to_owned(), names);
    }
}
