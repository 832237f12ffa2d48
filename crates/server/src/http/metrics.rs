//! Numbers for Prometheus (text format 0.0.4): what was counted here, and what the other parts know.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use fanfare_ingest::WorkerStatus;
use fanfare_model::JobKind;
use fanfare_store::{JobCounts, LibraryCounts};

/// Upper bounds of the duration histogram, in seconds: from a cached row to the slowest list worth calling slow.
const BUCKETS_S: [f64; 8] = [0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

#[derive(Debug, Default)]
struct Route {
    by_status: BTreeMap<u16, u64>,
    buckets: [u64; BUCKETS_S.len()],
    count: u64,
    sum_s: f64,
}

/// Requests counted by route (the template, never the address: the number of series is bounded by the table).
#[derive(Debug, Default)]
pub struct Metrics {
    routes: Mutex<BTreeMap<(String, String), Route>>,
}

/// What is gathered at the moment of asking.
pub struct Gathered {
    /// Tracks by state and the rest of the catalog.
    pub library: LibraryCounts,
    /// Analysis jobs by state.
    pub jobs: JobCounts,
    /// How many jobs of each queue are parked; queues that are left out have none.
    pub parked: Vec<(String, u64)>,
    /// The worker process.
    pub worker: WorkerStatus,
}

impl Metrics {
    /// Counts one answered request.
    pub fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = routes.entry((route.to_owned(), method.to_owned())).or_default();
        *entry.by_status.entry(status).or_default() += 1;
        entry.count += 1;
        entry.sum_s += took.as_secs_f64();
        if let Some(bucket) = BUCKETS_S.iter().position(|bound| took.as_secs_f64() <= *bound) {
            entry.buckets[bucket] += 1;
        }
    }

    /// Everything, as text.
    pub fn render(&self, gathered: &Gathered) -> String {
        let mut page = Page::default();
        self.render_requests(&mut page);
        let Gathered { library, jobs, parked, worker } = gathered;
        page.family("fanfare_tracks", "gauge", "Tracks in the library by state.");
        for (state, count) in [
            ("queued", library.queued),
            ("processing", library.processing),
            ("ready", library.ready),
            ("failed", library.failed),
        ] {
            page.sample("fanfare_tracks", &[("state", state)], count);
        }
        for (name, help, count) in [
            ("fanfare_artists", "Artists in the library.", library.artists),
            ("fanfare_releases", "Releases in the library.", library.releases),
        ] {
            page.family(name, "gauge", help);
            page.sample(name, &[], count);
        }
        page.family("fanfare_jobs", "gauge", "Analysis jobs by state.");
        for (state, count) in [
            ("waiting", jobs.waiting),
            ("running", jobs.running),
            ("done", jobs.done),
            ("parked", jobs.parked),
            ("cancelled", jobs.cancelled),
        ] {
            page.sample("fanfare_jobs", &[("state", state)], count);
        }
        page.family("fanfare_jobs_parked", "gauge", "Jobs that were given up with a reason, by queue.");
        for queue in JobKind::QUEUES {
            let count = parked.iter().find(|(of, _)| of == queue).map_or(0, |(_, count)| *count);
            page.sample("fanfare_jobs_parked", &[("queue", queue)], count);
        }
        page.family("fanfare_worker_up", "gauge", "Whether the worker process runs.");
        page.sample("fanfare_worker_up", &[], u64::from(worker.pid.is_some()));
        page.family(
            "fanfare_worker_restarts_total",
            "counter",
            "Times the worker process was started again.",
        );
        page.sample("fanfare_worker_restarts_total", &[], worker.restarts);
        if let Some(bytes) = resident_bytes() {
            page.family("process_resident_memory_bytes", "gauge", "Resident memory of the server process.");
            page.sample("process_resident_memory_bytes", &[], bytes);
        }
        page.family("fanfare_build_info", "gauge", "Which version runs.");
        page.sample("fanfare_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        page.0
    }

    fn render_requests(&self, page: &mut Page) {
        const COUNT: &str = "fanfare_http_requests_total";
        const TOOK: &str = "fanfare_http_request_duration_seconds";
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        page.family(COUNT, "counter", "Answered requests by route and status.");
        for ((route, method), entry) in &*routes {
            for (status, count) in &entry.by_status {
                let status = status.to_string();
                page.sample(COUNT, &[("method", method), ("route", route), ("status", &status)], count);
            }
        }
        page.family(TOOK, "histogram", "Time until the answer began.");
        for ((route, method), entry) in &*routes {
            let mut below = 0;
            for (bound, count) in BUCKETS_S.iter().zip(entry.buckets) {
                below += count;
                let bound = bound.to_string();
                page.sample(
                    &format!("{TOOK}_bucket"),
                    &[("method", method), ("route", route), ("le", &bound)],
                    below,
                );
            }
            let labels = [("method", method.as_str()), ("route", route)];
            page.sample(
                &format!("{TOOK}_bucket"),
                &[("method", method), ("route", route), ("le", "+Inf")],
                entry.count,
            );
            page.sample(&format!("{TOOK}_sum"), &labels, entry.sum_s);
            page.sample(&format!("{TOOK}_count"), &labels, entry.count);
        }
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Label values are routes, methods and states of ours: nothing that needs escaping.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{open}{label}=\"{text}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }
}

/// Resident memory by `/proc/self/status` (proc(5)), where there is one.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_route() {
        let metrics = Metrics::default();
        metrics.count("GET", "/api/v1/tracks", 200, Duration::from_millis(10));
        metrics.count("GET", "/api/v1/tracks", 200, Duration::from_secs(100));
        metrics.count("GET", "/api/v1/tracks", 404, Duration::from_millis(1));
        let mut page = Page::default();
        metrics.render_requests(&mut page);
        for line in [
            "fanfare_http_requests_total{method=\"GET\",route=\"/api/v1/tracks\",status=\"200\"} 2",
            "fanfare_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/v1/tracks\",le=\"0.02\"} 2",
            "fanfare_http_request_duration_seconds_bucket{method=\"GET\",route=\"/api/v1/tracks\",le=\"+Inf\"} 3",
            "fanfare_http_request_duration_seconds_count{method=\"GET\",route=\"/api/v1/tracks\"} 3",
        ] {
            assert!(page.0.lines().any(|l| l == line), "{line} in\n{}", page.0);
        }
    }
}
