//! The client against a stand-in of the service in this process.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc,
    thread::JoinHandle,
};

use std::time::Instant;

use fanfare_model::{
    AudioProperties, Features, TaskKind, TaskState, Timestamp, Track,
    features::{AnalyzerOutcome, AnalyzerResult, FeaturePart},
};
use fanfare_store::{AnalysisCommit, ScanChange, ScannedFile, Store, StoreOptions, TrackQuery};

use super::*;
use crate::{BackgroundOptions, TaskHub, passes::Passes, work_policy::WorkPolicy};

const KEY: &str = "s3cret/key+1";
const MBID: &str = "cd2e7c47-16f5-46c6-a37c-a1eb7bf599ff";
const ACOUSTID: &str = "9ff43b6a-4f16-427c-93c2-92307ca505e0";

/// A question as the stand-in saw it.
struct Seen {
    head: String,
    form: String,
}

/// What the stand-in does with a question.
#[derive(Clone)]
enum Behaviour {
    Answers(u16, Vec<u8>),
    /// So many bytes of an answer, without end.
    Endless,
    /// Reads the question and never answers, until it is dropped.
    Silent,
    /// Ends the connection in the middle of its answer.
    BreaksOff,
}

struct StandIn {
    address: SocketAddr,
    seen: mpsc::Receiver<Seen>,
    /// Dropped to let a silent one go.
    hold: Option<mpsc::Sender<()>>,
    thread: JoinHandle<()>,
}

impl StandIn {
    /// Listens for one question.
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::channel();
        let (hold, held) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    return; // no HTTP at all
                }
            }
            let lower = head.to_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
            let mut body = Vec::new();
            match length.and_then(|length| length.trim().parse().ok()) {
                Some(length) => drop(reader.by_ref().take(length).read_to_end(&mut body).unwrap()),
                None => {
                    // Chunked (RFC 9112, section 7.1).
                    loop {
                        let mut size = String::new();
                        reader.read_line(&mut size).unwrap();
                        let size = u64::from_str_radix(size.trim(), 16).unwrap();
                        reader.by_ref().take(size).read_to_end(&mut body).unwrap();
                        reader.read_line(&mut String::new()).unwrap();
                        if size == 0 {
                            break;
                        }
                    }
                }
            }
            let mut form = String::new();
            flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut form).unwrap();
            let _nobody_asks = tell.send(Seen { head, form });
            let mut stream = stream;
            match behaviour {
                Behaviour::Answers(status, body) => {
                    let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                    let more = "content-type: application/json\r\nlocation: http://127.0.0.1:1/\r\n\r\n";
                    stream.write_all(&[head.as_bytes(), more.as_bytes(), &body].concat()).unwrap();
                }
                Behaviour::Endless => {
                    stream.write_all(b"HTTP/1.1 200 x\r\n\r\n{\"status\": \"ok\", \"results\": [").unwrap();
                    while stream.write_all(&[b' '; 4_096]).is_ok() {}
                }
                Behaviour::Silent => drop(held.recv()),
                Behaviour::BreaksOff => {
                    stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 5000\r\n\r\n{\"status\"").unwrap();
                }
            }
        });
        Self { address, seen, hold: Some(hold), thread }
    }

    fn ask(mut self, time: Duration) -> (Result<Lookup>, Seen) {
        let found =
            client(&format!("http://{}/v2/lookup", self.address), time).look_up(&fingerprint(), 240.6);
        let seen = self.seen.recv().unwrap();
        self.hold.take();
        self.thread.join().unwrap();
        (found, seen)
    }
}

/// Long for a machine that is merely busy.
const PATIENT: Duration = Duration::from_secs(600);

fn client(endpoint: &str, time: Duration) -> AcoustId {
    AcoustId::new(AcoustIdOptions { endpoint: endpoint.to_owned(), key: KEY.to_owned(), time }).unwrap()
}

fn fingerprint() -> Fingerprint {
    Fingerprint { chromaprint: "AQAA_a-b".to_owned(), algorithm: 1, duration_s: 120.0 }
}

