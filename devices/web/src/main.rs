//! The web device as a program of its own, for its tests and for whoever wants it alone; the image carries it in
//! `dkvm-device`.

fn main() {
    std::process::exit(dkvm_web::main());
}
