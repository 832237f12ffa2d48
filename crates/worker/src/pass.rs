//! [`Pass`]: one decode of a file, with all that is made of it. There is no other way from a file to a product.

use std::time::Duration;

use fanfare_analysis::check_rate;
use fanfare_audio::{CancelFlag, FanOut, FanOutOptions, PcmSink, PcmSource, SharedChunk, SinkPolicy};
use fanfare_model::{Error, ErrorKind, Result};

use crate::products::{made::Made, product::Product, transcode_source::too_short};

/// One decode of a file.
pub(crate) struct Pass {
    /// The file, opened, at the frame where the pass begins.
    pub(crate) source: Box<dyn PcmSource>,
    /// What is made, in this order.
    pub(crate) products: Vec<Box<dyn Product>>,
    /// Whether the decode waits for what no listener waits for.
    pub(crate) policy: SinkPolicy,
    /// How long it may take.
    pub(crate) budget: Duration,
    /// Other bounds of the fan-out.
    pub(crate) fan_out: FanOutOptions,
}

impl Pass {
    /// Decodes the source to its end, into all products. `on_progress` is told how many frames are decoded, and may take its
    /// time.
    ///
    /// # Errors
    /// Those of the source and of the products; `Cancelled`; `Timeout` when the budget is used up; `Unsupported` for a sample
    /// rate below 1 kHz.
    pub(crate) fn run(self, cancel: &CancelFlag, on_progress: &mut dyn FnMut(u64)) -> Result<Made> {
        let Self { mut source, mut products, policy, budget, fan_out } = self;
        let (spec, facts) = (source.spec(), source.facts().clone());
        check_rate(spec)?;
        let mut fan_out = FanOut::new(FanOutOptions { budget: Some(budget), ..fan_out });
        let mut counts = Vec::new();
        for product in &mut products {
            let sinks = product.sinks(&*source, policy)?;
            counts.push(sinks.len());
            for (name, sink) in sinks {
                fan_out.add_as(product.policy(policy), name, sink);
            }
        }
        // Where nothing is made, the track is still decoded: how long it is, is a result as well.
        if counts.iter().all(|count| *count == 0) {
            fan_out.add("counts", Box::new(Counts));
        }
        let report = fan_out.run(&mut *source, cancel, on_progress)?;
        if cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "the pass was cancelled"));
        }
        let mut made = Made {
            facts,
            spec,
            frames: report.frames,
            stopped_early: report.stopped_early,
            is_whole: source.warnings().is_empty()
                && !report.stopped_early
                && too_short(&*source, report.frames).is_none(),
            warnings: Vec::new(),
            results: Vec::new(),
            variants: Vec::new(),
            transcodes: Vec::new(),
            grown_to_its_end: false,
        };
        let mut reports = &report.sinks[..];
        for (product, count) in products.into_iter().zip(counts) {
            let (of_product, others) = reports.split_at(count);
            product.keep(of_product, &mut made)?;
            reports = others;
        }
        made.warnings.extend_from_slice(source.warnings());
        Ok(made)
    }
}

/// A sink that leaves counting to the fan-out.
struct Counts;

impl PcmSink for Counts {
    fn push(&mut self, _chunk: &SharedChunk) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
    };

    use fanfare_analysis::ANALYZERS;
    use fanfare_audio::{OpenOptions, SinkReport};
    use fanfare_testkit::{
        signals,
        wav::{WavFormat, wav},
    };

    use super::*;
    use crate::products::{features::FeaturesProduct, list::Order, product::NamedSinks};

    const FRAMES: u64 = 44_100;

    /// A product with two sinks, which count frames.
    #[derive(Clone, Default)]
    struct Counting {
        frames: Arc<AtomicU64>,
        /// What its `keep` fails with, if it does.
        fails: Option<ErrorKind>,
    }

    impl PcmSink for Counting {
        fn push(&mut self, chunk: &SharedChunk) -> Result<()> {
            self.frames.fetch_add(chunk.frames() as u64, Ordering::Relaxed);
            Ok(())
        }

        fn finish(&mut self) -> Result<()> {
            Ok(())
        }
    }

    impl Product for Counting {
        fn sinks(&mut self, _: &dyn PcmSource, _: SinkPolicy) -> Result<NamedSinks> {
            Ok(["one", "other"].map(|name| (name.to_owned(), Box::new(self.clone()) as _)).into())
        }

        fn keep(self: Box<Self>, reports: &[SinkReport], made: &mut Made) -> Result<()> {
            let names: Vec<&str> = reports.iter().map(|report| &*report.name).collect();
            assert_eq!(names, ["one", "other"], "the reports of its own sinks");
            made.warnings.push(format!("kept after {} results", made.results.len()));
            self.fails.map_or(Ok(()), |kind| Err(Error::new(kind, "not kept")))
        }
    }

    fn run(path: &Path, products: Vec<Box<dyn Product>>) -> Result<Made> {
        let pass = Pass {
            source: fanfare_audio::open(path, &OpenOptions::default())?,
            products,
            policy: SinkPolicy::Must,
            budget: Duration::from_secs(300),
            fan_out: FanOutOptions::default(),
        };
        pass.run(&CancelFlag::default(), &mut |_| {})
    }

    #[test]
    fn every_product_of_a_pass_gets_every_frame_and_keeps_its_own_reports() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        std::fs::write(&path, wav(44_100, &[signals::sine(44_100, 1.0, 440.0, 0.5)], WavFormat::I16))
            .unwrap();
        let counting = Counting::default();
        let features =
            || Order { features: Some(FeaturesProduct::new(ANALYZERS.to_vec())), ..Order::default() };
        let mut products = features().products();
        products.push(Box::new(counting.clone()));
        let made = run(&path, products).unwrap();
        assert_eq!((made.frames, counting.frames.load(Ordering::Relaxed)), (FRAMES, 2 * FRAMES));
        assert_eq!(made.results.len(), ANALYZERS.len());
        assert_eq!(made.warnings, [format!("kept after {} results", ANALYZERS.len())]);

        // The same results as alone.
        let alone = run(&path, features().products()).unwrap();
        assert_eq!(alone.results, made.results);

        let fails = Counting { fails: Some(ErrorKind::NoSpace), ..Counting::default() };
        let error = run(&path, vec![Box::new(fails)]).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        assert_eq!(run(&path, Vec::new()).unwrap().frames, FRAMES, "without products the frames are counted");
    }
}
