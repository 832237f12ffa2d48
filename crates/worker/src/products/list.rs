//! The ordered list of products, and [`Order`]: which of them a pass makes.

use super::{
    features::FeaturesProduct, growing_transcode::GrowingTranscode, hls::HlsProduct, product::Product,
    transcodes::TranscodesProduct,
};

/// What is wanted of a pass. Each product of the list takes its part.
#[derive(Default)]
pub(crate) struct Order {
    pub(crate) features: Option<FeaturesProduct>,
    pub(crate) hls: Option<HlsProduct>,
    pub(crate) transcodes: Option<TranscodesProduct>,
    pub(crate) growing: Option<GrowingTranscode>,
}

/// A product, if the order has one.
type OfOrder = fn(&mut Order) -> Option<Box<dyn Product>>;

/// All products, in the order in which their sinks get each chunk and what they made is kept.
const PRODUCTS: &[OfOrder] = &[
    |order| boxed(order.features.take()),
    |order| boxed(order.hls.take()),
    |order| boxed(order.transcodes.take()),
    |order| boxed(order.growing.take()),
];

fn boxed(product: Option<impl Product + 'static>) -> Option<Box<dyn Product>> {
    product.map(|product| Box::new(product) as Box<dyn Product>)
}

impl Order {
    /// The products that are wanted, in the order of the list.
    pub(crate) fn products(mut self) -> Vec<Box<dyn Product>> {
        PRODUCTS.iter().filter_map(|of_order| of_order(&mut self)).collect()
    }
}
