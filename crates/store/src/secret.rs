//! [`SecretHash`]: what is stored of a secret.

/// A secret's hash (BLAKE3 of a random token).
pub type SecretHash = [u8; 32];
