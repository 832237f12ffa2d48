//! Requests that are not in order before anybody looks at what they ask for (issue 12): hosts, too much in front of the
//! body, lists where an object belongs.

use fanfare_server::http::openapi_json;
use reqwest::Method;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::fixture::Server;

/// The most bytes of a request before its body (docs/api.md, Limits).
const HEAD_BYTES: usize = 32 * 1024;

/// What is answered to those bytes, up to the server's closing of the connection: its status.
async fn status(server: &Server, head: &str) -> u16 {
    let mut stream = TcpStream::connect(server.started.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // What is refused may be reset behind its answer.
    let _end = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{text:?}"))
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = Server::start().await;
    for (version, fields, expected) in [
        ("1.1", "host: localhost\r\n", 200),
        ("1.1", "", 400),
        ("1.1", "host: localhost\r\nhost: localhost\r\n", 400),
        ("1.1", "host: localhost\r\nhost: evil.example\r\n", 400),
        ("1.1", "host: local host\r\n", 400),
        ("1.1", "host: evil.example\r\n", 421),
        ("1.0", "", 200),
        ("1.0", "host: localhost\r\nhost: localhost\r\n", 400),
    ] {
        for path in ["/api/v1/status", "/"] {
            // Pages are not asked for under which name they are known.
            let expected = if path == "/" && expected == 421 { 200 } else { expected };
            let head = format!("GET {path} HTTP/{version}\r\nconnection: close\r\n{fields}\r\n");
            assert_eq!(status(&server, &head).await, expected, "{head:?}");
        }
    }
}

#[tokio::test]
async fn what_stands_before_a_body_is_limited_to_the_byte_and_by_number() {
    let server = Server::start().await;
    let start = "GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-long: ";
    let of = |bytes: usize| {
        let filling = "x".repeat(bytes - start.len() - "\r\n\r\n".len());
        format!("{start}{filling}\r\n\r\n")
    };
    for (bytes, expected) in [
        (HEAD_BYTES - 1, 200),
        (HEAD_BYTES, 200),
        (HEAD_BYTES + 1, 431),
        (HEAD_BYTES + 20_000, 431),
        (300_000, 431),
    ] {
        assert_eq!(status(&server, &of(bytes)).await, expected, "{bytes} bytes");
    }
    for (fields, expected) in [(64, 200), (65, 431)] {
        let more: String = (2..fields).map(|number| format!("x-{number}: x\r\n")).collect();
        let head =
            format!("GET /api/v1/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{more}\r\n");
        assert_eq!(status(&server, &head).await, expected, "{fields} fields");
    }
}

/// Every body of the API document that is JSON, and every object in one.
#[tokio::test]
async fn a_list_is_never_taken_for_an_object() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let document: Value = serde_json::from_str(openapi_json()).unwrap();
    let schema_of = |schema: &Value| match schema["$ref"].as_str() {
        Some(name) => document["components"]["schemas"][name.rsplit('/').next().unwrap()].clone(),
        None => schema.clone(),
    };
    let (mut bodies, mut objects) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() {
                continue;
            }
            bodies += 1;
            let properties = schema_of(schema)["properties"].as_object().cloned().unwrap_or_default();
            let is_object = |name: &&String| schema_of(&properties[*name]).get("properties").is_some();
            let inside: Vec<String> =
                properties.keys().filter(is_object).map(|name| format!("{{\"{name}\": []}}")).collect();
            objects += inside.len();
            let path = path.replace("{id}", &"0".repeat(32)).replace("{slug}", "none");
            let method: Method = method.to_uppercase().parse().unwrap();
            let inside = inside.iter().map(|body| (body.as_str(), 422));
            let sent = [
                ("[]", 422),
                (" [\"a\", \"b\", \"c\"]", 422),
                ("null", 422),
                ("\"a\"", 422),
                ("7", 422),
                ("[1,", 400),
                ("", 400),
            ];
            for (body, expected) in sent.into_iter().chain(inside) {
                let request = server.request(&owner, method.clone(), &path);
                let request = request.header("content-type", "application/json").body(body.to_owned());
                assert_eq!(request.send().await.unwrap().status(), expected, "{method} {path} {body}");
            }
        }
    }
    println!("{bodies} bodies, {objects} objects in them");
    assert!(bodies > 10 && objects > 0);
}
