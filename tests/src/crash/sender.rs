//! A client that sends files to a server that is killed again and again, until each file was accepted.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    thread::JoinHandle,
    time::Duration,
};

use fanfare_testkit::{
    server::{ServerStart, TestServer, copy_folder},
    signals,
    wav::{WavFormat, wav_with_tags},
};
use serde_json::json;

/// The pause before a file that was not taken is sent again.
const AGAIN: Duration = Duration::from_millis(25);
/// Between the parts of a request.
const BOUNDARY: &str = "a-line-that-no-file-has";

/// Files to send, and whose they are.
pub struct Uploads {
    files: Vec<(String, Vec<u8>)>,
    /// A data folder in which there is an owner and nothing else.
    data: tempfile::TempDir,
    key: String,
}

impl Uploads {
    /// So many short files that sound different from each other; one of them twice, and one broken.
    ///
    /// # Panics
    /// When no server can be started.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let song = |number: u32| {
            let tone = signals::sine(22_050, 3.5, 300.0 + 20.0 * f64::from(number), 0.25);
            let title = format!("upload {number}");
            wav_with_tags(22_050, &[tone], WavFormat::I16, &[("INAM", title.as_str()), ("IPRD", "sent")])
        };
        let mut files: Vec<(String, Vec<u8>)> =
            (0..count).map(|number| (format!("sent {number:02}.wav"), song(number))).collect();
        files.push(("sent again.wav".to_owned(), song(0)));
        files.push(("sent broken.wav".to_owned(), song(count)[..44].to_vec()));
        let data = tempfile::tempdir().expect("a temporary folder");
        let key = make_owner(data.path());
        Self { files, data, key }
    }

    /// How many tracks they make: what was sent twice is one.
    #[must_use]
    pub fn tracks(&self) -> usize {
        self.files.len() - 1
    }

    /// Makes a data folder that the owner may sign in to.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn prepare(&self, data: &Path) {
        copy_folder(self.data.path(), data);
    }

    /// Sends all files, each until it was taken or refused for what it is.
    #[must_use]
    pub fn send(&self, address: SocketAddr) -> JoinHandle<()> {
        let (files, key) = (self.files.clone(), self.key.clone());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                for (name, bytes) in &files {
                    while !sent(address, &key, name, bytes).await {
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            });
        })
    }
}

/// An address that was free a moment ago.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number")
}

/// Sends a file once; returns whether the answer is final.
async fn sent(address: SocketAddr, key: &str, name: &str, bytes: &[u8]) -> bool {
    let mut body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: audio/wav\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let answer = reqwest::Client::new()
        .post(format!("http://{address}/api/v1/tracks"))
        .bearer_auth(key)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body)
        .send()
        .await;
    let Ok(answer) = answer else { return false };
    let status = answer.status();
    assert!(!status.is_client_error(), "{name}: {status}: {}", answer.text().await.unwrap_or_default());
    status.is_success()
}

/// Makes an owner with a key in that data folder; gives the key.
fn make_owner(data: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = TestServer::start(ServerStart { data: Some(data.to_owned()), ..ServerStart::default() });
    let key = runtime.block_on(async {
        server.sign_in().await;
        let made = server.request(reqwest::Method::POST, "/api/v1/keys").json(&json!({"name": "sender"}));
        let answer = made.send().await.expect("an answer").json::<serde_json::Value>().await;
        answer.expect("JSON")["secret"].as_str().expect("a key").to_owned()
    });
    let _ended = server.stop();
    key
}
