// A picture for benchmarks, without a target PC and its cable: vivid's own test pattern, moving, so that no frame is
// like the one before, in a mode of a given rate.
//   pattern MODE          such as "1280x720p30"; the signal stays when this ends
//   pattern MODE COUNT    then captures so many frames and looks at none: what the source alone costs
// Prints the frames per second where it captures.
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

// Values of vivid's menus.
enum { SIGNAL_SELECTED_TIMINGS = 4, MOVE_RIGHT = 5, BUFFERS = 4, WAIT_MS = 2000 };

static int camera;

static void must(int result, const char *what) {
    if (result >= 0) return;
    perror(what);
    exit(1);
}

static void fail(const char *what, const char *which) {
    fprintf(stderr, "pattern: vivid has no %s '%s'\n", what, which);
    exit(1);
}

static uint32_t find_control(const char *name) {
    struct v4l2_query_ext_ctrl q = {.id = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND};
    while (ioctl(camera, VIDIOC_QUERY_EXT_CTRL, &q) == 0) {
        if (strcmp(q.name, name) == 0) return q.id;
        q.id |= V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
    }
    fail("control", name);
    return 0;
}

static void set_control(const char *name, int value) {
    struct v4l2_control c = {.id = find_control(name), .value = value};
    must(ioctl(camera, VIDIOC_S_CTRL, &c), name);
}

static int menu_index(const char *control, const char *entry) {
    uint32_t id = find_control(control);
    for (uint32_t i = 0; i < 1000; i++) {
        struct v4l2_querymenu m = {.id = id, .index = i};
        if (ioctl(camera, VIDIOC_QUERYMENU, &m) == 0 && strcmp((char *)m.name, entry) == 0) return (int)i;
    }
    fail("mode", entry);
    return 0;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void start(void) {
    struct v4l2_dv_timings timings = {0};
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    must(ioctl(camera, VIDIOC_QUERY_DV_TIMINGS, &timings), "pattern: no signal");
    must(ioctl(camera, VIDIOC_S_DV_TIMINGS, &timings), "pattern: timings");
    must(ioctl(camera, VIDIOC_G_FMT, &f), "pattern: format");
    f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
    f.fmt.pix.bytesperline = f.fmt.pix.sizeimage = 0;
    must(ioctl(camera, VIDIOC_S_FMT, &f), "pattern: format");
    struct v4l2_requestbuffers r = {.count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    must(ioctl(camera, VIDIOC_REQBUFS, &r), "pattern: buffers");
    for (unsigned i = 0; i < BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i};
        must(ioctl(camera, VIDIOC_QBUF, &b), "pattern: queue");
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    must(ioctl(camera, VIDIOC_STREAMON, &type), "pattern: start");
}

static void run(int count) {
    double started = 0;
    for (int i = 0; i < count; i++) {
        struct pollfd p = {camera, POLLIN, 0};
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (poll(&p, 1, WAIT_MS) <= 0) must(-1, "pattern: no frame");
        must(ioctl(camera, VIDIOC_DQBUF, &b), "pattern: frame");
        if (i == 0) started = now();
        must(ioctl(camera, VIDIOC_QBUF, &b), "pattern: queue");
    }
    printf("%.2f\n", (count - 1) / (now() - started));
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: pattern MODE [COUNT]\n");
        return 2;
    }
    camera = open("/dev/video0", O_RDWR | O_CLOEXEC);
    must(camera, "pattern: /dev/video0");
    set_control("Horizontal Movement", MOVE_RIGHT);
    set_control("DV Timings", menu_index("DV Timings", argv[1]));
    set_control("DV Timings Signal Mode", SIGNAL_SELECTED_TIMINGS);
    if (argc < 3) return 0;
    start();
    run(atoi(argv[2]));
    return 0;
}