#[test]
fn a_known_fingerprint_gives_its_recordings() {
    let answer = format!(
        r#"{{"status": "ok", "results": [
            {{"id": "{other}", "score": 0.4}},
            {{"id": "{ACOUSTID}", "score": 0.97, "extra": [1], "recordings": [
                {{"id": "not an id", "title": "x"}},
                {{"id": "{upper}", "title": "Blue\nMonday", "duration": 241,
                  "artists": [{{"name": "Ann", "joinphrase": " & "}}, {{"name": "Bob"}}],
                  "releasegroups": [{{"id": "{other}", "title": "First"}}, {{"id": "../../etc"}}]}}]}},
            {{"id": "{other}", "score": 7.0}}]}}"#,
        other = "11111111-2222-3333-4444-555555555555",
        upper = MBID.to_uppercase(),
    );
    let (found, seen) = StandIn::start(Behaviour::Answers(200, answer.into_bytes())).ask(PATIENT);
    let Lookup::Answered(matches) = found.unwrap() else { panic!("it answered") };
    assert_eq!(matches.iter().map(|found| found.score).collect::<Vec<_>>(), [0.97, 0.4]);
    assert_eq!(matches[0].acoustid, ACOUSTID);
    let [recording] = &matches[0].recordings[..] else { panic!("{matches:?}") };
    assert_eq!(recording.musicbrainz_recording_id, MBID);
    assert_eq!(recording.title.as_deref(), Some("Blue Monday"));
    assert_eq!(recording.artist.as_deref(), Some("Ann & Bob"));
    assert_eq!(recording.musicbrainz_release_group_ids, ["11111111-2222-3333-4444-555555555555"]);
    // The question: everything in the body, the key nowhere else.
    assert!(seen.head.starts_with("POST /v2/lookup HTTP/1.1\r\n"), "{}", seen.head);
    assert!(!seen.head.contains("s3cret"), "{}", seen.head);
    assert_eq!(
        seen.form,
        "format=json&client=s3cret%2Fkey%2B1&meta=recordings+releasegroups+compress&duration=241&fingerprint=AQAA_a-b"
    );
}

#[test]
fn every_trouble_has_its_kind_and_none_tells_the_key() {
    let error = |code: i64, message: &str| {
        format!(r#"{{"status": "error", "error": {{"code": {code}, "message": "{message}"}}}}"#).into_bytes()
    };
    for (what, status, body, expected) in [
        ("nothing known", 200, br#"{"status": "ok", "results": []}"#.to_vec(), None),
        ("an unknown key", 400, error(4, "invalid API key"), Some(ErrorKind::Invalid)),
        ("a bad fingerprint", 400, error(3, "invalid fingerprint"), Some(ErrorKind::Invalid)),
        ("too many, by number", 400, error(14, "rate limit exceeded"), Some(ErrorKind::TooMany)),
        ("too many, by status", 429, b"slow down".to_vec(), Some(ErrorKind::TooMany)),
        ("its own trouble", 503, b"<html>".to_vec(), Some(ErrorKind::Unavailable)),
        ("elsewhere", 302, Vec::new(), Some(ErrorKind::Invalid)),
        ("an error with a good status", 200, error(5, "internal error"), Some(ErrorKind::Invalid)),
        ("garbage", 200, vec![0xfe; 300], Some(ErrorKind::Malformed)),
        ("another document", 200, b"[1, 2]".to_vec(), Some(ErrorKind::Malformed)),
        ("nothing", 200, Vec::new(), Some(ErrorKind::Malformed)),
        ("much", 200, vec![b' '; MAX_ANSWER_BYTES as usize + 1], Some(ErrorKind::LimitExceeded)),
    ] {
        let (found, _) = StandIn::start(Behaviour::Answers(status, body)).ask(PATIENT);
        assert_eq!(found.as_ref().err().map(Error::kind), expected, "{what}: {found:?}");
        assert!(!format!("{found:?}").contains("s3cret"), "{what}: {found:?}");
        if expected.is_none() {
            assert_eq!(found.unwrap(), Lookup::Answered(Vec::new()), "{what}");
        }
    }
    let (found, _) = StandIn::start(Behaviour::Endless).ask(PATIENT);
    assert_eq!(found.unwrap_err().kind(), ErrorKind::LimitExceeded);
}

#[test]
fn nobody_there_is_no_error() {
    let not_reached = |found: Result<Lookup>| {
        let Ok(Lookup::NotReached(reason)) = found else { panic!("{found:?}") };
        assert!(reason.starts_with("AcoustID was not reached: ") && !reason.contains("s3cret"), "{reason}");
    };
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for endpoint in [
        format!("http://{nobody}/"),
        format!("https://{nobody}/"),
        // Names below it never exist (RFC 2606).
        "https://acoustid.invalid/v2/lookup".to_owned(),
    ] {
        not_reached(client(&endpoint, PATIENT).look_up(&fingerprint(), 240.0));
    }
    not_reached(StandIn::start(Behaviour::Silent).ask(Duration::from_millis(300)).0);
    not_reached(StandIn::start(Behaviour::BreaksOff).ask(PATIENT).0);
    // A server answers, but without TLS: the key is not sent to it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plain = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 1];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 200 x\r\n\r\n").unwrap();
        hello[0]
    });
    not_reached(client(&format!("https://{address}/"), PATIENT).look_up(&fingerprint(), 240.0));
    assert_eq!(plain.join().unwrap(), 22, "a TLS handshake (RFC 8446, section 5.1)");
}

