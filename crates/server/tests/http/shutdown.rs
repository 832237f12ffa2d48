//! Shutdown with work under way.

use std::{fs::File, time::Instant};

use futures_util::StreamExt as _;

use crate::{
    events::Events,
    fixture::{Server, settle},
};

/// Far more than the buffers between server and client hold.
const LEN: u64 = 64 * 1024 * 1024;

#[tokio::test]
async fn events_end_and_a_download_is_finished() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let id = server.track("long.wav", &[0; 10]).await;
    File::options().write(true).open(server.music().join("long.wav")).unwrap().set_len(LEN).unwrap();
    settle(&server.music().join("long.wav"));

    let mut events = Events::of(server.get(&owner, "/api/v1/events").await);
    let download = server.get(&owner, &format!("/api/v1/tracks/{id}/audio?quality=original")).await;
    let mut body = download.bytes_stream();
    let mut got = body.next().await.unwrap().unwrap().len() as u64;
    assert!(got < LEN);

    let begun = Instant::now();
    server.state.closing.cancel();
    assert!(events.next().await.is_none(), "the event stream ends");
    // New connections are refused, the answer under way is not cut.
    while let Some(bytes) = body.next().await {
        got += bytes.unwrap().len() as u64;
    }
    assert_eq!(got, LEN);
    drop((events, body));
    server.running.await.unwrap();
    println!("shut down after {:?}", begun.elapsed());
    assert!(
        server.client.get(format!("http://{}/health/live", server.started.address)).send().await.is_err()
    );
}
