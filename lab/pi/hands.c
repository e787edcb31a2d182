// The hands of the person at a virtual workstation: keyboards and mice that are made by uinput and plugged in, used and pulled
// out as the runner says, line by line, over one TCP connection at a time on the wires' network:
//   plug N KIND NAME     KIND: keyboard or mouse; N is the runner's number for it
//   pull N
//   key N CODE VALUE     and its SYN_REPORT
//   rel N X Y
//   wheel N NOTCHES
//   wait MILLISECONDS    of this machine's clock, so that a rhythm does not depend on the runner's
//   say WORD             answers the line WORD once all before is done
// A device goes when the connection does.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 1024, MOST = 16, LAST_KEY = KEY_MICMUTE };

static int devices[MOST];

static void wrong(const char *what, const char *line) {
    fprintf(stderr, "hands: cannot %s: %s: %s\n", what, line, strerror(errno));
}

static void emit(int device, int type, int code, int value) {
    struct input_event event = {.type = (unsigned short)type, .code = (unsigned short)code, .value = value};
    if (write(device, &event, sizeof event) != sizeof event) wrong("write an event", "");
}

static void enable_keyboard(int device) {
    ioctl(device, UI_SET_EVBIT, EV_REP);
    for (int key = 1; key <= LAST_KEY; key++) ioctl(device, UI_SET_KEYBIT, key);
    ioctl(device, UI_SET_EVBIT, EV_LED);
    for (int led = LED_NUML; led <= LED_SCROLLL; led++) ioctl(device, UI_SET_LEDBIT, led);
}

static void enable_mouse(int device) {
    static const int axes[] = {REL_X, REL_Y, REL_WHEEL, REL_HWHEEL};
    ioctl(device, UI_SET_EVBIT, EV_REL);
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) ioctl(device, UI_SET_RELBIT, axes[i]);
    for (int button = BTN_LEFT; button <= BTN_EXTRA; button++) ioctl(device, UI_SET_KEYBIT, button);
}

static void plug(int number, const char *kind, const char *name) {
    int device = open("/dev/uinput", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct uinput_setup setup = {.id = {.bustype = BUS_USB, .vendor = 0x046d, .product = 0xc31c}};
    snprintf(setup.name, sizeof setup.name, "%s", name);
    ioctl(device, UI_SET_EVBIT, EV_KEY);
    if (strcmp(kind, "keyboard") == 0) enable_keyboard(device);
    else enable_mouse(device);
    if (ioctl(device, UI_DEV_SETUP, &setup) || ioctl(device, UI_DEV_CREATE)) wrong("make a device", name);
    devices[number] = device;
}

static void pull(int number) {
    if (devices[number] > 0) close(devices[number]);
    devices[number] = 0;
}

static void pause_for(int milliseconds) {
    struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

static void move(int device, int x_axis, int x, int y_axis, int y) {
    if (x) emit(device, EV_REL, x_axis, x);
    if (y) emit(device, EV_REL, y_axis, y);
    emit(device, EV_SYN, SYN_REPORT, 0);
}

static void obey(const char *line, int answers) {
    int n = 0, a, b;
    char kind[32], name[80];
    if (sscanf(line, "wait %d", &a) == 1) pause_for(a);
    else if (sscanf(line, "say %31s", kind) == 1) dprintf(answers, "%s\n", kind);
    else if (sscanf(line, "%31s %d", kind, &n) != 2 || n < 0 || n >= MOST) wrong("understand", line);
    else if (sscanf(line, "plug %*d %31s %79[^\n]", kind, name) == 2) plug(n, kind, name);
    else if (strcmp(kind, "pull") == 0) pull(n);
    else if (sscanf(line, "key %*d %d %d", &a, &b) == 2) {
        emit(devices[n], EV_KEY, a, b);
        emit(devices[n], EV_SYN, SYN_REPORT, 0);
    } else if (sscanf(line, "rel %*d %d %d", &a, &b) == 2) move(devices[n], REL_X, a, REL_Y, b);
    else if (sscanf(line, "wheel %*d %d", &a) == 1) move(devices[n], REL_WHEEL, a, REL_HWHEEL, 0);
    else wrong("understand", line);
}

static void serve(int connection) {
    char line[256];
    FILE *lines = fdopen(connection, "r");
    while (fgets(line, sizeof line, lines)) obey(line, connection);
    for (int i = 0; i < MOST; i++) pull(i);
    fclose(lines);
}

int main(void) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 4)) {
        perror("hands: cannot listen");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) continue;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        serve(connection);
    }
}
