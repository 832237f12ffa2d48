//! `docs/settings.md`, written from [`SETTINGS`].

use std::fmt::Write as _;

use super::{CONFIG_FILE, SETTINGS};

/// The whole page.
#[must_use]
pub fn settings_markdown() -> String {
    let mut page = format!(
        "# Settings\n\n\
         <!-- Generated from `SETTINGS` in crates/server/src/settings/list.rs; \
         `FANFARE_BLESS=1 cargo test -p fanfare-server settings` writes it again. -->\n\n\
         Every setting can be given in these places; the later wins:\n\n\
         1. `{CONFIG_FILE}` in the data folder, or the file that `--config FILE` (or `FANFARE_CONFIG`) names;\n\
         2. the Settings page of the web UI (or `PATCH /api/v1/settings`), for those marked in the column *page*: they \
         change at once, and are kept in the database until the page removes them;\n\
         3. an environment variable;\n\
         4. a flag of the command, where it has one (`fanfare serve --help`).\n\n\
         What the environment or a flag decides is shown on the page and cannot be changed there. The others are read \
         when the server starts.\n\n\
         An unknown name is refused, with the nearest known one. A dot in a name is a table in the file: \
         `log.format` is `format` below `[log]`.\n\n\
         | name | variable | takes | default | unit | page | meaning |\n|---|---|---|---|---|---|---|\n"
    );
    for setting in SETTINGS {
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {} | {} | {} | {} | {} |",
            setting.name,
            setting.variable(),
            setting.value_type.describe(),
            setting.default,
            if setting.unit.is_empty() { "-" } else { setting.unit },
            if setting.page { "yes" } else { "-" },
            setting.help,
        );
    }
    page.push_str("\n## A file with everything in it\n\n```toml\n");
    for setting in SETTINGS.iter().filter(|setting| !setting.name.contains('.')) {
        let _ = writeln!(page, "{} = {}", setting.name, setting.example);
    }
    let mut table = "";
    for setting in SETTINGS {
        if let Some((group, key)) = setting.name.split_once('.') {
            if group != table {
                let _ = writeln!(page, "\n[{group}]");
                table = group;
            }
            let _ = writeln!(page, "{key} = {}", setting.example);
        }
    }
    page.push_str("```\n");
    page
}
