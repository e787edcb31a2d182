use super::*;
use proptest::prelude::*;

fn info(format: &str, width: usize, height: usize) -> FrameInfo {
    FrameInfo {
        width: width as u32,
        height: height as u32,
        format: format.into(),
        ..FrameInfo::default()
    }
}

/// Bytes of a picture by what each component shows at a place of its own plane.
fn bytes(
    format: &str,
    (width, height): (usize, usize),
    shows: impl Fn(usize, usize, usize) -> u8,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut line = |y: usize, order: &[(usize, usize)], groups: usize| {
        for group in 0..groups {
            bytes.extend(order.iter().map(|(part, x)| {
                let per_group = order.iter().filter(|(other, _)| other == part).count();
                shows(*part, group * per_group + x, y)
            }));
        }
    };
    for y in 0..height {
        match format {
            "YUYV" => line(y, &[(0, 0), (1, 0), (0, 1), (2, 0)], width.div_ceil(2)),
            "UYVY" => line(y, &[(1, 0), (0, 0), (2, 0), (0, 1)], width.div_ceil(2)),
            "NV12" => line(y, &[(0, 0)], width),
            _ => line(y, &[(0, 0), (1, 0), (2, 0)], width),
        }
    }
    if format == "NV12" {
        (0..height.div_ceil(2)).for_each(|y| line(y, &[(1, 0), (2, 0)], width.div_ceil(2)));
    }
    bytes
}

fn small(format: &str, size: (usize, usize), shows: impl Fn(usize, usize, usize) -> u8) -> Small {
    let info = info(format, size.0, size.1);
    let bytes = bytes(format, size, shows);
    Small::of(&info, &Picture::new(&info, &bytes).expect("whole"))
}

const FORMATS: [&str; 5] = ["YUYV", "UYVY", "NV12", "RGB3", "BGR3"];

#[test]
fn proportions_stay() {
    for (from, to) in [
        ((1920, 1080), (320, 180)),
        ((1280, 720), (320, 180)),
        ((1024, 768), (266, 200)),
        ((1280, 1024), (250, 200)),
        ((1080, 1920), (112, 200)),
        ((8192, 1), (320, 1)),
        ((1, 8192), (1, 200)),
        ((320, 200), (320, 200)),
        ((33, 17), (32, 17)),
        ((321, 200), (320, 199)),
    ] {
        assert_eq!(fit(from.0, from.1), to, "{from:?}");
    }
}

#[test]
fn each_component_is_averaged_by_itself() {
    for format in FORMATS {
        // Neighbours that differ by 2 in the first component, flat in the others: the mean is their middle.
        let made = small(format, (640, 360), |part, x, y| match part {
            0 => 100 + ((x + y) % 2) as u8 * 2,
            1 => 40,
            _ => 200,
        });
        let expected = bytes(format, (320, 180), |part, _, _| [101, 40, 200][part]);
        assert!(made.bytes == expected, "{format}");
        assert!(made.picture().is_ok(), "{format}");
    }
}

#[test]
fn what_is_where_stays_there() {
    for format in FORMATS {
        let ramp = |part: usize, x: usize, y: usize, by: usize| match part {
            0 => (x / by) as u8,
            _ => (y / by) as u8,
        };
        let made = small(format, (640, 400), |part, x, y| ramp(part, x, y, 4));
        let expected = bytes(format, (320, 200), |part, x, y| ramp(part, x, y, 2));
        assert!(made.bytes == expected, "{format}");
    }
}

#[test]
fn one_thin_line_is_still_seen() {
    let made = small(
        "RGB3",
        (1920, 1080),
        |_, x, _| if x == 961 { 255 } else { 0 },
    );
    assert!(made.bytes.iter().any(|byte| *byte > 30));
}

#[test]
fn what_is_small_enough_stays_as_it_is() {
    let shows = |part: usize, x: usize, y: usize| (part * 50 + x * 3 + y) as u8;
    for format in FORMATS {
        assert_eq!(
            small(format, (34, 17), shows).bytes,
            bytes(format, (34, 17), shows),
            "{format}"
        );
    }
}

#[test]
fn which_frame_it_was_makes_no_difference() {
    let bytes = [7; 16];
    let of = |sequence| {
        let info = FrameInfo {
            sequence,
            captured_ns: sequence,
            ..info("YUYV", 4, 2)
        };
        Small::of(&info, &Picture::new(&info, &bytes).expect("whole"))
    };
    assert_eq!(of(1), of(2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_flat_picture_stays_flat(width in 1_usize..700, height in 1_usize..500, at in 0_usize..5, value: u8) {
        let made = small(FORMATS[at], (width, height), |_, _, _| value);
        let picture = made.picture().expect("whole");
        prop_assert!(picture.width <= 320 && picture.height <= 200);
        // Of one that is a pixel wide half a pair is nobody's pixel.
        prop_assert!(width == 1 || made.bytes.iter().all(|byte| *byte == value));
    }
}
