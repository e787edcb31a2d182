// The USB cable: joins the virtual Pi's gadget port to the target PC's QEMU.
//
//   usb-cable ADDRESS PORT STATUS-FILE < commands
//
// The gadget appears on the host side of dummy_hcd as an ordinary USB device of this machine; it is
// opened by libusb and offered over the usbredir protocol to QEMU, which listens on ADDRESS:PORT.
// No connection to QEMU means that the target is without power: then the port is switched off, and
// the gadget sees "not attached", as it would on a real Pi.
//
// Commands, one per line: "unplug", "plug"; "hold", "release": a target that stops reading its devices.
// STATUS-FILE holds "absent", "waiting" (plugged, the
// target is on, no gadget) or "joined".
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libusb.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirhost.h>

enum { RETRY_MS = 20, MAX_POLL = 32 };

struct cable {
    struct sockaddr_in target;
    const char *status_file;
    libusb_context *usb;
    struct usbredirhost *redir; // lives as long as the connection to the target
    int link;                   // to QEMU, or -1
    int node;                   // the gadget's open usbfs node, or -1
    char node_path[64];
    int uevents;
    bool plugged;
    bool held; // nothing is taken from the gadget beyond the transfers already asked for
};

static struct cable cable = {.link = -1, .node = -1, .plugged = true};

static void note(const char *status) {
    static const char *last = "";
    if (last == status) return;
    last = status;
    fprintf(stderr, "usb-cable: %s\n", status);
    FILE *f = fopen(cable.status_file, "w");
    if (!f) return;
    fprintf(f, "%s\n", status);
    fclose(f);
}

static void log_redir(void *priv, int level, const char *message) {
    (void)priv;
    if (level <= usbredirparser_warning) fprintf(stderr, "usb-cable: %s\n", message);
}

static int read_link(void *priv, uint8_t *data, int count) {
    (void)priv;
    ssize_t n = read(cable.link, data, (size_t)count);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    return n == 0 ? -1 : (int)n;
}

static int write_link(void *priv, uint8_t *data, int count) {
    (void)priv;
    ssize_t n = send(cable.link, data, (size_t)count, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    return (int)n;
}

// --- the port ---

static void set_port_power(bool on) {
    glob_t found;
    if (glob("/sys/bus/usb/devices/usb*/*/usb*-port*/disable", 0, NULL, &found)) return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int fd = open(found.gl_pathv[i], O_WRONLY);
        if (fd < 0) continue;
        if (write(fd, on ? "0" : "1", 1) < 0) perror("usb-cable: port power");
        close(fd);
    }
    globfree(&found);
}

static int read_number(const char *device, const char *attribute, int base) {
    char path[512], text[16] = "";
    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s/%s", device, attribute);
    int fd = open(path, O_RDONLY);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? (int)strtol(text, NULL, base) : -1;
}

// The first USB device that is configured and no hub is the gadget.
static bool find_gadget(char *path, size_t size) {
    DIR *dir = opendir("/sys/bus/usb/devices");
    bool found = false;
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        if (e->d_name[0] < '0' || e->d_name[0] > '9' || strchr(e->d_name, ':')) continue;
        if (read_number(e->d_name, "bDeviceClass", 16) == LIBUSB_CLASS_HUB) continue;
        int bus = read_number(e->d_name, "busnum", 10), number = read_number(e->d_name, "devnum", 10);
        if (bus < 0 || number < 0 || read_number(e->d_name, "bConfigurationValue", 10) <= 0) continue;
        snprintf(path, size, "/dev/bus/usb/%03d/%03d", bus, number);
        found = true;
    }
    if (dir) closedir(dir);
    return found;
}

static void drop_gadget(void) {
    if (cable.node < 0) return;
    if (cable.redir) usbredirhost_set_device(cable.redir, NULL);
    close(cable.node);
    cable.node = -1;
}

static void take_gadget(void) {
    libusb_device_handle *handle = NULL;
    if (!cable.redir || cable.node >= 0 || !find_gadget(cable.node_path, sizeof cable.node_path)) return;
    cable.node = open(cable.node_path, O_RDWR | O_CLOEXEC);
    if (cable.node < 0) return;
    int failed = libusb_wrap_sys_device(cable.usb, cable.node, &handle);
    if (failed || usbredirhost_set_device(cable.redir, handle) != usb_redir_success) {
        fprintf(stderr, "usb-cable: cannot take %s: %s\n", cable.node_path, libusb_error_name(failed));
        close(cable.node);
        cable.node = -1;
        return;
    }
    note("joined");
}

// --- the link to the target ---

static void disconnect_target(void) {
    if (cable.link < 0) return;
    drop_gadget();
    usbredirhost_close(cable.redir);
    cable.redir = NULL;
    close(cable.link);
    cable.link = -1;
    set_port_power(false);
    note("absent");
}

