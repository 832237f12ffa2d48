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
        ("jobs = 1.5", ("X", ""), "a fraction is not a whole number"),
        ("watch = 'maybe'", ("X", ""), "is not true or false"),
        ("folders = [1]", ("X", ""), "is not a list of paths"),
        ("public_url = 'ftp://x'", ("X", ""), "is not an address as in https://"),
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
    for setting in SETTINGS {
        assert!(!setting.help.is_empty() && setting.help.ends_with('.'), "{}", setting.name);
        let unit = setting.value_type != ValueType::Count || !setting.unit.is_empty();
        assert!(unit, "{} is a number without a unit", setting.name);
    }
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
