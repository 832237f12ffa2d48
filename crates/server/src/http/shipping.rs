//! Answers with files in them, on their way from a handler to the connection.
//!
//! A handler gives an answer whose body reads the files, and notes beside it what that body consists of ([`answer`]). On a connection
//! of ours [`ship`], which is the outermost of all, replaces the body by one that has the kernel send the files ([`super::wire`]).
//! Anywhere else (a test that calls the router) the reading body stays. So no layer in between ever sees a stand-in.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use fanfare_delivery::{Content, Piece};
use fanfare_ingest::{Ingest, Playing};
use fanfare_model::TrackId;
use http::header;
use hyper::body::{Frame, SizeHint};

use super::wire::{Outbox, PIECE_BYTES};

/// What the body of an answer consists of; among the answer's extensions.
#[derive(Clone)]
struct Shipment {
    content: Content,
    /// For whom background work stands back while it is sent.
    playing: Option<(Ingest, TrackId)>,
}

/// An answer with that content.
pub fn answer(content: Content) -> Response {
    let mut response = Response::new(Body::from_stream(content.clone().read()));
    response.extensions_mut().insert(Shipment { content, playing: None });
    response
}

/// Has background work stand back while the answer's bytes are shipped. (A body that is read instead sees to that itself.)
pub fn note_playing(response: &mut Response, ingest: &Ingest, track: TrackId) {
    if let Some(shipment) = response.extensions_mut().get_mut::<Shipment>() {
        shipment.playing = Some((ingest.clone(), track));
    }
}

/// Has files sent through the outbox instead of being read.
pub fn ship(mut response: Response, outbox: &Outbox) -> Response {
    let Some(shipment) = response.extensions_mut().remove::<Shipment>() else { return response };
    // A body that some layer has changed is not this content any more. (None does that to sound.)
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let Shipment { content, playing } = shipment;
    let (left, outbox) = (content.len(), outbox.clone());
    response.map(|_| Body::new(Shipped { content, left, outbox, for_whom: playing, playing: None }))
}

/// The body that gives stand-ins for files.
struct Shipped {
    content: Content,
    left: u64,
    outbox: Outbox,
    for_whom: Option<(Ingest, TrackId)>,
    playing: Option<Playing>,
}

impl HttpBody for Shipped {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let Some(piece) = self.content.next_piece(PIECE_BYTES as u64) else { return Poll::Ready(None) };
        let this = &mut *self;
        if let Some((ingest, track)) = &this.for_whom {
            // From the first byte on: an answer without any plays nothing.
            this.playing.get_or_insert_with(|| ingest.playing_track(*track)).go_on();
        }
        let bytes = match piece {
            Piece::Text(text) => text,
            Piece::File(slice) => match this.outbox.put(slice) {
                Ok(stand_in) => stand_in,
                Err(error) => return Poll::Ready(Some(Err(error))),
            },
        };
        this.left = this.left.saturating_sub(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
