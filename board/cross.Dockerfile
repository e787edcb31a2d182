# What CROSS=cross builds in. cross brings the Rust toolchain; this brings the linker and the arm64 libraries.
FROM debian:bookworm-slim
RUN dpkg --add-architecture arm64 \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        gcc g++ libc6-dev gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross pkg-config libclang-14-dev \
        libturbojpeg0-dev:arm64 libasound2-dev:arm64 \
    && rm -rf /var/lib/apt/lists/*
ENV CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
    AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar \
    CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ \
    CXXSTDLIB_aarch64_unknown_linux_gnu=static=stdc++ \
    PKG_CONFIG_ALLOW_CROSS=1 \
    PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig \
    BINDGEN_EXTRA_CLANG_ARGS_aarch64_unknown_linux_gnu="-nostdinc -isystem /usr/lib/llvm-14/lib/clang/14.0.6/include -isystem /usr/aarch64-linux-gnu/include"
