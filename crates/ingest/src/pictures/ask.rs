//! What waits for the child that decodes pictures, and how that child is started.

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use fanfare_channel::pictures::{Answer, Request};
use fanfare_model::Result;
use tokio::sync::oneshot;

use super::turns::Turns;

/// How the child is started.
#[derive(Debug, Clone)]
pub struct PictureCommand {
    /// The program.
    pub exe: PathBuf,
    /// Its arguments; they must lead to `fanfare_worker::run_pictures`.
    pub args: Vec<OsString>,
}

/// What waits, in its lines.
pub(super) type Waiting = Arc<Mutex<Turns<Ask>>>;

/// A request on its way.
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Result<Answer>>,
}
