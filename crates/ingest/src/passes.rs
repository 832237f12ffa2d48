//! Passes over what is in the library already: what the worker does after analyzing a track, for tracks that were analyzed
//! before anybody asked for it.
//!
//! Vocabulary: a *pass* goes over the library once, in a task of its own, one item after the other. It begins when what it
//! does is switched on, when an owner asks for it, and after each nightly run.
//!
//! Invariants: of each kind one is under way at most; between two items it stands back while anything is being played
//! (as the owner has set it), and ends when it is cancelled; one that follows a nightly run ends with the hours of that
//! run. What it leaves, the next one takes up.

mod identify;
mod tags;
mod turn;

use fanfare_model::{TaskId, Timestamp};

pub(crate) use self::{identify::IdentifyPass, tags::TagPass};
use crate::{TaskHub, work_policy::WorkPolicy};

/// All of them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passes {
    pub(crate) tags: TagPass,
    pub(crate) identify: IdentifyPass,
}

impl Passes {
    pub(crate) fn new(hub: &TaskHub, work_policy: &WorkPolicy) -> Self {
        Self { tags: TagPass::new(hub, work_policy), identify: IdentifyPass::new(hub, work_policy) }
    }

    /// A nightly run is over: passes over what is left, until then; nobody sees those that find nothing to do.
    pub(crate) fn after_the_night(&self, until: Timestamp) {
        self.tags.after_the_night(until);
        self.identify.after_the_night(until);
    }

    /// Cancels that one, if it is under way.
    pub(crate) fn cancel(&self, id: TaskId) -> bool {
        self.tags.cancel(id) || self.identify.cancel(id)
    }

    /// Ends what is under way, between two items.
    pub(crate) async fn stop(&self) {
        tokio::join!(self.tags.stop(), self.identify.stop());
    }
}
