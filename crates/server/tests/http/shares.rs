//! Public links: what a guest may have, and that it is nothing else.

use fanfare_model::{Role, TrackId};
use fanfare_server::http::openapi_json;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::fixture::{As, Server, now};

struct Fixture {
    server: Server,
    owner: As,
    inside: TrackId,
    outside: TrackId,
}

impl Fixture {
    async fn new() -> Self {
        Self::over(Server::start().await).await
    }

    async fn over(server: Server) -> Self {
        let owner = server.owner().await;
        let (inside, outside) =
            (server.track("in.wav", b"0123456789").await, server.track("out.wav", b"secret").await);
        let tape = json!({"title": "Tape", "notes": "for you", "tracks": [inside.to_string()]});
        assert_eq!(server.post(&owner, "/api/v1/mixtapes", tape).await.status(), 201);
        Self { server, owner, inside, outside }
    }

    async fn share(&self, request: Value) -> Value {
        let response = self.server.post(&self.owner, "/api/v1/mixtapes/tape/shares", request).await;
        assert_eq!(response.status(), 201);
        response.json().await.unwrap()
    }

    async fn open(&self, request: Value) -> Response {
        self.server.post(&As::Nobody, "/api/v1/shared/open", request).await
    }

    /// The guest's cookie.
    async fn guest(&self, share: &Value) -> String {
        cookie_of(&self.open(json!({"token": share["token"]})).await)
    }

    fn with(&self, guest: &str, method: Method, path: &str) -> RequestBuilder {
        self.server
            .client
            .request(method, self.server.url(path))
            .header("cookie", format!("fanfare_guest={guest}"))
    }

    async fn status(&self, guest: &str, path: &str) -> u16 {
        self.with(guest, Method::GET, path).send().await.unwrap().status().as_u16()
    }

    fn audio(&self, track: TrackId) -> String {
        format!("/api/v1/shared/tracks/{track}/audio")
    }
}

fn cookie_of(response: &Response) -> String {
    assert_eq!(response.status(), 200);
    let field = response.headers()["set-cookie"].to_str().unwrap();
    assert!(field.contains("; Path=/api/v1/shared; HttpOnly; SameSite=Strict; Max-Age="), "{field}");
    field.split(['=', ';']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_guest_hears_the_mixtape_and_nothing_else() {
    let fixture = Fixture::new().await;
    fixture.server.analyze_all().await;
    let share = fixture.share(json!({})).await;
    let token = share["token"].as_str().unwrap();
    let address = fixture.server.started.address;
    assert_eq!(share["url"], json!(format!("http://{address}/s/#{token}")));
    assert!(share["qr_svg"].as_str().unwrap().starts_with("<svg xmlns"));
    let listed = fixture.server.json(&fixture.owner, "/api/v1/mixtapes/tape/shares").await;
    assert_eq!(listed["items"][0]["id"], share["id"]);
    assert!(!listed.to_string().contains(token), "shown once");
    let opened = fixture.open(json!({"token": token})).await;
    let guest = cookie_of(&opened);
    let text = opened.text().await.unwrap();
    for inner in ["in.wav\",\"size", "relative_path", "tape", &guest] {
        assert!(!text.contains(inner), "{inner} in {text}");
    }
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&shown["title"], &shown["notes"], &shown["download"]),
        (&json!("Tape"), &json!("for you"), &json!(false))
    );
    assert_eq!(shown["tracks"][0]["id"], json!(fixture.inside.to_string()));
    let part = fixture.with(&guest, Method::GET, &fixture.audio(fixture.inside)).header("range", "bytes=2-4");
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap()), (206, "234".to_owned()));
    let waveform = format!("/api/v1/shared/tracks/{}/waveform/columns", fixture.inside);
    assert_eq!(fixture.status(&guest, &waveform).await, 200);
    // No other track, and what is there looks like what is not.
    let unknown = TrackId::from_bytes([7; 16]);
    for what in ["audio", "cover", "waveform/columns"] {
        let mut bodies = Vec::new();
        for track in [fixture.outside, unknown] {
            let path = format!("/api/v1/shared/tracks/{track}/{what}");
            let response = fixture.with(&guest, Method::GET, &path).send().await.unwrap();
            assert_eq!(response.status(), 404);
            bodies.push(response.text().await.unwrap());
        }
        assert_eq!(bodies[0], bodies[1]);
    }
    // Nobody without the cookie, and nobody with the link's token, a session or a key in its place.
    for wrong in ["", token, "x", &"x".repeat(43)] {
        assert_eq!(fixture.status(wrong, &fixture.audio(fixture.inside)).await, 404);
    }
    assert_eq!(fixture.server.get(&fixture.owner, &fixture.audio(fixture.inside)).await.status(), 404);
}

