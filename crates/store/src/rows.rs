//! Reading columns: every value is checked, because a database may have been edited by hand.

use fanfare_model::{ContentHash, Error, Result, Timestamp};
use serde::de::DeserializeOwned;
use sqlx::{Decode, Row, Sqlite, Type, sqlite::SqliteRow};

use crate::error::strange;

/// The column's value.
pub(crate) fn col<'r, T>(row: &'r SqliteRow, name: &'static str) -> Result<T>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(name).map_err(|error| strange(format_args!("a strange value of `{name}` ({error})")))
}

/// An id of 16 bytes, as the type it stands for.
pub(crate) fn id<T>(row: &SqliteRow, name: &'static str, make: impl Fn([u8; 16]) -> T) -> Result<T> {
    maybe_id(row, name, make)?.ok_or_else(|| strange(format_args!("no `{name}` where one is needed")))
}

/// An id of 16 bytes that may be missing.
pub(crate) fn maybe_id<T>(
    row: &SqliteRow,
    name: &'static str,
    make: impl Fn([u8; 16]) -> T,
) -> Result<Option<T>> {
    bytes::<16>(row, name).map(|bytes| bytes.map(make))
}

/// A hash that may be missing.
pub(crate) fn maybe_hash(row: &SqliteRow, name: &'static str) -> Result<Option<ContentHash>> {
    bytes::<32>(row, name).map(|bytes| bytes.map(ContentHash::from_bytes))
}

/// Bytes of fixed length that may be missing.
pub(crate) fn bytes<const N: usize>(row: &SqliteRow, name: &'static str) -> Result<Option<[u8; N]>> {
    let wrong = |_| strange(format_args!("a `{name}` that is not {N} bytes long"));
    col::<Option<&[u8]>>(row, name)?.map(|bytes| bytes.try_into().map_err(wrong)).transpose()
}

/// A time.
pub(crate) fn time(row: &SqliteRow, name: &'static str) -> Result<Timestamp> {
    col(row, name).map(Timestamp)
}

/// A time that may be missing.
pub(crate) fn maybe_time(row: &SqliteRow, name: &'static str) -> Result<Option<Timestamp>> {
    col::<Option<i64>>(row, name).map(|ms| ms.map(Timestamp))
}

/// A count; a negative one reads as 0.
pub(crate) fn count(row: &SqliteRow, name: &'static str) -> Result<u64> {
    col::<i64>(row, name).map(|count| u64::try_from(count).unwrap_or(0))
}

/// A value stored as JSON that may be missing.
pub(crate) fn maybe_json<T: DeserializeOwned>(row: &SqliteRow, name: &'static str) -> Result<Option<T>> {
    col::<Option<&str>>(row, name)?
        .map(|text| serde_json::from_str(text).map_err(crate::error::strange_json(name)))
        .transpose()
}

/// A value stored as JSON.
pub(crate) fn json<T: DeserializeOwned>(row: &SqliteRow, name: &'static str) -> Result<T> {
    maybe_json(row, name)?.ok_or_else(|| strange(format_args!("no `{name}` where one is needed")))
}

/// A value as JSON text, to be stored.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(fanfare_model::ErrorKind::Internal, format!("a value has no JSON form: {error}"))
    })
}

/// A value as JSON text without its empty fields, for types that read a missing field as empty.
pub(crate) fn to_sparse_json<T: serde::Serialize>(value: &T) -> Result<String> {
    let mut value = serde_json::to_value(value).map_err(|error| {
        Error::new(fanfare_model::ErrorKind::Internal, format!("a value has no JSON form: {error}"))
    })?;
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    Ok(value.to_string())
}

/// A size or count as SQLite holds it. (Its integers have a sign; no file is that large.)
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
