//! Addresses as QR codes (ISO/IEC 18004), drawn as SVG.

use fanfare_model::{Error, ErrorKind, Result};
use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code (ISO/IEC 18004 section 6.3.8).
const QUIET: i32 = 4;

/// The text as an SVG image, black on white, one unit per module.
///
/// # Errors
/// `LimitExceeded` for a text that is too long for any code (some 2,300 bytes).
pub fn svg(text: &str) -> Result<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium)
        .map_err(|_| Error::new(ErrorKind::LimitExceeded, "the address is too long for a QR code"))?;
    let side = code.size() + 2 * QUIET;
    let mut dark = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                dark.push_str(&format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET));
            }
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{dark}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_picture_of_its_text_and_of_nothing_else() {
        let address = format!("https://music.example.org/s/#{}", "x".repeat(43));
        let picture = svg(&address).unwrap();
        let document = roxmltree::Document::parse(&picture).unwrap();
        // Version 5 holds up to 84 bytes at level M: 37 modules and the quiet zone.
        assert_eq!(document.root_element().attribute("viewBox"), Some("0 0 45 45"));
        assert_ne!(picture, svg(&address.replace('x', "y")).unwrap());
        assert!(!picture.contains("music"));
        assert!(svg(&"x".repeat(3_000)).is_err());
    }
}
