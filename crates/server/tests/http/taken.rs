//! A data folder that another server uses.

use fanfare_model::ErrorKind;
use fanfare_server::{Settings, http, settings::LiveSettings};

use crate::fixture::Server;

#[tokio::test]
async fn a_second_server_is_refused_before_it_touches_anything() {
    let server = Server::start().await;
    let data = server.folder.path().join("data");
    // What the first one is writing just now: opening the store as its owner would sweep it away.
    let unfinished = data.join("blobs/unfinished/being-written");
    std::fs::write(&unfinished, "half of it").unwrap();
    let mut settings = Settings::defaults(data);
    settings.listen = ([127, 0, 0, 1], 0).into();
    let error =
        http::serve(LiveSettings::over(settings), |_| panic!("it must not start"), |_| {}).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.message().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(error.remedy_text().unwrap().contains("--data"), "{error}");
    assert!(unfinished.exists());
}
