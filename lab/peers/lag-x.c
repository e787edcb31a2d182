// The same way from one X server to another, for peers that know no other: XTest in, a client that is told of raw events out.
//   lag-x press key|motion COUNT GAP-US GO
//   lag-x see key|motion COUNT
//   lag-x edge                             pushes the pointer out of the right edge
#include "lag.h"
#include <X11/Xlib.h>
#include <X11/extensions/XInput2.h>
#include <X11/extensions/XTest.h>
#include <poll.h>
#include <stdbool.h>

// X numbers keys from 8 on.
enum { EVDEV = 8 };

static Display *open_display(void) {
    Display *display = XOpenDisplay(NULL);
    if (!display) {
        fprintf(stderr, "lag-x: cannot reach the X server\n");
        exit(1);
    }
    return display;
}

static void press(Display *display, bool keys, int wanted, long us, const char *go) {
    await_go(go);
    begin_clock();
    for (int i = 0; i < wanted; i++) {
        note(keys ? 2 * key_of(i) + (i % 2 ? UP : DOWN) : 0);
        if (keys) XTestFakeKeyEvent(display, (KeyCode)(key_of(i) + EVDEV), i % 2 ? UP : DOWN, 0);
        else XTestFakeRelativeMotionEvent(display, 0, i / 8 % 2 ? -3 : 3, 0);
        XFlush(display);
        gap(us);
    }
    report();
}

static void take(Display *display, XGenericEventCookie *cookie) {
    int name = 0;
    if (XGetEventData(display, cookie)) {
        XIRawEvent *raw = cookie->data;
        if (cookie->evtype != XI_RawMotion) name = 2 * (raw->detail - EVDEV) + (cookie->evtype == XI_RawKeyPress ? DOWN : UP);
        XFreeEventData(display, cookie);
    }
    note(name);
}

static void see(Display *display, bool keys, int wanted) {
    int opcode, event, error;
    unsigned char bits[XIMaskLen(XI_LASTEVENT)] = {0};
    XIEventMask mask = {XIAllMasterDevices, sizeof bits, bits};
    if (!XQueryExtension(display, "XInputExtension", &opcode, &event, &error)) exit(1);
    if (keys) {
        XISetMask(bits, XI_RawKeyPress);
        XISetMask(bits, XI_RawKeyRelease);
    } else XISetMask(bits, XI_RawMotion);
    XISelectEvents(display, DefaultRootWindow(display), &mask, 1);
    XSync(display, False);
    begin_clock();
    struct pollfd connection = {ConnectionNumber(display), POLLIN, 0};
    while (count < wanted && (XPending(display) || poll(&connection, 1, patience()) > 0)) {
        while (XPending(display)) {
            XEvent next;
            XNextEvent(display, &next);
            if (next.xcookie.type == GenericEvent && next.xcookie.extension == opcode) take(display, &next.xcookie);
        }
    }
    report();
}

static void edge(Display *display) {
    XTestFakeMotionEvent(display, -1, 100, 100, 0);
    XSync(display, False);
    pause_us(200000);
    for (int i = 0; i < 60; i++) {
        XTestFakeRelativeMotionEvent(display, 40, 0, 0);
        XSync(display, False);
        pause_us(10000);
    }
}

int main(int argc, char **argv) {
    Display *display = open_display();
    bool keys = argc > 2 && strcmp(argv[2], "key") == 0;
    if (argc == 6) press(display, keys, atoi(argv[3]), atol(argv[4]), argv[5]);
    else if (argc == 4) see(display, keys, atoi(argv[3]));
    else edge(display);
    return 0;
}
