//! What a very large upload costs the server in memory: as much as a small one (issue 4, "Speed and size").

use std::fs;

use fanfare_testkit::{
    seeded::Seeded,
    server::{ServerStart, TestServer},
    wav::{self, WavFormat},
};
use reqwest::Method;

use super::{Figure, mib, process_bytes};

/// The file that is sent, in bytes.
const LARGE: usize = 500_000_000;
/// Its sample rate; two channels of 16 bit.
const RATE_HZ: u32 = 44_100;
const FRAME_BYTES: usize = 4;
const MAX_GROWTH_BYTES: u64 = 16 << 20;

/// By how much the server's resident memory grows while it takes in 500 MB.
pub fn large_upload() -> Vec<Figure> {
    let environment = vec![("FANFARE_HLS_LADDER".into(), "high=flac".into())];
    let server = TestServer::start(ServerStart { environment, ..ServerStart::default() });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (before, peak) = runtime.block_on(async {
        server.sign_in().await;
        // What a first upload sets up once is there before it is measured.
        send(&server, 1, 100_000).await;
        let pid = server.pid().to_string();
        let before = process_bytes(&pid, "VmRSS");
        // 5 sets the peak back to what is resident now (proc(5), clear_refs).
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        send(&server, 2, LARGE).await;
        (before, process_bytes(&pid, "VmHWM"))
    });
    let grew = peak.saturating_sub(before);
    vec![Figure {
        name: "memory of the server while 500 MB are sent".to_owned(),
        measured: format!("{} more", mib(grew)),
        target: "< 16 MiB more",
        ok: grew < MAX_GROWTH_BYTES,
    }]
}

/// Sends noise of about that many bytes.
async fn send(server: &TestServer, seed: u64, bytes: usize) {
    let mut noise = Seeded::new(seed);
    let mut plane = || (0..bytes / FRAME_BYTES).map(|_| noise.sample() * 0.5).collect::<Vec<f32>>();
    let planes = [plane(), plane()];
    let song = wav::wav(RATE_HZ, &planes, WavFormat::I16);
    let head = "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"noise.wav\"\r\n\r\n";
    let body = [head.as_bytes(), &song, b"\r\n--edge--\r\n"].concat();
    let request = server.request(Method::POST, "/api/v1/tracks");
    let answer =
        request.header("content-type", "multipart/form-data; boundary=edge").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
}
