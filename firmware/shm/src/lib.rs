//! dkvm-shm
