//! The conformance cases, on every back-end. Needs the feature `testsuite`, which the crate's own tests turn on.
#![allow(clippy::unwrap_used)] // the whole file is test code, helpers included

mod support;

use fanfare_store::{FileBlobStore, MemoryBlobStore, MemoryJobQueue, blobs, queue};
use support::Fixture;

macro_rules! job_queue {
    ($($case:ident),* $(,)?) => {
        mod job_queue {
            use super::*;
            $(
                mod $case {
                    use super::*;
                    #[tokio::test]
                    async fn sqlite() {
                        let fixture = Fixture::new().await;
                        queue::suite::$case(fixture.store.jobs()).await;
                        assert_eq!(queue::suite::QUEUE, "analyze-track");
                    }
                    #[tokio::test]
                    async fn memory() {
                        queue::suite::$case(&MemoryJobQueue::new()).await;
                    }
                }
            )*
        }
    };
}

macro_rules! blob_store {
    ($($case:ident),* $(,)?) => {
        mod blob_store {
            use super::*;
            $(
                mod $case {
                    use super::*;
                    #[tokio::test]
                    async fn folder() {
                        let folder = tempfile::tempdir().unwrap();
                        blobs::suite::$case(&FileBlobStore::open(folder.path(), true).await.unwrap()).await;
                    }
                    #[tokio::test]
                    async fn memory() {
                        blobs::suite::$case(&MemoryBlobStore::new()).await;
                    }
                }
            )*
        }
    };
}

job_queue!(
    a_job_runs_once,
    jobs_come_in_order,
    a_key_is_taken_while_its_job_is_active,
    a_lost_lease_is_fenced_out,
    failures_retry_and_then_park,
    a_job_that_kills_is_parked,
    isolated_jobs_are_tried_alone_and_first,
    an_end_in_order_clears_of_suspicion,
    giving_back_costs_nothing,
    waiting_costs_no_attempt,
    a_parked_job_can_be_retried,
    a_parked_job_can_be_discarded,
    work_that_is_queued_again_is_parked_no_more,
    a_task_can_be_withdrawn,
    a_task_can_be_stopped,
    a_task_is_due_when_one_of_its_jobs_is,
    a_running_job_can_be_withdrawn,
    no_job_is_claimed_twice,
    every_kind_has_its_queue,
    a_blamed_analyzer_is_left_out,
    the_job_about_a_track_is_claimed_alone,
);

blob_store!(
    what_was_put_is_got,
    what_was_removed_is_gone,
    names_are_listed_in_order,
    writers_of_the_same_bytes_agree,
    old_blobs_are_told_from_young_ones,
    a_file_of_the_staging_folder_is_adopted,
);
