//! The table of routes: the only way to add one, and it asks for its access.
//!
//! Invariants: what [`Table::add`] puts into the router it puts, in the same step, into the rules the gate checks and into the
//! OpenAPI document (`x-access`, `security`, the problem answer).

use std::collections::{BTreeMap, BTreeSet};

use fanfare_model::Access;
use http::Method;
use serde_json::json;
use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, ResponseBuilder,
    extensions::Extensions,
    path::{Operation, ParameterIn, PathItem},
    security::SecurityRequirement,
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::state::HttpState;

/// What the gate knows of one method of one address.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Who may use it.
    pub access: Access,
    /// The query parameters it knows; any other is refused.
    pub query: BTreeSet<String>,
}

/// Rules by path template and method.
pub type Rules = BTreeMap<String, BTreeMap<String, Rule>>;

/// Routes under construction.
pub struct Table {
    router: OpenApiRouter<HttpState>,
    rules: Rules,
}

impl Table {
    /// An empty table over that document.
    #[must_use]
    pub fn new(document: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(document), rules: Rules::new() }
    }

    /// Adds routes that these callers may use.
    #[must_use]
    pub fn add(mut self, access: Access, mut routes: UtoipaMethodRouter<HttpState>) -> Self {
        for (path, item) in &mut routes.1.paths {
            let rules = self.rules.entry(path.clone()).or_default();
            for (method, operation) in operations(item) {
                annotate(operation, access, &method);
                let query = operation.parameters.iter().flatten().filter_map(query_name).collect();
                rules.insert(method.to_string(), Rule { access, query });
            }
        }
        self.router = self.router.routes(routes);
        self
    }

    /// The router, the rules it must be gated by, and the document.
    pub fn finish(self) -> (axum::Router<HttpState>, Rules, OpenApi) {
        let (router, document) = self.router.split_for_parts();
        (router, self.rules, document)
    }
}

/// The operations of a path item with their methods.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::HEAD, &mut item.head),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn query_name(parameter: &RefOr<utoipa::openapi::path::Parameter>) -> Option<String> {
    match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
        _ => None,
    }
}

fn annotate(operation: &mut Operation, access: Access, method: &Method) {
    operation
        .extensions
        .get_or_insert_with(Extensions::default)
        .insert("x-access".to_owned(), json!(access.as_str()));
    operation.security = Some(match access {
        Access::Public => Vec::new(),
        Access::Listener | Access::Owner => {
            ["session", "key"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, [])).to_vec()
        }
    });
    // One handler may answer GET and HEAD; ids must be unique in a document.
    if method == Method::HEAD
        && let Some(id) = &mut operation.operation_id
    {
        id.push_str("_head");
    }
    let problem = ResponseBuilder::new()
        .description("Any failure, as a problem document (RFC 9457)")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))));
    operation.responses.responses.insert("default".to_owned(), problem.build().into());
}
