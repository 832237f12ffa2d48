use fanfare_model::{JobKind, Tags, Timestamp, Wanted};
use fanfare_store::{
    GrowingLadder, GrowingVariant, NewJob, ScanChange, ScannedFile, StoreOptions, TrackQuery, TranscodePart,
};

use super::*;

const NOW: Timestamp = Timestamp(1);
const LADDER: &str = "high=flac";

fn facts() -> VariantFacts {
    VariantFacts {
        name: "high".to_owned(),
        codecs: "fLaC".to_owned(),
        sample_rate_hz: 44_100,
        channels: 2,
        frames: 5,
        priming_frames: 0,
        bandwidth_bps: 1,
        average_bandwidth_bps: 1,
        init_bytes: 4,
        lossless: true,
        transport: None,
    }
}

#[tokio::test]
async fn a_segment_that_was_listed_is_there_while_its_ladder_moves_to_where_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    let (catalog, jobs) = (store.catalog(), store.jobs());
    let home = catalog.add_folder("/music".as_ref(), NOW).await.unwrap();
    let file = ScannedFile {
        relative_path: "a.flac".into(),
        size_bytes: 1,
        modified: NOW,
        changed_ns: None,
        tags: Tags::default(),
        audio: None,
        cover: None,
        cover_error: None,
    };
    catalog.apply_scan(home.id, None, vec![ScanChange::Added(file)], NOW).await.unwrap();
    let page = catalog.tracks(&TrackQuery { limit: 1, ..TrackQuery::default() }).await.unwrap();
    let track = page.items[0].track.clone();
    let new = NewJob {
        kind: JobKind::make(track.id, Wanted::Hls(LADDER.to_owned())),
        task: None,
        dedupe_key: None,
        priority: 0,
        run_at: NOW,
        max_attempts: 1,
    };
    let id = jobs.enqueue(new, NOW).await.unwrap();
    let job = jobs.claim("transcode-track", "worker", 1, NOW).await.unwrap().remove(0);
    let growing = GrowingLadder::begin(&store.blobs().staging(), id, job.attempt).unwrap();
    growing.list(&["high".to_owned()]).unwrap();
    let mut variant = GrowingVariant::begin(growing.folder(), "high").unwrap();
    let segment = SegmentFacts { index: 0, first_frame: 0, frames: 5, offset_bytes: 4, len_bytes: 7 };
    variant.init(&facts(), b"init").unwrap();
    variant.segment(segment, b"segment").unwrap();
    variant.end(&facts()).unwrap();
    let ask: Ask = Arc::new(move |_| Box::pin(async move { Ok(id) }));
    let ladders = Arc::new(Ladders::new(store.clone(), Sources::default(), Arc::default(), ask));
    let view = ladders.view(&track, LADDER, true).await.unwrap().unwrap();
    assert!(matches!(view, View::Growing { .. }));

    // The file is where it is kept, and no row says so yet.
    let blob = store.blobs().adopt(BlobKind::Media, &growing.folder().join("high.mp4")).await.unwrap();
    let opening = {
        let (ladders, view) = (Arc::clone(&ladders), view.clone());
        tokio::spawn(async move { ladders.open(&view, "high", Bytes::Segment(0)).await })
    };
    tokio::task::yield_now().await;
    let part = TranscodePart { blob, size_bytes: 11, facts: facts(), segments: vec![segment] };
    let hash = ContentHash::from_bytes([3; 32]);
    let profile = LADDER.parse::<Ladder>().unwrap().profile();
    let made = Transcode { hash, profile, pinned: false, parts: vec![part] };
    catalog.commit_transcode(id, job.attempt, "worker", &made, NOW).await.unwrap();
    drop(growing);
    for part in [opening.await.unwrap(), ladders.open(&view, "high", Bytes::Segment(0)).await] {
        let bytes = part.unwrap().unwrap().read_whole(1_000).await.unwrap();
        assert_eq!(bytes.as_ref(), b"segment");
    }
    // What is not kept is gone, and said so.
    catalog.evict_transcodes(0, None, fanfare_model::Timestamp(i64::MAX)).await.unwrap();
    let error = ladders.open(&view, "high", Bytes::Segment(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
