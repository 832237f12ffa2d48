//! Precedence, refusals and the generated page.

use std::{fs, path::Path};

use fanfare_model::ErrorKind;

use super::*;

fn request(directory: &Path) -> SettingsRequest {
    SettingsRequest { data_dir: Some(directory.to_path_buf()), ..SettingsRequest::default() }
}

fn with_environment(mut request: SettingsRequest, pairs: &[(&str, &str)]) -> SettingsRequest {
    request.environment = pairs.iter().map(|(key, value)| (key.into(), value.into())).collect();
    request
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let listen = |request: &SettingsRequest| load(request).unwrap().listen.port();
    let mut request = request(folder.path());
    assert_eq!(listen(&request), DEFAULT_PORT);
    fs::write(folder.path().join(CONFIG_FILE), "listen = '127.0.0.1:1'\n[log]\nformat = 'json'\n").unwrap();
    assert_eq!(listen(&request), 1);
    request = with_environment(request, &[("FANFARE_LISTEN", "127.0.0.1:2")]);
    assert_eq!(listen(&request), 2);
    request.flags.push(("listen", Given::Text("127.0.0.1:3".to_owned())));
    assert_eq!(listen(&request), 3);
    assert_eq!(load(&request).unwrap().log.format, LogFormat::Json, "what the others leave alone stays");
}

#[test]
fn what_does_not_fit_is_refused_with_source_and_remedy() {
    for (file, environment, expected) in [
        ("listn = '127.0.0.1:1'", ("X", ""), "did you mean listen?"),
        ("[log]\nfromat = 'json'", ("X", ""), "did you mean log.format?"),
        ("frobnicate = 1", ("X", ""), "docs/settings.md lists all settings"),
        ("listen = 4040", ("X", ""), "4040 is not an address with a port"),
        ("jobs = 0", ("X", ""), "0 is not a whole number from 1 to 256"),
        ("jobs = -1", ("X", ""), "-1 is not a whole number"),
        ("jobs = 1.5", ("X", ""), "1.5 is not a whole number"),
        ("[analysis]\nschedule = 'at night'", ("X", ""), "write a time of day as HH:MM, or `off`"),
        ("[analysis]\nquiet_hours = '22:00'", ("X", ""), "write them as HH:MM-HH:MM"),
        ("[analysis]\nbudget_h = 25", ("X", ""), "25 is not a number from 0.1 to 24"),
        ("[analysis]\ncpu_share_percent = 0", ("X", ""), "0 is not a whole number from 1 to 100"),
        ("[upload]\nmax_bytes = '2 furlongs'", ("X", ""), "is not a number of bytes from 1"),
        ("[hls]\nladder = 'low=mp3:128'", ("X", ""), "low=aac:256"),
        ("[acoustid]\nkey = 'k w'", ("X", ""), "this is not a key of 1 to 128 letters"),
        ("watch = 'maybe'", ("X", ""), "is not true or false"),
        ("folders = [1]", ("X", ""), "is not a list of paths"),
        ("public_url = 'ftp://x'", ("X", ""), "is not an address as in https://"),
        // issue 13: share links of it led nowhere.
        ("public_url = 'https://x.example/music'", ("X", ""), "is not an address without a path"),
        ("public_url = 'https:///music'", ("X", ""), "is not an address as in https://"),
        // issue 12: both were taken, and what they are for failed later.
        ("public_url = 'https://x.example:99999'", ("X", ""), "a port from 1 to 65535"),
        ("public_url = 'https://x.example:'", ("X", ""), "a port from 1 to 65535"),
        ("public_url = ''", ("X", ""), "is not an address as in https://"),
        ("public_url = 'https://a b'", ("X", ""), "is not an address as in https://"),
        ("public_url = 'https://-x'", ("X", ""), "the name of a host"),
        ("[acoustid]\nendpoint = 'http://127.0.0.1:70000/v2'", ("X", ""), "a port from 1 to 65535"),
        ("listen = '127.0.0.1:99999'", ("X", ""), "is not an address with a port"),
        ("listen = ''", ("X", ""), "is not an address with a port"),
        ("ffmpeg = 'ffmpeg6'", ("X", ""), "is not auto, off or a path"),
        ("log = 3", ("X", ""), "unknown setting log in"),
        ("data_dir = '/elsewhere'", ("X", ""), "cannot move it"),
        ("a = 1\nb = = 2", ("X", ""), "line 2"),
        ("", ("FANFARE_LISTN", "1"), "did you mean FANFARE_LISTEN?"),
        ("", ("FANFARE_JOBS", "many"), "FANFARE_JOBS in the environment: \"many\" is not a whole number"),
        ("", ("FANFARE_LOG_LEVEL", "x=y=z"), "is not a level"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(CONFIG_FILE), file).unwrap();
        let error = load(&with_environment(request(folder.path()), &[environment])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(expected), "{error} does not say {expected:?}");
    }
}

