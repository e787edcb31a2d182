// The HDMI cable: the target PC's screen, read from QEMU's VNC server, into the virtual Pi's
// capture hardware.
//
//   hdmi-cable ADDRESS PORT STATUS-FILE < commands
//
// Commands, one per line: "unplug", "plug". STATUS-FILE holds "no signal" or the mode on the wire,
// such as "1280x720". No connection to QEMU means that the target is without power: no signal.
#include "picture.h"
#include "vivid.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RETRY_MS = 20,
    MAX_SIDE = 4096,
    ENCODING_RAW = 0,
    ENCODING_RESIZE = -223,
};

static struct sockaddr_in target;
static const char *status_file;
static int link_fd = -1;
static bool plugged = true;
static struct mode content;
static uint32_t *pixels;

static void note(const char *status) {
    fprintf(stderr, "hdmi-cable: %s\n", status);
    FILE *f = fopen(status_file, "w");
    if (!f) return;
    fprintf(f, "%s\n", status);
    fclose(f);
}

static void read_commands(void) {
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0) return;
    line[n] = 0;
    plugged = strncmp(line, "plug", 4) == 0;
}

// --- the RFB protocol (RFC 6143), the client's side ---

static bool get(void *data, size_t length) {
    for (char *p = data; length > 0;) {
        ssize_t n = read(link_fd, p, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        p += n;
        length -= (size_t)n;
    }
    return true;
}

static bool skip(size_t length) {
    char waste[512];
    while (length > 0) {
        size_t n = length < sizeof waste ? length : sizeof waste;
        if (!get(waste, n)) return false;
        length -= n;
    }
    return true;
}

static bool put(const void *data, size_t length) {
    return send(link_fd, data, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static uint32_t be16(const uint8_t *p) { return (uint32_t)p[0] << 8 | p[1]; }
static uint32_t be32(const uint8_t *p) { return be16(p) << 16 | be16(p + 2); }

static bool request_update(bool incremental) {
    uint8_t m[10] = {3, incremental, 0, 0, 0, 0, (uint8_t)(content.width >> 8), (uint8_t)content.width,
                     (uint8_t)(content.height >> 8), (uint8_t)content.height};
    return put(m, sizeof m);
}

static void follow_mode(int width, int height) {
    char status[32];
    content = (struct mode){width, height};
    struct mode mode = vivid_drive(content);
    pixels = realloc(pixels, (size_t)width * (size_t)height * 4);
    picture_reset(mode, content);
    snprintf(status, sizeof status, "%dx%d", mode.width, mode.height);
    note(status);
}

static bool introduce(void) {
    static const uint8_t formats[] = {
        0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0, // SetPixelFormat: XRGB
        2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21,                      // SetEncodings: raw, resize
    };
    uint8_t b[24], none = 1, shared = 1;
    if (!get(b, 12) || !put("RFB 003.008\n", 12) || !get(b, 1) || !skip(b[0]) || !put(&none, 1) || !get(b, 4)) return false;
    if (!put(&shared, 1) || !get(b, 24) || !skip(be32(b + 20))) return false;
    follow_mode((int)be16(b), (int)be16(b + 2));
    return put(formats, sizeof formats) && request_update(false);
}

static bool read_rectangle(bool *resized, bool *drawn) {
    uint8_t h[12];
    if (!get(h, sizeof h)) return false;
    struct area a = {(int)be16(h), (int)be16(h + 2), (int)be16(h + 4), (int)be16(h + 6)};
    int encoding = (int)be32(h + 8);
    if (encoding == ENCODING_RESIZE) {
        if (a.width == 0 || a.height == 0 || a.width > MAX_SIDE || a.height > MAX_SIDE) return false;
        if (a.width != content.width || a.height != content.height) follow_mode(a.width, a.height);
        *resized = true;
        return true;
    }
    if (encoding != ENCODING_RAW || a.width > content.width || a.height > content.height) return false;
    if (!get(pixels, (size_t)a.width * (size_t)a.height * 4)) return false;
    picture_draw(a, pixels);
    *drawn = true;
    return true;
}

static void show(void) {
    int number;
    uint8_t *memory = vivid_next_buffer(&number);
    picture_copy_to(number, memory);
    vivid_show(number);
}

static bool read_update(void) {
    uint8_t h[3];
    bool resized = false, drawn = false;
    if (!get(h, sizeof h)) return false;
    for (uint32_t n = be16(h + 1); n > 0; n--)
        if (!read_rectangle(&resized, &drawn)) return false;
    if (!request_update(!resized)) return false;
    if (drawn) show();
    return true;
}

static bool read_message(void) {
    uint8_t type, h[8];
    if (!get(&type, 1)) return false;
    switch (type) {
    case 0: return read_update();
    case 1: return get(h, 5) && skip(be16(h + 3) * 6); // colour map
    case 2: return true;                               // bell
    case 3: return get(h, 7) && skip(be32(h + 3));     // clipboard
    default: return false;
    }
}

// --- the link ---

static bool connect_target(void) {
    int one = 1;
    link_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(link_fd, (struct sockaddr *)&target, sizeof target) == 0) {
        setsockopt(link_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (introduce()) return true;
    }
    close(link_fd);
    return false;
}

static void carry_picture(void) {
    for (;;) {
        struct pollfd p[2] = {{link_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        poll(p, 2, -1);
        if (p[1].revents) read_commands();
        if (!plugged || (p[0].revents && !read_message())) break;
    }
    close(link_fd);
    vivid_lose_signal();
    note("no signal");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: hdmi-cable ADDRESS PORT STATUS-FILE\n");
        return 2;
    }
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_aton(argv[1], &target.sin_addr);
    status_file = argv[3];
    if (!vivid_open()) {
        fprintf(stderr, "hdmi-cable: no pair of vivid devices: load vivid with the options of the lab's rootfs/usr/lib/lab/start\n");
        return 1;
    }
    note("no signal");
    for (;;) {
        struct pollfd commands = {STDIN_FILENO, POLLIN, 0};
        if (poll(&commands, 1, plugged ? RETRY_MS : -1) > 0) read_commands();
        if (plugged && connect_target()) carry_picture();
    }
}
