// Tells the runner, line by line, what the target PC notices:
//   up MICROSECONDS
//   device MICROSECONDS + NUMBER BUS NAME     an input device came (NUMBER counts up, never reused)
//   device MICROSECONDS - NUMBER              … and went
//   event MICROSECONDS NUMBER TYPE CODE VALUE
//   kernel MICROSECONDS TEXT
//   answer ID CODE TEXT                       newlines as \n, backslashes as \\ (double backslash)
// and obeys, line by line:
//   held ID         answers "NUMBER:CODE NUMBER:CODE …", the keys that the kernel holds pressed
//   run ID SCRIPT   runs it by sh
// Times are CLOCK_MONOTONIC of the target.
//   reporter PORT-DEVICE     in the target PC
//   reporter TCP-PORT        in a virtual Pi that is its own target: for one connection, and ends with it
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_DEVICES = 32, MAX_ANSWER = 32768 };

struct input {
    int fd; // 0: free
    int number;
    char node[32];
};

static struct input inputs[MAX_DEVICES];
static int port, watch, kernel_log, next_number;
static bool ends_with_port;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void tell(const char *line, size_t length) {
    while (length > 0) {
        ssize_t n = write(port, line, length);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return;
        if (n > 0) {
            line += n;
            length -= (size_t)n;
        }
    }
}

#define TELL(...)                                                        \
    do {                                                                 \
        char line_[1024];                                                \
        int n_ = snprintf(line_, sizeof line_, __VA_ARGS__);             \
        tell(line_, n_ < (int)sizeof line_ ? (size_t)n_ : sizeof line_); \
    } while (0)

// --- input devices ---

static void open_input(const char *node) {
    char path[64], name[128] = "?";
    struct input_id id = {0};
    struct input *free_slot = NULL;
    if (strncmp(node, "event", 5) != 0) return;
    for (int i = 0; i < MAX_DEVICES; i++) {
        if (inputs[i].fd > 0 && strcmp(inputs[i].node, node) == 0) return;
        if (inputs[i].fd == 0 && !free_slot) free_slot = &inputs[i];
    }
    snprintf(path, sizeof path, "/dev/input/%s", node);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), monotonic = CLOCK_MONOTONIC;
    if (fd < 0 || !free_slot) return;
    ioctl(fd, EVIOCSCLOCKID, &monotonic);
    ioctl(fd, EVIOCGNAME(sizeof name), name);
    ioctl(fd, EVIOCGID, &id);
    free_slot->fd = fd;
    free_slot->number = next_number++;
    snprintf(free_slot->node, sizeof free_slot->node, "%s", node);
    TELL("device %lld + %d %d %s\n", now(), free_slot->number, id.bustype, name);
}

static void close_input(struct input *in) {
    TELL("device %lld - %d\n", now(), in->number);
    close(in->fd);
    in->fd = 0;
}

static void read_input(struct input *in) {
    struct input_event events[64];
    char text[64 * 80];
    ssize_t n;
    while ((n = read(in->fd, events, sizeof events)) > 0) {
        int length = 0;
        for (int i = 0; i < n / (int)sizeof events[0]; i++) {
            struct input_event *e = &events[i];
            if (e->type == EV_SYN && e->code == SYN_REPORT) continue;
            long long at = e->input_event_sec * 1000000LL + e->input_event_usec;
            length += snprintf(text + length, sizeof text - (size_t)length, "event %lld %d %d %d %d\n", at, in->number, e->type, e->code, e->value);
        }
        tell(text, (size_t)length);
    }
    if (n < 0 && errno == ENODEV) close_input(in);
}

static void scan_inputs(void) {
    DIR *dir = opendir("/dev/input");
    for (struct dirent *e; dir && (e = readdir(dir));) open_input(e->d_name);
    if (dir) closedir(dir);
}

static void read_watch(void) {
    char buffer[4096];
    while (read(watch, buffer, sizeof buffer) > 0) {}
    scan_inputs();
}

// --- the kernel's log ---

static void read_kernel_log(void) {
    char record[4096];
    ssize_t n;
    while ((n = read(kernel_log, record, sizeof record - 1)) > 0 || (n < 0 && errno == EPIPE)) {
        if (n < 0) continue; // overwritten before it was read
        record[n] = 0;
        unsigned prefix, sequence;
        long long at;
        char *text = strchr(record, ';');
        if (!text || sscanf(record, "%u,%u,%lld", &prefix, &sequence, &at) != 3) continue;
        text[1 + strcspn(text + 1, "\n")] = 0;
        TELL("kernel %lld %.900s\n", at, text + 1);
    }
}

