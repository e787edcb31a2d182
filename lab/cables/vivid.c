#include "vivid.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

// Values of vivid's menus.
enum { CONNECTED_TO_FIRST_OUTPUT = 2, SIGNAL_NONE = 1, SIGNAL_SELECTED_TIMINGS = 4, NO_TEXT = 2, MAX_NODES = 16, MAX_HZ = 61 };

static int source = -1, sink = -1; // output node, capture node
static uint32_t connected_id, signal_id, timings_id;
static uint8_t *buffers[VIVID_BUFFERS];
static size_t buffer_size;
static int free_buffers[VIVID_BUFFERS], free_count;
static bool streaming;

static int open_node(const char *wanted) {
    for (int i = 0; i < MAX_NODES; i++) {
        char path[64], name[64] = "";
        snprintf(path, sizeof path, "/sys/class/video4linux/video%d/name", i);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        if (!fgets(name, sizeof name, f)) name[0] = 0;
        fclose(f);
        name[strcspn(name, "\n")] = 0;
        if (strcmp(name, wanted) != 0) continue;
        snprintf(path, sizeof path, "/dev/video%d", i);
        return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    return -1;
}

static uint32_t find_control(const char *name) {
    struct v4l2_query_ext_ctrl q = {.id = V4L2_CTRL_FLAG_NEXT_CTRL};
    while (ioctl(sink, VIDIOC_QUERY_EXT_CTRL, &q) == 0) {
        if (strcmp(q.name, name) == 0) return q.id;
        q.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    }
    return 0;
}

static void set_control(uint32_t id, int value) {
    struct v4l2_control c = {.id = id, .value = value};
    if (ioctl(sink, VIDIOC_S_CTRL, &c)) perror("hdmi-cable: a vivid control");
}

bool vivid_open(void) {
    source = open_node("vivid-001-vid-out");
    sink = open_node("vivid-000-vid-cap");
    if (source < 0 || sink < 0) return false;
    connected_id = find_control("HDMI 000-0 Is Connected To");
    signal_id = find_control("DV Timings Signal Mode");
    timings_id = find_control("DV Timings");
    if (!connected_id || !signal_id || !timings_id) return false;
    set_control(find_control("OSD Text Mode"), NO_TEXT); // else vivid writes its own state into the picture
    set_control(connected_id, CONNECTED_TO_FIRST_OUTPUT);
    set_control(signal_id, SIGNAL_NONE);
    return true;
}

void vivid_lose_signal(void) { set_control(signal_id, SIGNAL_NONE); }

// --- modes ---

static int frame_rate(const struct v4l2_bt_timings *bt) {
    uint64_t frame = (uint64_t)V4L2_DV_BT_FRAME_WIDTH(bt) * V4L2_DV_BT_FRAME_HEIGHT(bt);
    return frame ? (int)(bt->pixelclock / frame) : 0;
}

static bool better(const struct v4l2_bt_timings *a, const struct v4l2_bt_timings *b, struct mode picture) {
    if (a->interlaced || (int)a->width < picture.width || (int)a->height < picture.height) return false;
    if (frame_rate(a) > MAX_HZ) return false;
    uint32_t area_a = a->width * a->height, area_b = b->width * b->height;
    if (!area_b || area_a != area_b) return !area_b || area_a < area_b;
    return frame_rate(a) > frame_rate(b);
}

static struct v4l2_dv_timings choose_timings(struct mode picture) {
    struct v4l2_dv_timings best = {0};
    for (uint32_t i = 0;; i++) {
        struct v4l2_enum_dv_timings e = {.index = i};
        if (ioctl(source, VIDIOC_ENUM_DV_TIMINGS, &e)) break;
        if (better(&e.timings.bt, &best.bt, picture)) best = e.timings;
    }
    return best;
}

// The sink's side takes its timings from a menu of names such as "1280x720p60".
static int menu_index(const struct v4l2_bt_timings *bt) {
    char wanted[32];
    snprintf(wanted, sizeof wanted, "%ux%up%d", bt->width, bt->height, frame_rate(bt));
    for (uint32_t i = 0;; i++) {
        struct v4l2_querymenu m = {.id = timings_id, .index = i};
        if (ioctl(sink, VIDIOC_QUERYMENU, &m)) return 0;
        if (strcmp((char *)m.name, wanted) == 0) return (int)i;
    }
}

// --- buffers ---

static void stop(void) {
    int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    struct v4l2_requestbuffers none = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    ioctl(source, VIDIOC_STREAMOFF, &type);
    for (int i = 0; i < VIVID_BUFFERS; i++)
        if (buffers[i]) munmap(buffers[i], buffer_size);
    memset(buffers, 0, sizeof buffers);
    ioctl(source, VIDIOC_REQBUFS, &none);
    streaming = false;
}

static void must(int result, const char *what) {
    if (result == 0) return;
    fprintf(stderr, "hdmi-cable: vivid refused %s: %s\n", what, strerror(errno));
    exit(1);
}

static void set_format(const struct v4l2_bt_timings *bt) {
    struct v4l2_format f = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT};
    f.fmt.pix = (struct v4l2_pix_format){.width = bt->width, .height = bt->height,
                                         .pixelformat = V4L2_PIX_FMT_YUYV, .field = V4L2_FIELD_NONE,
                                         .colorspace = V4L2_COLORSPACE_SMPTE170M};
    must(ioctl(source, VIDIOC_S_FMT, &f), "the pixel format");
    buffer_size = f.fmt.pix.sizeimage;
}

static void map_buffers(void) {
    struct v4l2_requestbuffers r = {.count = VIVID_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    must(ioctl(source, VIDIOC_REQBUFS, &r), "buffers");
    free_count = 0;
    for (int i = 0; i < VIVID_BUFFERS; i++) {
        struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP, .index = (uint32_t)i};
        must(ioctl(source, VIDIOC_QUERYBUF, &b), "a buffer");
        buffer_size = b.length;
        buffers[i] = mmap(NULL, b.length, PROT_READ | PROT_WRITE, MAP_SHARED, source, b.m.offset);
        must(buffers[i] == MAP_FAILED, "the mapping of a buffer");
        free_buffers[free_count++] = i;
    }
}

struct mode vivid_drive(struct mode picture) {
    struct v4l2_dv_timings timings = choose_timings(picture);
    vivid_lose_signal();
    stop();
    must(ioctl(source, VIDIOC_S_DV_TIMINGS, &timings), "the timings");
    set_format(&timings.bt);
    map_buffers();
    set_control(timings_id, menu_index(&timings.bt));
    set_control(signal_id, SIGNAL_SELECTED_TIMINGS);
    return (struct mode){(int)timings.bt.width, (int)timings.bt.height};
}

static bool reclaim(void) {
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP};
    if (ioctl(source, VIDIOC_DQBUF, &b)) return false;
    free_buffers[free_count++] = (int)b.index;
    return true;
}

uint8_t *vivid_next_buffer(int *number) {
    while (streaming && reclaim()) {}
    while (free_count == 0) {
        struct pollfd p = {source, POLLOUT, 0};
        poll(&p, 1, 1000);
        reclaim();
    }
    *number = free_buffers[--free_count];
    return buffers[*number];
}

void vivid_show(int number) {
    struct v4l2_buffer b = {.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP, .index = (uint32_t)number,
                            .bytesused = (uint32_t)buffer_size, .field = V4L2_FIELD_NONE};
    must(ioctl(source, VIDIOC_QBUF, &b), "a frame");
    if (streaming) return;
    int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
    must(ioctl(source, VIDIOC_STREAMON, &type), "the start of the stream");
    streaming = true;
}
