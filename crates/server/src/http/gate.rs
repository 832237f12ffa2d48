//! The gate: every request to a route passes here first, and is refused unless the table says otherwise.
//!
//! While nothing at all can be stored, requests that would change something are refused with the cause, so that none is done
//! only in part.
//!
//! In order: is the route in the table, are its query parameters known, may this `Host` be used ([`super::guard`]), who is the
//! caller, may they, and does a cookie come with the header that forged forms lack.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use fanfare_model::{Access, ErrorKind};
use http::{Method, request::Parts};

use super::{
    caller::{CSRF_HEADER, Caller, Proof, unauthorized},
    guard,
    identify::identify,
    problem::{Problem, excerpt},
    state::HttpState,
    table::{Rule, Rules},
};

/// The longest query string that is looked at, in bytes.
const LONGEST_QUERY: usize = 4096;

/// When a client that was refused because nothing can be stored may try again.
const DISK_RETRY_S: u64 = 10;

/// Removes transcodes, though it is no `DELETE`.
const CLEARS_CACHE: &str = "/api/v1/cache/clear";

/// Addresses whose changes need not be stored, or that refuse by themselves (an upload is refused after some of its bytes are read).
const STORE_NOTHING: &[&str] = &["/api/v1/login", "/api/v1/logout", "/api/v1/shared/open", "/api/v1/tracks"];

/// What the gate needs.
#[derive(Clone)]
pub struct Gate {
    /// The server's parts.
    pub state: HttpState,
    /// What the table says.
    pub rules: Arc<Rules>,
}

/// Lets a request through or answers it.
pub async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    // Without a matched path it goes to the fallback, which serves the embedded pages and nothing else.
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else {
        return next.run(request).await;
    };
    // The body cannot be shared between threads, so the gate sees the rest.
    let (mut parts, body) = request.into_parts();
    match admit(&gate, path.as_str(), &parts).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                parts.extensions.insert(caller);
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(gate: &Gate, path: &str, request: &Parts) -> Result<Option<Caller>, Problem> {
    let rule = find(&gate.rules, path, &request.method)?;
    let headers = &request.headers;
    guard::check_host(&gate.state.settings, &request.uri, headers)?;
    let caller = match identify(&gate.state, headers).await {
        Ok(caller) => caller,
        // Liveness and the like must answer while the store does not.
        Err(_) if rule.access == Access::Public => None,
        Err(error) => return Err(error.into()),
    };
    if !rule.access.allows(caller.as_ref().map(Caller::role)) {
        return Err(match caller {
            None => unauthorized(),
            Some(_) => Problem::new(ErrorKind::Forbidden, "only an owner may do this"),
        });
    }
    let safe = matches!(request.method, Method::GET | Method::HEAD);
    let by_cookie = caller.as_ref().is_some_and(|caller| matches!(caller.proof, Proof::Cookie(_)));
    if by_cookie && !safe && !headers.contains_key(CSRF_HEADER) {
        return Err(Problem::new(ErrorKind::Forbidden, "the request may come from another site")
            .remedy("send the header X-Fanfare: 1 with requests that change something"));
    }
    check_query(rule, request.uri.query().unwrap_or_default())?;
    // What deletes is tried while a full disk has room for that alone; the store refuses what does not.
    let deletes = request.method == Method::DELETE || path == CLEARS_CACHE;
    let is_tried = deletes && gate.state.store.only_deletes();
    if !safe && !is_tried && !STORE_NOTHING.contains(&path) {
        check_disk(&gate.state)?;
    }
    Ok(caller)
}

/// Refuses while nothing can be stored. (The disk is checked every second.)
fn check_disk(state: &HttpState) -> Result<(), Problem> {
    match state.store.only_reads() {
        Some(why) => Err(Problem::from(why.error()).retry_after(DISK_RETRY_S)),
        None => Ok(()),
    }
}

fn find<'a>(rules: &'a Rules, path: &str, method: &Method) -> Result<&'a Rule, Problem> {
    let Some(methods) = rules.get(path) else {
        return Err(Problem::new(ErrorKind::Forbidden, "this address is closed"));
    };
    let get_for_head = || (method == Method::HEAD).then(|| methods.get("GET")).flatten();
    methods.get(method.as_str()).or_else(get_for_head).ok_or_else(|| {
        let mut allow: Vec<&str> = methods.keys().map(String::as_str).collect();
        if methods.contains_key("GET") && !methods.contains_key("HEAD") {
            allow.push("HEAD");
        }
        Problem::method_not_allowed(allow.join(", "))
    })
}

/// Refuses unknown and repeated names: a filter that is misspelt must not silently give everything.
fn check_query(rule: &Rule, query: &str) -> Result<(), Problem> {
    if query.len() > LONGEST_QUERY {
        return Err(Problem::new(ErrorKind::Invalid, "the query is too long"));
    }
    let mut seen = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        // Names of ours need no escapes, so an escaped name is an unknown name.
        let Some(known) = rule.query.get(name) else {
            let message = format!("the query parameter `{}` is not known", excerpt(name));
            let known: Vec<&str> = rule.query.iter().map(String::as_str).collect();
            let remedy = if known.is_empty() {
                "this address knows none".to_owned()
            } else {
                format!("it knows {}", known.join(", "))
            };
            return Err(Problem::new(ErrorKind::Invalid, message).remedy(remedy));
        };
        if seen.contains(&known) {
            return Err(Problem::new(
                ErrorKind::Invalid,
                format!("the query parameter `{known}` is given twice"),
            ));
        }
        seen.push(known);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(names: &[&str]) -> Rule {
        Rule { access: Access::Public, query: names.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn only_known_parameters_pass_and_each_once() {
        let rule = rule(&["search", "limit"]);
        for (query, passes) in [
            ("", true),
            ("search=a%26b&limit=3", true),
            ("search", true),
            ("search=a&search=b", false),
            ("Search=a", false),
            ("s%65arch=a", false),
            ("search=a&id=1", false),
            ("search=a&&limit=3&", true),
        ] {
            assert_eq!(check_query(&rule, query).is_ok(), passes, "{query}");
        }
        assert!(check_query(&rule, &format!("search={}", "x".repeat(5_000))).is_err());
    }

    #[test]
    fn what_the_table_does_not_know_is_closed() {
        let methods = [("GET".to_owned(), rule(&[]))].into();
        let rules = Rules::from([("/a".to_owned(), methods)]);
        assert!(find(&rules, "/a", &Method::GET).is_ok());
        assert!(find(&rules, "/a", &Method::HEAD).is_ok());
        for (path, method, status) in
            [("/b", Method::GET, 403), ("/a", Method::POST, 405), ("/a", Method::OPTIONS, 405)]
        {
            let refused = find(&rules, path, &method).unwrap_err().into_response();
            assert_eq!(refused.status(), status);
            assert_eq!(refused.headers().contains_key("allow"), status == 405);
        }
    }
}
