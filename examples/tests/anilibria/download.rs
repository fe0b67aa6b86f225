//! `download` and `torrent`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    program::{run_in, sandbox},
    terminal::Terminal,
};

/// Returns the names of the files in `directory`, in order.
fn files(directory: &Path) -> Vec<String> {
    let names =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != "config").collect();
    names.sort();
    names
}

#[test]
fn complete_files_are_skipped() {
    let home = tempfile::tempdir().unwrap();
    let download =
        ["--sandbox", "download", "1", "--episodes", "1-2", "--quality", "480", "--dir", "new/episodes"];

    let first = run_in(home.path(), &download).success();
    let second = run_in(home.path(), &download).success();

    assert!(first.lines().all(|line| line.starts_with("saved new/episodes/")), "{first}");
    assert!(second.lines().all(|line| line.starts_with("exists new/episodes/")), "{second}");
    let files = files(&home.path().join("new/episodes"));
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].ends_with(" - 01 [480p].ts") && files[1].ends_with(" - 02 [480p].ts"), "{files:?}");
}

#[test]
fn whole_series_is_downloaded_with_an_object_per_episode() {
    let home = tempfile::tempdir().unwrap();

    let reports = run_in(home.path(), &["--sandbox", "download", "228", "--json"]).success();

    let reports: Vec<Value> = reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(reports.len() > 2 && reports.len() == files(home.path()).len());
    assert!(reports.iter().all(|report| report["status"] == "saved"), "{reports:?}");
    let path = home.path().join(reports[0]["path"].as_str().unwrap());
    assert_eq!(fs::metadata(path).unwrap().len(), reports[0]["bytes"].as_u64().unwrap());
}

#[test]
fn missing_episode_ends_with_3_before_anything_is_downloaded() {
    let home = tempfile::tempdir().unwrap();

    let error = run_in(home.path(), &["--sandbox", "download", "1", "--episodes", "1,99"]).failure(3);

    assert_eq!(error, "anilibria: the release has no episode 99\n");
    assert_eq!(files(home.path()), [""; 0]);
}

#[test]
fn bars_fit_a_resized_terminal_and_ctrl_c_keeps_the_part_for_the_next_run() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().to_str().unwrap();
    let download = ["--sandbox", "download", "1", "--episodes", "1-2", "--dir", dir];
    let slow = [&download[..], &["--limit-rate", "1K", "--parallel", "1"]].concat();
    let mut terminal = Terminal::spawn((24, 80), &slow, &[]);
    terminal.wait_until("a segment", |screen| {
        screen.contents().contains("episode 1 ") && screen.contents().contains(" 1/")
    });

    terminal.resize(24, 40);
    // Rows of the old width may remain above, as the terminal does not reflow them.
    terminal.wait_until("two bars of 40 columns", |screen| {
        let rows: Vec<_> = screen.rows(0, 40).collect();
        rows.windows(2).any(|bars| {
            let is_episode = bars[0].starts_with("episode 1 ") && bars[0].ends_with("KiB");
            is_episode && bars[1].starts_with("episodes ") && bars[1].ends_with(" 0/2")
        })
    });
    terminal.send("\u{3}");

    assert_eq!(terminal.finish().0, 130);
    let kept = files(home.path());
    let part = kept.iter().find_map(|name| name.strip_suffix(".part")).unwrap();
    let reports = run_in(home.path(), &[&download[..], &["--json"]].concat()).success();
    let report: Value = serde_json::from_str(reports.lines().next().unwrap()).unwrap();
    assert!(report["resumed_segments"].as_u64().unwrap() >= 1, "{report}");
    assert!(report["path"].as_str().unwrap().ends_with(part), "{report}");
    assert_eq!(files(home.path()).len(), 2);
}

#[test]
fn torrent_files_are_saved_and_magnet_links_printed() {
    let home = tempfile::tempdir().unwrap();

    let saved = run_in(home.path(), &["--sandbox", "torrent", "228", "--dir", "files"]).success();
    let magnets = sandbox(&["torrent", "228", "--magnet"]).success();

    assert_eq!(saved.lines().count(), files(&home.path().join("files")).len());
    let torrent = fs::read(home.path().join(saved.lines().next().unwrap())).unwrap();
    assert!(torrent.starts_with(b"d"));
    assert_eq!(magnets.lines().count(), saved.lines().count());
    assert!(magnets.lines().all(|magnet| magnet.starts_with("magnet:?xt=urn:btih:")), "{magnets}");
}

#[test]
fn best_torrent_has_the_highest_resolution_and_an_unknown_one_ends_with_3() {
    let release: Value = serde_json::from_str(&sandbox(&["show", "120", "--json"]).success()).unwrap();
    let torrents = release["torrents"].as_array().unwrap();
    assert!(torrents.iter().any(|torrent| torrent["quality"]["value"] == "4k"), "{torrents:?}");

    let best: Value =
        serde_json::from_str(&sandbox(&["torrent", "120", "--best", "--magnet", "--json"]).success())
            .unwrap();

    let best = torrents.iter().find(|torrent| torrent["id"] == best[0]["id"]).unwrap();
    assert_eq!(best["quality"]["value"], "4k");
    let id = torrents[0]["id"].to_string();
    assert_eq!(sandbox(&["torrent", "120", "--id", &id, "--magnet"]).success().lines().count(), 1);
    let error = sandbox(&["torrent", "120", "--id", "1"]).failure(3);
    assert_eq!(error, "anilibria: the release has no torrent 1\n");
}
