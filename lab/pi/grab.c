// Captures frames in the virtual Pi without any of our software: the lab's own check of its picture.
//   grab COUNT [FILE]     the last of COUNT frames, raw YUYV, goes to FILE
// Prints "WIDTH HEIGHT FRAMES-PER-SECOND CHANGES", where CHANGES counts frames unlike the one before.
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BUFFERS = 4, WAIT_MS = 2000 };

static int camera;
static void *memory[BUFFERS];

static void must(int result, const char *what) {
    if (result >= 0) return;
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct v4l2_pix_format follow_signal(void) {
    struct v4l2_dv_timings timings = {0};
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    must(ioctl(camera, VIDIOC_QUERY_DV_TIMINGS, &timings), "grab: no signal");
    must(ioctl(camera, VIDIOC_S_DV_TIMINGS, &timings), "grab: timings");
    must(ioctl(camera, VIDIOC_G_FMT, &f), "grab: format");
    f.fmt.pix.width = timings.bt.width;
    f.fmt.pix.height = timings.bt.height;
    f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
    f.fmt.pix.bytesperline = f.fmt.pix.sizeimage = 0;
    must(ioctl(camera, VIDIOC_S_FMT, &f), "grab: format");
    return f.fmt.pix;
}

static void start(void) {
    struct v4l2_requestbuffers r = {.count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    must(ioctl(camera, VIDIOC_REQBUFS, &r), "grab: buffers");
    for (unsigned i = 0; i < BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP, .index = i};
        must(ioctl(camera, VIDIOC_QUERYBUF, &b), "grab: buffer");
        memory[i] = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, camera, b.m.offset);
        must(ioctl(camera, VIDIOC_QBUF, &b), "grab: queue");
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    must(ioctl(camera, VIDIOC_STREAMON, &type), "grab: start");
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 1, changes = 0;
    camera = open("/dev/video0", O_RDWR | O_CLOEXEC);
    must(camera, "grab: /dev/video0");
    struct v4l2_pix_format format = follow_signal();
    char *last = calloc(1, format.sizeimage);
    start();
    double started = 0;
    for (int i = 0; i < count; i++) {
        struct pollfd p = {camera, POLLIN, 0};
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (poll(&p, 1, WAIT_MS) <= 0) must(-1, "grab: no frame");
        must(ioctl(camera, VIDIOC_DQBUF, &b), "grab: frame");
        if (i == 0) started = now();
        if (memcmp(last, memory[b.index], format.sizeimage) != 0) changes++;
        memcpy(last, memory[b.index], format.sizeimage);
        must(ioctl(camera, VIDIOC_QBUF, &b), "grab: queue");
    }
    printf("%u %u %.1f %d\n", format.width, format.height, count > 1 ? (count - 1) / (now() - started) : 0, changes);
    int out = argc > 2 ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    for (size_t done = 0; out >= 0 && done < format.sizeimage;) {
        ssize_t n = write(out, last + done, format.sizeimage - done);
        must((int)n, "grab: writing");
        done += (size_t)n;
    }
    return 0;
}