#[test]
fn a_named_file_must_exist_and_may_move_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.toml");
    let request = SettingsRequest { config_file: Some(file.clone()), ..SettingsRequest::default() };
    assert_eq!(load(&request).unwrap_err().kind(), ErrorKind::NotFound);
    fs::write(&file, "data_dir = '/srv/f'\nfolders = ['/a', '/b']").unwrap();
    let settings = load(&request).unwrap();
    assert_eq!(settings.data_dir, Path::new("/srv/f"));
    assert_eq!(settings.folders, [Path::new("/a"), Path::new("/b")]);
    let moved = with_environment(request, &[("FANFARE_DATA", "/srv/g"), ("FANFARE_FOLDERS", "/c:/d")]);
    let settings = load(&moved).unwrap();
    assert_eq!((settings.data_dir.as_path(), settings.folders.len()), (Path::new("/srv/g"), 2));
}

#[test]
fn the_data_folder_follows_the_xdg_specification() {
    for (variables, expected) in [
        (vec![("FANFARE_DATA", "/f"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")], Some("/f")),
        (vec![("FANFARE_DATA", ""), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")], Some("/x/fanfare")),
        (vec![("XDG_DATA_HOME", "relative"), ("HOME", "/h")], Some("/h/.local/share/fanfare")),
        (vec![], None),
    ] {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        assert_eq!(default_data_dir(variable).as_deref(), expected.map(Path::new));
    }
}

#[test]
fn every_setting_has_a_working_example_in_file_and_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.toml");
    let page = settings_markdown();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(&file, example).unwrap();
    let settings = load(&SettingsRequest { config_file: Some(file), ..SettingsRequest::default() }).unwrap();
    assert!(settings.is_https() && !settings.watch && settings.jobs == 2);
    assert_eq!(settings.poll_interval_s, Some(900));
    // Every example says something else than the default.
    let defaults = Settings::defaults(settings.data_dir.clone());
    // (The default number of jobs is this machine's.)
    for setting in SETTINGS.iter().filter(|setting| !matches!(setting.name, "data_dir" | "jobs")) {
        assert_ne!((setting.get)(&settings), (setting.get)(&defaults), "{}", setting.name);
    }
    for setting in SETTINGS {
        assert!(!setting.help.is_empty() && setting.help.ends_with('.'), "{}", setting.name);
        let unit = setting.value_type.range().is_none() || !setting.unit.is_empty();
        assert!(unit, "{} is a number without a unit", setting.name);
    }
}

#[test]
fn concurrency_is_brought_into_its_range() {
    let folder = tempfile::tempdir().unwrap();
    for (given, used) in [("0", 1), ("1", 1), ("5", 5), ("8", 8), ("9", 8), ("4000000000000", 8)] {
        let request = with_environment(request(folder.path()), &[("FANFARE_ANALYSIS_CONCURRENCY", given)]);
        assert_eq!(load(&request).unwrap().analysis.concurrency, used, "{given}");
    }
    assert_eq!(load(&request(folder.path())).unwrap().analysis.concurrency, 1, "unset");
    let invalid = with_environment(request(folder.path()), &[("FANFARE_ANALYSIS_CONCURRENCY", "-1")]);
    assert!(load(&invalid).is_err());
}

#[test]
fn the_page_wins_over_the_file_and_loses_to_environment_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(CONFIG_FILE), "[analysis]\npacing = 1\nbudget_h = 2\nschedule = 'off'")
        .unwrap();
    let given = with_environment(request(folder.path()), &[("FANFARE_ANALYSIS_BUDGET_H", "3")]);
    let layers = Layers::read(&given).unwrap();
    let live_settings = LiveSettings::new(layers.clone(), load(&given).unwrap());
    let change =
        |changes: serde_json::Value| live_settings.changed(&serde_json::from_value(changes).unwrap());
    let page = change(serde_json::json!({"analysis.pacing": 0.5, "analysis.concurrency": 2})).unwrap();
    let settings = live_settings.take(page);
    assert_eq!((settings.analysis.pacing, settings.analysis.concurrency), (0.5, 2));
    assert_eq!(settings.analysis.budget_h, 3.0);
    // A value of an earlier version that no longer fits is passed over.
    let strange =
        serde_json::from_value(serde_json::json!({"analysis.pacing": "fast", "gone": 1, "jobs": 3}));
    assert_eq!(live_settings.with(&strange.unwrap()).analysis.pacing, 1.0);
    let row = |name: &str| live_settings.rows().into_iter().find(|row| row.setting.name == name).unwrap();
    for (name, source, fixed) in [
        ("analysis.pacing", Source::Page, None),
        ("analysis.schedule", Source::File, None),
        ("analysis.cpu_share_percent", Source::Default, None),
        ("analysis.budget_h", Source::Environment, Some("FANFARE_ANALYSIS_BUDGET_H")),
        ("jobs", Source::Default, Some("starts")),
    ] {
        assert_eq!(row(name).source, source, "{name}");
        assert_eq!(row(name).fixed.is_some(), fixed.is_some(), "{name}");
        assert!(row(name).fixed.unwrap_or_default().contains(fixed.unwrap_or_default()), "{name}");
    }
    for (changes, kind, said) in [
        (serde_json::json!({"analysis.budget_h": 1}), ErrorKind::Conflict, "FANFARE_ANALYSIS_BUDGET_H"),
        (serde_json::json!({"jobs": 1}), ErrorKind::Conflict, "when the server starts"),
        (serde_json::json!({"analysis.pacin": 1}), ErrorKind::Invalid, "did you mean analysis.pacing?"),
        (serde_json::json!({"analysis.pacing": 11}), ErrorKind::Invalid, "from 0 to 10"),
        (serde_json::json!({"analysis.pacing": {}}), ErrorKind::Invalid, "a table is not a number"),
        (serde_json::json!({"hls.ladder": "x".repeat(5_000)}), ErrorKind::Invalid, "more than 4096"),
    ] {
        let error = change(changes).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let back = change(serde_json::json!({"analysis.pacing": null})).unwrap();
    assert_eq!(live_settings.take(back).analysis.pacing, 1.0, "the file's again");
    assert_eq!(row("analysis.pacing").source, Source::File);
}

#[test]
fn the_settings_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let page = settings_markdown();
    if std::env::var_os("FANFARE_BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == page, "docs/settings.md is not current; run again with FANFARE_BLESS=1");
}

/// The names that other programs use for these settings: each can be given by its bare name; with our prefix it wins.
#[test]
fn every_setting_of_the_cache_has_a_bare_name_in_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, other) in [
        ("audio_cache.enabled", "false", "true"),
        ("audio_cache.dir", "/srv/a", "/srv/b"),
        ("audio_cache.codec", "opus", "mp3"),
        ("audio_cache.default_quality", "low", "high"),
        ("audio_cache.on_miss", "original", "encode"),
        ("audio_cache.cap_bytes", "1000000000", "2000000000"),
        ("audio_cache.max_age_days", "3", "4"),
        ("audio_cache.max_workers", "2", "3"),
        ("audio_cache.precache_on_upload", "false", "true"),
        ("audio_cache.precache_qualities", "low", "high"),
        ("audio_cache.max_encodes", "2", "3"),
        ("audio_cache.max_encodes_per_user", "2", "3"),
    ] {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
        let bare = name.to_uppercase().replace('.', "_");
        let ours = format!("FANFARE_{bare}");
        let read = |pairs: &[(&str, &str)]| {
            (setting.get)(&load(&with_environment(request(folder.path()), pairs)).unwrap())
        };
        assert_ne!(read(&[(&bare, value)]), read(&[(&bare, other)]), "{name}");
        assert_eq!(read(&[(&bare, value)]), read(&[(&ours, value)]), "{name}");
        assert_eq!(read(&[(&bare, value), (&ours, other)]), read(&[(&ours, other)]), "{name}");
    }
    let tried = SETTINGS.iter().filter(|setting| setting.name.starts_with("audio_cache.")).count();
    assert_eq!(tried, 12, "every one is in the list above");
}