// A machine that loses its power tells nobody that its end of the link is gone, and QEMU serves one link at a time. So the
// next life calls from the same port: TCP then finds the link half open and resets it. Each link is reset at its end, too, for
// a port that rests in TIME_WAIT could not be used at once.
static int open_link(void) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = cable.target.sin_port};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (bind(fd, (struct sockaddr *)&own, sizeof own)) perror("usb-cable: own port");
    return fd;
}

static void connect_target(void) {
    int one = 1, fd = open_link();
    if (connect(fd, (struct sockaddr *)&cable.target, sizeof cable.target)) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    cable.link = fd;
    cable.redir = usbredirhost_open(cable.usb, NULL, log_redir, read_link, write_link, NULL,
                                    "dkvm lab", usbredirparser_warning, 0);
    if (!cable.redir) {
        close(fd);
        cable.link = -1;
        return;
    }
    note("waiting");
    set_port_power(true);
    take_gadget();
}

static void serve_link(void) {
    int result = usbredirhost_read_guest_data(cable.redir);
    if (result == usbredirhost_read_device_lost || result == usbredirhost_read_device_rejected) {
        drop_gadget();
        note("waiting");
    } else if (result == usbredirhost_read_io_error) {
        disconnect_target();
    }
}

// --- events ---

static void read_uevents(void) {
    char message[8192];
    for (;;) {
        ssize_t n = recv(cable.uevents, message, sizeof message - 1, MSG_DONTWAIT);
        if (n <= 0) return;
        message[n] = 0;
        bool usb_device = false, gone = strncmp(message, "remove@", 7) == 0;
        char node[72] = "";
        for (char *p = message; p < message + n; p += strlen(p) + 1) {
            if (strcmp(p, "DEVTYPE=usb_device") == 0) usb_device = true;
            if (strncmp(p, "DEVNAME=", 8) == 0) snprintf(node, sizeof node, "/dev/%s", p + 8);
        }
        if (!usb_device) continue;
        if (gone && cable.node >= 0 && strcmp(node, cable.node_path) == 0) {
            drop_gadget();
            note("waiting");
        }
        // "bind" comes when the configuration is set, which is later than "add"
        if (strncmp(message, "bind@", 5) == 0) take_gadget();
    }
}

static void read_commands(void) {
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0) return;
    line[n] = 0;
    if (strncmp(line, "hold", 4) == 0) cable.held = true;
    if (strncmp(line, "release", 7) == 0) cable.held = false;
    if (strncmp(line, "plug", 4) == 0) cable.plugged = true;
    if (strncmp(line, "unplug", 6) == 0) {
        cable.plugged = false;
        disconnect_target();
    }
}

static int add_usb_events(struct pollfd *p, int n) {
    const struct libusb_pollfd **fds = libusb_get_pollfds(cable.usb);
    for (int i = 0; fds && fds[i] && n < MAX_POLL; i++)
        p[n++] = (struct pollfd){fds[i]->fd, fds[i]->events, 0};
    libusb_free_pollfds(fds);
    return n;
}

static void run_once(void) {
    struct pollfd p[MAX_POLL] = {{STDIN_FILENO, POLLIN, 0}, {cable.uevents, POLLIN, 0}};
    int n = 2;
    if (cable.link >= 0) {
        short want = POLLIN | (usbredirhost_has_data_to_write(cable.redir) ? POLLOUT : 0);
        p[n++] = (struct pollfd){cable.link, want, 0};
    }
    if (!cable.held) n = add_usb_events(p, n);

    poll(p, (nfds_t)n, cable.link < 0 && cable.plugged ? RETRY_MS : -1);
    struct timeval now = {0, 0};
    if (!cable.held) libusb_handle_events_timeout_completed(cable.usb, &now, NULL);
    if (p[0].revents) read_commands();
    if (p[1].revents) read_uevents();
    if (cable.link >= 0 && p[2].fd == cable.link && p[2].revents & ~POLLOUT) serve_link();
    if (cable.link >= 0 && usbredirhost_has_data_to_write(cable.redir) &&
        usbredirhost_write_guest_data(cable.redir) == usbredirhost_write_io_error)
        disconnect_target();
    if (cable.link < 0 && cable.plugged) connect_target();
}

static int open_uevents(void) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_groups = 1};
    int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    return fd >= 0 && bind(fd, (struct sockaddr *)&kernel, sizeof kernel) == 0 ? fd : -1;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: usb-cable ADDRESS PORT STATUS-FILE\n");
        return 2;
    }
    cable.target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_aton(argv[1], &cable.target.sin_addr);
    cable.status_file = argv[3];
    // Without udev libusb finds no device that comes later: find them here, hand it open nodes.
    libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    cable.uevents = open_uevents();
    if (cable.uevents < 0 || libusb_init(&cable.usb)) {
        perror("usb-cable: cannot start");
        return 1;
    }
    set_port_power(false);
    note("absent");
    for (;;) run_once();
}
