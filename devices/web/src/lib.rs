//! dkvm-web