#[tokio::test]
async fn a_guests_cookie_opens_no_other_route() {
    let fixture = Fixture::new().await;
    let guest = fixture.guest(&fixture.share(json!({"download": true})).await).await;
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["x-access"] == "public" {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.replace("{id}", &fixture.inside.to_string()).replace("{slug}", "tape");
            for name in ["fanfare_guest", "fanfare_session"] {
                let request = fixture.server.client.request(method.clone(), fixture.server.url(&path));
                let request = request.header("cookie", format!("{name}={guest}")).header("x-fanfare", "1");
                assert_eq!(request.send().await.unwrap().status(), 401, "{method} {path} by {name}");
            }
            asked += 1;
        }
    }
    assert!(asked > 30);
    // Nor do the public routes of a single track know guests.
    for what in ["cover", "features", "waveform/columns", "hls/index.m3u8"] {
        assert_eq!(fixture.status(&guest, &format!("/api/v1/tracks/{}/{what}", fixture.inside)).await, 404);
    }
}

#[tokio::test]
async fn a_link_that_ends_takes_its_guests_along() {
    let fixture = Fixture::new().await;
    let [by_hand, by_track, with_tape] =
        [fixture.share(json!({})).await, fixture.share(json!({})).await, fixture.share(json!({})).await];
    let mut guests = Vec::new();
    for share in [&by_hand, &by_track, &with_tape] {
        guests.push(fixture.guest(share).await);
    }
    let status = |guest: usize| {
        let (fixture, guests) = (&fixture, &guests);
        async move { fixture.status(&guests[guest], &fixture.audio(fixture.inside)).await }
    };
    let unknown = fixture.open(json!({"token": "x".repeat(43)})).await;
    let unknown = (unknown.status(), unknown.text().await.unwrap());
    let path = format!("/api/v1/mixtapes/tape/shares/{}", by_hand["id"].as_str().unwrap());
    assert_eq!(
        fixture.server.request(&fixture.owner, Method::DELETE, &path).send().await.unwrap().status(),
        204
    );
    assert_eq!((status(0).await, status(1).await), (404, 200));
    let ended = fixture.open(json!({"token": by_hand["token"]})).await;
    assert_eq!((ended.status(), ended.text().await.unwrap()), unknown, "ended and unknown are alike");
    // A track that leaves the mixtape is out of reach at once.
    let change = json!({"tracks": [fixture.outside.to_string()]});
    let request =
        fixture.server.request(&fixture.owner, Method::PATCH, "/api/v1/mixtapes/tape").json(&change);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(
        (status(1).await, fixture.status(&guests[1], &fixture.audio(fixture.outside)).await),
        (404, 200)
    );
    assert_eq!(
        fixture
            .server
            .request(&fixture.owner, Method::DELETE, "/api/v1/mixtapes/tape")
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(fixture.status(&guests[2], &fixture.audio(fixture.outside)).await, 404);
    assert_eq!(fixture.open(json!({"token": with_tape["token"]})).await.status(), 404);
}

#[tokio::test]
async fn a_link_ends_when_it_says() {
    let fixture = Fixture::new().await;
    let catalog = fixture.server.store().catalog();
    let tape = catalog.mixtape(&"tape".parse().unwrap()).await.unwrap().unwrap();
    let new = |number: u8, ends_in_ms| fanfare_store::NewShare {
        mixtape: tape.id,
        secret: *blake3::hash(&[b'x'; 43][..usize::from(number)]).as_bytes(),
        maker: None,
        password_hash: None,
        download: false,
        expires: Some(now().plus_ms(ends_in_ms)),
    };
    let ended = catalog.add_share(&new(40, -1), now()).await.unwrap();
    catalog.add_share(&new(41, 3_600_000), now()).await.unwrap();
    // The guest came in before the end.
    let guest = "g".repeat(43);
    let hash = *blake3::hash(guest.as_bytes()).as_bytes();
    catalog.admit_guest(ended.id, hash, None, now().plus_ms(3_600_000), now()).await.unwrap();
    assert_eq!(fixture.status(&guest, &fixture.audio(fixture.inside)).await, 404);
    assert_eq!(fixture.status(&guest, "/api/v1/shared/cover").await, 404);
    assert_eq!(fixture.open(json!({"token": "x".repeat(40)})).await.status(), 404);
    let opened = fixture.open(json!({"token": "x".repeat(41)})).await;
    let field = opened.headers()["set-cookie"].to_str().unwrap().to_owned();
    let age: u32 = field.rsplit_once("Max-Age=").unwrap().1.parse().unwrap();
    assert!((3_500..=3_600).contains(&age), "the cookie does not outlive the link: {field}");
    let listed = fixture.server.json(&fixture.owner, "/api/v1/mixtapes/tape/shares").await;
    for share in listed["items"].as_array().unwrap() {
        assert_eq!(share["expired"], json!(share["id"] == json!(ended.id.to_string())), "{share}");
    }
    for (request, status) in [
        (json!({"expires_in_days": 1}), 201),
        (json!({"expires": "2999-01-01T00:00:00Z"}), 400),
        (json!({"expires": "2000-01-01T00:00:00Z"}), 400),
        (json!({"expires": "soon"}), 400),
        (json!({"expires_in_days": 0}), 400),
        (json!({"expires_in_days": 4_000_000_000_u32}), 400),
        (json!({"expires_in_days": 1, "expires": "2030-01-01T00:00:00Z"}), 400),
        (json!({"password": "short"}), 400),
    ] {
        let response =
            fixture.server.post(&fixture.owner, "/api/v1/mixtapes/tape/shares", request.clone()).await;
        assert_eq!(response.status(), status, "{request}");
    }
}

#[tokio::test]
async fn a_password_is_asked_for_and_wrong_ones_slow_down() {
    let fixture = Fixture::new().await;
    let share = fixture.share(json!({"password": "correct horse"})).await;
    assert_eq!(share["password"], json!(true));
    let open = |password: Option<&'static str>| {
        let mut request = json!({"token": share["token"]});
        if let Some(password) = password {
            request["password"] = json!(password);
        }
        fixture.open(request)
    };
    for _ in 0..8 {
        let response = open(None).await;
        assert!(response.headers().get("set-cookie").is_none());
        let text = (response.status(), response.text().await.unwrap());
        assert!(text.0 == 401 && !text.1.contains("Tape"), "only asked for: {text:?}");
    }
    assert_eq!(open(Some("wrong horse")).await.status(), 401);
    let guest = cookie_of(&open(Some("correct horse")).await);
    assert_eq!(fixture.status(&guest, &fixture.audio(fixture.inside)).await, 200);
    // A guest who has access opens it again without the password.
    let request =
        fixture.with(&guest, Method::POST, "/api/v1/shared/open").json(&json!({"token": share["token"]}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(open(Some("wrong horse")).await.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
    let held = open(Some("correct horse")).await;
    assert!(held.status() == 429 && held.headers().contains_key("retry-after"));
    // Other links and log-ins are not held up.
    let other = fixture.share(json!({"password": "battery staple"})).await;
    let right = json!({"token": other["token"], "password": "battery staple"});
    assert_eq!(fixture.open(right).await.status(), 200);
}

#[tokio::test]
async fn files_to_keep_only_where_the_link_allows_it() {
    let fixture = Fixture::new().await;
    let listen = fixture.guest(&fixture.share(json!({})).await).await;
    let keep = fixture.guest(&fixture.share(json!({"download": true})).await).await;
    let path = format!("{}?download=1", fixture.audio(fixture.inside));
    assert_eq!(fixture.status(&listen, &path).await, 403);
    let kept = fixture.with(&keep, Method::GET, &path).send().await.unwrap();
    let field = kept.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(field, "attachment; filename*=UTF-8''Some%20Artist%20-%20Title%20of%20in.wav.wav");
    let outside = format!("{}?download=1", fixture.audio(fixture.outside));
    assert_eq!((fixture.status(&keep, &outside).await, fixture.status(&listen, &outside).await), (404, 404));
}

#[tokio::test]
async fn one_browser_has_several_links_and_always_a_new_secret() {
    let fixture = Fixture::new().await;
    let other = json!({"title": "Other", "tracks": [fixture.outside.to_string()]});
    assert_eq!(fixture.server.post(&fixture.owner, "/api/v1/mixtapes", other).await.status(), 201);
    let second = fixture.server.post(&fixture.owner, "/api/v1/mixtapes/other/shares", json!({})).await;
    let second: Value = second.json().await.unwrap();
    let first = fixture.guest(&fixture.share(json!({})).await).await;
    let request =
        fixture.with(&first, Method::POST, "/api/v1/shared/open").json(&json!({"token": second["token"]}));
    let both = cookie_of(&request.send().await.unwrap());
    assert_ne!(first, both);
    for track in [fixture.inside, fixture.outside] {
        assert_eq!(fixture.status(&both, &fixture.audio(track)).await, 200);
        assert_eq!(fixture.status(&first, &fixture.audio(track)).await, 404, "the earlier secret is used up");
    }
    // A secret that somebody else put into the browser never becomes good.
    let planted = "p".repeat(43);
    let request =
        fixture.with(&planted, Method::POST, "/api/v1/shared/open").json(&json!({"token": second["token"]}));
    assert_ne!(cookie_of(&request.send().await.unwrap()), planted);
    assert_eq!(fixture.status(&planted, &fixture.audio(fixture.outside)).await, 404);
}

#[tokio::test]
async fn a_link_ends_with_its_makers_account_and_leads_to_the_public_address() {
    let server = Server::start_in(tempfile::tempdir().unwrap(), |settings| {
        settings.public_url = Some("https://music.example/".into());
    });
    let fixture = Fixture::over(server.await).await;
    let maker = fixture.server.person("maker", Role::Owner).await;
    let session = fixture.server.session(&maker, 60_000).await;
    let share = fixture.server.post(&session, "/api/v1/mixtapes/tape/shares", json!({})).await;
    let share: Value = share.json().await.unwrap();
    assert!(share["url"].as_str().unwrap().starts_with("https://music.example/s/#"));
    let opened = fixture.open(json!({"token": share["token"]})).await;
    assert!(opened.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    fixture.server.store().people().delete_user(maker.id).await.unwrap();
    assert_eq!(fixture.open(json!({"token": share["token"]})).await.status(), 404);
}