#[test]
fn what_cannot_be_asked_is_not_asked() {
    let options = |endpoint: &str, key: &str| AcoustIdOptions {
        endpoint: endpoint.to_owned(),
        key: key.to_owned(),
        time: PATIENT,
    };
    for (endpoint, key) in [
        ("", KEY),
        ("api.acoustid.org", KEY),
        ("ftp://acoustid.org", KEY),
        ("file:///etc/passwd", KEY),
        ("https://", KEY),
        ("https://a b/", KEY),
        ("https://api.acoustid.org/v2/lookup", ""),
        ("https://api.acoustid.org/v2/lookup", "a\r\nb"),
    ] {
        let made = AcoustId::new(options(endpoint, key));
        assert_eq!(made.err().map(|error| error.kind()), Some(ErrorKind::Invalid), "{endpoint} {key:?}");
    }
    // No server runs there: none of these gets that far.
    let client = client("http://127.0.0.1:9/", PATIENT);
    for (chromaprint, duration_s, kind) in [
        ("", 240.0, ErrorKind::Invalid),
        ("AQ&key=", 240.0, ErrorKind::Invalid),
        ("AQAA", 0.2, ErrorKind::Invalid),
        ("AQAA", f64::NAN, ErrorKind::Invalid),
        (&*"A".repeat(100_000), 240.0, ErrorKind::LimitExceeded),
    ] {
        let fingerprint = Fingerprint { chromaprint: chromaprint.to_owned(), ..fingerprint() };
        assert_eq!(client.look_up(&fingerprint, duration_s).unwrap_err().kind(), kind, "{duration_s}");
    }
    assert!(!format!("{:?}", options("https://x/", KEY)).contains("s3cret"));
}

/// A library of tracks that were analyzed, with a fingerprint each, in the order of their names.
async fn analyzed(names: &[&str]) -> (tempfile::TempDir, Store, Vec<Track>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &StoreOptions::default()).await.unwrap();
    let catalog = store.catalog();
    let home = catalog.add_folder("/music".as_ref(), Timestamp(1)).await.unwrap();
    let audio = AudioProperties {
        codec: "flac".to_owned(),
        container: "flac".to_owned(),
        sample_rate_hz: 8_000,
        channels: 1,
        bit_depth: None,
        frames: Some(8_000 * 240),
        bitrate_bps: None,
    };
    for name in names {
        let file = ScannedFile {
            relative_path: (*name).to_owned(),
            size_bytes: 1,
            modified: Timestamp(1),
            changed_ns: None,
            tags: fanfare_model::Tags::default(),
            audio: Some(audio.clone()),
            cover: None,
            cover_error: None,
        };
        catalog.apply_scan(home.id, None, vec![ScanChange::Added(file)], Timestamp(1)).await.unwrap();
        let job = store.jobs().claim("analyze-track", "me", 1, Timestamp(2)).await.unwrap().pop().unwrap();
        let part = FeaturePart::Fingerprint(Some(fingerprint()));
        let outcome = AnalyzerOutcome::Ok { part, warnings: Vec::new() };
        let commit = AnalysisCommit {
            job: job.id,
            attempt: job.attempt,
            owner: "me".to_owned(),
            track: job.kind.track(),
            size_bytes: 1,
            modified: Timestamp(1),
            changed_ns: None,
            content_hash: fanfare_store::blob_name(name.as_bytes()),
            audio: audio.clone(),
            results: vec![AnalyzerResult { analyzer: "fingerprint".to_owned(), version: 1, outcome }],
            warnings: Vec::new(),
            enrichment: None,
        };
        catalog.commit_analysis(commit, Timestamp(3)).await.unwrap();
    }
    let page = catalog.tracks(&TrackQuery { limit: 10, ..TrackQuery::default() }).await.unwrap();
    (folder, store, page.items.into_iter().map(|row| row.track).collect())
}

