//! The HTTP side: routes, rights, answers.
//!
//! Purpose: [`serve`] runs the server; [`router`] is the service it runs; [`openapi_json`] describes it.
//!
//! Vocabulary: a *caller* is the sender of a request, signed in or not; *access* is who may use a route; a *problem* is
//! an error as a client sees it (RFC 9457).
//!
//! Invariants: a route exists only with its access ([`table::Table`] is the one way to add one, and the gate refuses what
//! the table does not know); a handler parses, calls one function and maps the answer; [`problem`] is the one place that
//! maps error kinds to statuses; no secret is logged and no query string is.

pub(crate) mod applied;
mod body;
pub mod caller;
mod callers;
pub(crate) mod clock;
mod connection;
pub(crate) mod descriptors;
mod device;
mod draining;
pub mod dto;
mod ending;
pub mod extract;
mod gate;
mod guard;
mod guest;
mod head;
mod headers;
mod identify;
pub(crate) mod links;
mod metrics;
mod multipart;
mod observe;
pub mod open_to;
mod openapi;
pub(crate) mod password;
mod places;
pub mod problem;
pub(crate) mod qr;
pub(crate) mod routes;
pub(crate) mod secret;
mod serve;
mod shipping;
mod shown;
mod state;
pub mod table;
mod throttle;
mod token;
mod unstored;
mod wire;

pub use routes::{openapi_json, router};
pub use serve::{Started, serve, serve_on};
pub use state::HttpState;

/// Whether the web UI was built into this program (otherwise a page that says so is).
#[must_use]
pub const fn ui_is_built() -> bool {
    crate::assets::BUILT
}
