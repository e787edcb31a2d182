// A key's or a motion's way from one machine's evdev to another's.
//   lag press key|motion|right COUNT GAP-US GO    makes a keyboard or mouse, waits for the file GO, uses it; the times before each write
//                                           (right: goes left, then pushes the pointer over the right edge)
//   lag see key|motion COUNT NAME                 the times at which so many events of devices of that name were read
#include "lag.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>

static void emit(int device, int type, int code, int value) {
    struct input_event event[2] = {
        {.type = (unsigned short)type, .code = (unsigned short)code, .value = value},
        {.type = EV_SYN, .code = SYN_REPORT},
    };
    if (write(device, event, sizeof event) != sizeof event) perror("lag: cannot write an event");
}

static int make(bool keys) {
    int device = open("/dev/uinput", O_RDWR | O_CLOEXEC);
    struct uinput_setup setup = {.id = {.bustype = BUS_USB, .vendor = 0x046d, .product = 0xc077}, .name = "Lag"};
    ioctl(device, UI_SET_EVBIT, EV_KEY);
    for (int key = 1; keys && key < 248; key++) ioctl(device, UI_SET_KEYBIT, key);
    if (!keys) {
        ioctl(device, UI_SET_EVBIT, EV_REL);
        ioctl(device, UI_SET_RELBIT, REL_X);
        ioctl(device, UI_SET_RELBIT, REL_Y);
        for (int button = BTN_LEFT; button <= BTN_MIDDLE; button++) ioctl(device, UI_SET_KEYBIT, button);
    }
    if (ioctl(device, UI_DEV_SETUP, &setup) || ioctl(device, UI_DEV_CREATE)) {
        perror("lag: cannot make a device");
        exit(1);
    }
    return device;
}

static void press(const char *kind, int wanted, long us, const char *go) {
    bool keys = strcmp(kind, "key") == 0, right = strcmp(kind, "right") == 0;
    int device = make(keys);
    await_go(go);
    begin_clock();
    for (int i = 0; i < wanted; i++) {
        note(keys ? 2 * key_of(i) + (i % 2 ? UP : DOWN) : 0);
        if (keys) emit(device, EV_KEY, key_of(i), i % 2 ? UP : DOWN);
        else if (right) emit(device, EV_REL, REL_X, i < wanted / 4 ? -10 : 10);
        else emit(device, EV_REL, REL_Y, i / 8 % 2 ? -3 : 3);
        gap(us);
    }
    report();
}

static int find(const char *name, struct pollfd *devices, int most) {
    int found = 0;
    DIR *dir = opendir("/dev/input");
    for (struct dirent *e; dir && (e = readdir(dir)) && found < most;) {
        char path[300], has[128] = "";
        snprintf(path, sizeof path, "/dev/input/%s", e->d_name);
        int fd = strncmp(e->d_name, "event", 5) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        ioctl(fd, EVIOCGNAME(sizeof has), has);
        if (strstr(has, name)) devices[found++] = (struct pollfd){fd, POLLIN, 0};
        else close(fd);
    }
    return found;
}

static bool counts(bool keys, const struct input_event *e) {
    return keys ? e->type == EV_KEY && e->value != 2 : e->type == EV_REL || e->type == EV_ABS;
}

static void see(bool keys, int wanted, const char *name) {
    struct pollfd devices[16];
    int n = find(name, devices, 16);
    if (n == 0) {
        fprintf(stderr, "lag: there is no input device named %s\n", name);
        exit(1);
    }
    begin_clock();
    while (count < wanted && poll(devices, (nfds_t)n, patience()) > 0) {
        for (int i = 0; i < n; i++) {
            struct input_event e[32];
            ssize_t length = devices[i].revents ? read(devices[i].fd, e, sizeof e) : 0;
            bool any = false;
            for (ssize_t k = 0; k < length / (ssize_t)sizeof e[0]; k++) {
                if (keys && counts(keys, &e[k])) note(2 * e[k].code + e[k].value);
                if (e[k].type == EV_SYN && e[k].code == SYN_DROPPED) dropped++;
                any = any || counts(keys, &e[k]);
            }
            if (any && !keys) note(0);
        }
    }
    report();
}

int main(int argc, char **argv) {
    bool keys = argc > 2 && strcmp(argv[2], "key") == 0;
    if (argc == 6 && strcmp(argv[1], "press") == 0) press(argv[2], atoi(argv[3]), atol(argv[4]), argv[5]);
    else if (argc == 5 && strcmp(argv[1], "see") == 0) see(keys, atoi(argv[3]), argv[4]);
    else fprintf(stderr, "lag: see the head of lag.c\n");
    return argc < 5;
}
