//! Parsing of requests, with every refusal a problem document.

use std::{fmt, marker::PhantomData, net::SocketAddr, time::Duration};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
};
use fanfare_model::ErrorKind;
use http::{StatusCode, header, request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    problem::{Problem, excerpt, variants},
    state::HttpState,
};

/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// The parameters in the path, parsed.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<HttpState> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        Ok(axum::extract::Path::from_request_parts(parts, state).await.map(|path| Self(path.0))?)
    }
}

/// The query parameters, parsed. (Unknown and repeated ones were refused at the gate.)
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<HttpState> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        Ok(axum::extract::Query::from_request_parts(parts, state).await.map(|query| Self(query.0))?)
    }
}

/// A JSON object as the body, declared as such, within the body limit and in time.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<HttpState> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &HttpState) -> Result<Self, Problem> {
        // Besides telling what follows, the type keeps plain cross-site forms out: they cannot send it.
        let declared =
            request.headers().get(header::CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let essence = declared.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !essence.eq_ignore_ascii_case(b"application/json") {
            return Err(Problem::new(ErrorKind::Invalid, "the body must be JSON")
                .remedy("send content-type: application/json")
                .status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let Ok(body) = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await else {
            return Err(Problem::new(ErrorKind::Timeout, "the body did not arrive in time")
                .status(StatusCode::REQUEST_TIMEOUT));
        };
        let body = body?;
        // serde takes a list for a struct, its values in the order of the fields.
        if body.trim_ascii_start().first() != Some(&b'{') {
            let is_json = serde_json::from_slice::<IgnoredAny>(&body).is_ok();
            return Err(if is_json { no_object("the body") } else { no_json() });
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| refused(&error))
    }
}

/// A field that is an object itself, and no list: `#[serde(deserialize_with = "object")]`. A test of the API document asks
/// for it.
///
/// # Errors
/// The format's.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str(OBJECT)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    from.deserialize_map(Object(PhantomData))
}

/// What [`object`] says that it expected.
const OBJECT: &str = "a JSON object";

fn no_object(what: &str) -> Problem {
    Problem::new(ErrorKind::Invalid, format!("{what} must be {OBJECT}"))
        .remedy("send {\"name\": value, ...}; the API document lists the names")
        .status(StatusCode::UNPROCESSABLE_ENTITY)
}

fn refused(error: &serde_json::Error) -> Problem {
    if error.is_data() && error.to_string().contains(&format!("expected {OBJECT}")) {
        return no_object(&format!("a value in the body (line {}, column {})", error.line(), error.column()));
    }
    if !error.is_data() {
        return no_json();
    }
    // The position is kept, values are not: they may be secrets.
    Problem::new(ErrorKind::Invalid, excerpt(&describe(error)))
}

fn no_json() -> Problem {
    Problem::new(ErrorKind::Invalid, "the body is no valid JSON")
}

/// A data error's sentence, unless it quotes a value of the body.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The word itself may be a secret in the wrong place.
    if let Some((_, names)) = variants(&text) {
        let (line, column) = (error.line(), error.column());
        return format!("a value in the body (line {line}, column {column}) is none of {names}");
    }
    let quotes_a_name_only = text.starts_with("missing field") || text.starts_with("unknown field");
    if quotes_a_name_only {
        text
    } else {
        format!("a value in the body has the wrong form (line {}, column {})", error.line(), error.column())
    }
}

/// Where the request comes from. Behind a proxy that is the proxy: forwarding headers can be forged and are not read.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl FromRequestParts<HttpState> for Peer {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &HttpState) -> Result<Self, Self::Rejection> {
        // Absent only where the router is called without a connection.
        Ok(parts.extensions.get().copied().unwrap_or(Self(SocketAddr::from(([0, 0, 0, 0], 0)))))
    }
}