// --- commands ---

static void answer_held(const char *id) {
    char text[4096] = "";
    size_t length = 0;
    for (int i = 0; i < MAX_DEVICES; i++) {
        unsigned char keys[KEY_MAX / 8 + 1] = {0};
        if (inputs[i].fd <= 0 || ioctl(inputs[i].fd, EVIOCGKEY(sizeof keys), keys) < 0) continue;
        for (int k = 0; k <= KEY_MAX && length < sizeof text - 16; k++)
            if (keys[k / 8] >> (k % 8) & 1)
                length += (size_t)snprintf(text + length, sizeof text - length, "%s%d:%d", length ? " " : "", inputs[i].number, k);
    }
    TELL("answer %s 0 %.900s\n", id, text);
}

// In a child process, so that a slow command does not hold up the events; one write per answer.
static void answer_run(const char *id, const char *script) {
    if (fork() != 0) return;
    static char raw[MAX_ANSWER], text[2 * MAX_ANSWER + 64];
    signal(SIGCHLD, SIG_DFL);
    FILE *f = popen(script, "r");
    size_t n = f ? fread(raw, 1, sizeof raw, f) : 0;
    char waste[4096];
    while (f && fread(waste, 1, sizeof waste, f) > 0) {}
    int status = f ? pclose(f) : -1;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    size_t length = (size_t)snprintf(text, sizeof text, "answer %s %d ", id, code);
    for (size_t i = 0; i < n; i++) {
        if (raw[i] == '\n' || raw[i] == '\\') text[length++] = '\\';
        text[length++] = raw[i] == '\n' ? 'n' : raw[i];
    }
    text[length++] = '\n';
    tell(text, length);
    _exit(0);
}

static void obey(char *line) {
    char *verb = strtok(line, " "), *id = strtok(NULL, " "), *rest = strtok(NULL, "");
    if (!verb || !id) return;
    if (strcmp(verb, "held") == 0) answer_held(id);
    if (strcmp(verb, "run") == 0 && rest) answer_run(id, rest);
}

static void read_commands(void) {
    static char pending[65536];
    static size_t length;
    ssize_t n = read(port, pending + length, sizeof pending - 1 - length);
    if (n == 0 && ends_with_port) exit(0);
    if (n <= 0) {
        usleep(10000); // the runner is not connected: the port says so without blocking
        return;
    }
    length += (size_t)n;
    pending[length] = 0;
    char *start = pending;
    for (char *end; (end = strchr(start, '\n')); start = end + 1) {
        *end = 0;
        obey(start);
    }
    length = (size_t)(pending + length - start);
    memmove(pending, start, length);
}

static void run_once(void) {
    struct pollfd p[MAX_DEVICES + 3] = {{port, POLLIN, 0}, {watch, POLLIN, 0}, {kernel_log, POLLIN, 0}};
    struct input *who[MAX_DEVICES + 3];
    nfds_t n = 3;
    for (int i = 0; i < MAX_DEVICES; i++) {
        if (inputs[i].fd <= 0) continue;
        who[n] = &inputs[i];
        p[n++] = (struct pollfd){inputs[i].fd, POLLIN, 0};
    }
    if (poll(p, n, -1) < 0) return;
    for (nfds_t i = 3; i < n; i++)
        if (p[i].revents) read_input(who[i]);
    if (p[2].revents) read_kernel_log();
    if (p[1].revents) read_watch();
    if (p[0].revents) read_commands();
}

static int open_port(const char *name) {
    int number = atoi(name), one = 1, connection;
    if (number == 0) return open(name, O_RDWR | O_CLOEXEC);
    ends_with_port = true;
    // devices of the Pi that are real-time must not keep it from reading: what it is late for, Linux drops
    struct sched_param first = {.sched_priority = 90};
    sched_setscheduler(0, SCHED_FIFO, &first);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((unsigned short)number)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 1)) return -1;
    printf("reporter: listens\n");
    fflush(stdout);
    connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(listener);
    return connection;
}

int main(int argc, char **argv) {
    if (argc != 2 || (port = open_port(argv[1])) < 0) {
        perror("reporter: cannot open its port");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    // Linux makes the folder with the first device, and what is not there cannot be watched
    mkdir("/dev/input", 0755);
    // attributes: a node is readable only after udev or devtmpfs has finished it
    inotify_add_watch(watch, "/dev/input", IN_CREATE | IN_ATTRIB);
    kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    TELL("up %lld\n", now());
    scan_inputs();
    for (;;) run_once();
}
