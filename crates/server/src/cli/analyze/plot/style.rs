//! How a sheet looks: its measures, and the one style sheet, for light and dark.
//!
//! Colours are classes, not variables, so that programs that know little CSS draw the light sheet.

/// Width of the sheet, in user units.
pub const WIDTH: f64 = 1200.0;
/// Where time begins on the sheet.
pub const LEFT: f64 = 64.0;
/// Where time ends.
pub const RIGHT: f64 = 1136.0;

/// Fonts that are there already, on every system; figures of equal width, so that columns of numbers stand still.
pub const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Helvetica Neue',Arial,sans-serif;\
font-size:12px;font-variant-numeric:tabular-nums;fill:#1d1e24}\
.title{font-size:30px;font-weight:650;letter-spacing:-.4px}\
.artist{font-size:16px}\
.value{font-size:25px;font-weight:600;letter-spacing:-.3px}\
.unit{font-size:13px;font-weight:400;letter-spacing:0}\
.head{font-size:10.5px;font-weight:600;letter-spacing:1.1px}\
.small{font-size:11px}\
.tiny{font-size:10px}\
.end{text-anchor:end}.mid{text-anchor:middle}\
.soft,.artist,.unit{fill:#696b75}\
.onkey{fill:#15161b;font-weight:600}\
.warn{fill:#c2331f}\
.loud{fill:#c2331f;font-weight:600}\
.paper{fill:#fcfbf8}\
.rule{stroke:#d9d6cf;fill:none}\
.grid{stroke:#e9e6df;fill:none}\
.bar{stroke:#1d1e24;stroke-opacity:.13;fill:none}\
.beat{stroke:#9d9a92;fill:none}\
.down{stroke:#1d1e24;stroke-width:1.4;fill:none}\
.b0{fill:#35299a}.b1{fill:#2c7dc4}.b2{fill:#20b39b}.b3{fill:#f4b740}\
.peaks{fill:#8fb7dd}.rms{fill:#2c5fa8}\
.hot{fill:#c2331f}.high{fill:#696b75}\
.moment{fill:url(#surface)}.s0{stop-color:#2c7dc4;stop-opacity:.42}.s1{stop-color:#2c7dc4;stop-opacity:.08}\
.short{stroke:#1f3f8f;stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}\
.lra{fill:#f4b740;fill-opacity:.2}\
.whole{stroke:#c2331f;stroke-width:1.4;stroke-dasharray:7 4;fill:none}\
.tempo{stroke:#8a3ea8;stroke-width:2;fill:none;stroke-linejoin:round;stroke-linecap:round}\
.mean{stroke:#8a3ea8;stroke-opacity:.45;stroke-dasharray:3 4;fill:none}\
@media(prefers-color-scheme:dark){\
text{fill:#efede7}\
.soft,.artist,.unit{fill:#9fa1ac}\
.warn,.loud{fill:#ff8469}\
.paper{fill:#13151a}\
.rule{stroke:#353841}\
.grid{stroke:#23262d}\
.bar{stroke:#efede7;stroke-opacity:.16}\
.beat{stroke:#6d707b}\
.down{stroke:#efede7}\
.b0{fill:#6f5cf0}.b1{fill:#3f9df0}.b2{fill:#35d0b0}.b3{fill:#ffd166}\
.peaks{fill:#31588a}.rms{fill:#6fb3ff}\
.hot{fill:#ff8469}.high{fill:#9fa1ac}\
.s0{stop-color:#3f9df0;stop-opacity:.5}.s1{stop-color:#3f9df0;stop-opacity:.08}\
.short{stroke:#9cc8ff}\
.lra{fill:#ffd166;fill-opacity:.13}\
.whole{stroke:#ff8469}\
.tempo{stroke:#d59af0}\
.mean{stroke:#d59af0}\
}";

/// The fill of the surface under the momentary loudness: fading towards the ground.
pub const SURFACE: &str = "<linearGradient id=\"surface\" x2=\"0\" y2=\"1\"><stop class=\"s0\"/><stop class=\"s1\" \
offset=\"1\"/></linearGradient>";