/// Issue 4: tracks that were analyzed offline, or before there was a key, were never asked about.
#[tokio::test]
async fn tracks_that_were_heard_before_are_looked_up_with_a_new_key_and_the_rest_later() {
    let (_folder, store, tracks) = analyzed(&["a.flac", "b.flac", "c.flac"]).await;
    let hub = TaskHub::new(store.clone());
    let passes = Passes::new(&hub, &WorkPolicy::new(1, BackgroundOptions::default()));
    let (_, mut told) = hub.subscribe(None);
    let mut over = async || loop {
        let task = told.recv().await.unwrap().task;
        if task.state.is_over() {
            return (task.kind, task.state, task.message);
        }
    };
    let options = |address: SocketAddr| AcoustIdOptions {
        endpoint: format!("http://{address}/"),
        key: KEY.to_owned(),
        time: PATIENT,
    };
    let answer = format!(r#"{{"status": "ok", "results": [{{"id": "{ACOUSTID}", "score": 0.5}}]}}"#);
    let answers = || StandIn::start(Behaviour::Answers(200, answer.clone().into_bytes()));
    let known = async || {
        let mut known = 0;
        for track in &tracks {
            let (results, _) = store.catalog().analysis(track.id).await.unwrap();
            known += usize::from(Features::from_results(results).acoustid.is_some());
        }
        (known, store.catalog().count_unidentified().await.unwrap())
    };
    let (first, second) = (answers(), answers());

    // What is told first is no change; without a key nobody can be asked.
    passes.identify.set(None);
    assert_eq!(passes.identify.ask().await.unwrap_err().kind(), ErrorKind::Conflict);
    passes.identify.set(Some(options(first.address)));
    // The stand-in takes one question; nobody is there for the next.
    let (kind, state, message) = over().await;
    assert_eq!((kind, state), (TaskKind::Identify, TaskState::PartialSuccess), "{message}");
    assert!(message.starts_with("1 track looked up, 1 of them known; AcoustID was not reached"), "{message}");
    assert_eq!(known().await, (1, 2));
    first.thread.join().unwrap();

    // A night on which nobody answers is nothing to look at.
    passes.after_the_night(Timestamp(i64::MAX));
    while passes.identify.is_under_way() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.catalog().tasks(10).await.unwrap().len(), 1);
    // With the next address it goes on where it was, and does not ask about the first again.
    passes.identify.set(Some(options(second.address)));
    let (_, _, message) = over().await;
    assert!(message.starts_with("1 track looked up"), "{message}");
    assert_eq!(known().await, (2, 1));
    second.thread.join().unwrap();
    passes.stop().await;
}

#[tokio::test]
async fn a_track_is_asked_for_once_and_offline_is_left_in_peace() {
    let (_folder, store, tracks) = analyzed(&["a.flac"]).await;
    let (catalog, track) = (store.catalog(), &tracks[0]);
    let stored = async || Features::from_results(catalog.analysis(track.id).await.unwrap().0).acoustid;

    let features = Features { fingerprint: Some(fingerprint()), ..Features::default() };
    let options = |address: SocketAddr| AcoustIdOptions {
        endpoint: format!("http://{address}/"),
        key: KEY.to_owned(),
        time: PATIENT,
    };
    let hook = Identify::default();
    // Nothing to ask with.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    hook.ask(options(nobody), track, &Features::default(), &store).await.unwrap();
    // No server there: no error, and the same address is not asked again although a server runs there now.
    hook.ask(options(nobody), track, &features, &store).await.unwrap();
    assert!(hook.client(options(nobody), Instant::now()).unwrap().is_none(), "it rests");
    assert!(hook.client(options(nobody), Instant::now() + Duration::from_secs(601)).unwrap().is_some());
    assert_eq!(stored().await, None);
    // Somebody else is asked at once, answers, and is not asked again.
    let answer = format!(r#"{{"status": "ok", "results": [{{"id": "{ACOUSTID}", "score": 0.5}}]}}"#);
    let service = StandIn::start(Behaviour::Answers(200, answer.into_bytes()));
    let there = options(service.address);
    hook.ask(there.clone(), track, &features, &store).await.unwrap();
    assert!(service.seen.recv().unwrap().form.contains("duration=240&"));
    let matches = stored().await.unwrap();
    assert_eq!((matches.len(), &*matches[0].acoustid), (1, ACOUSTID));
    service.thread.join().unwrap();
    let known = Features { acoustid: Some(matches.clone()), ..features };
    hook.ask(there, track, &known, &store).await.unwrap();
    assert_eq!(stored().await, Some(matches));
}
