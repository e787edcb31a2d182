// The runner's hand inside the virtual Pi. One request per TCP connection, on the wires' network:
//   exec LENGTH\n<script>             run by sh; closing the connection kills its process group
//   kill SIGNAL PID\n
//   read PATH\n
//   ps\n                            every user process: its /proc stat, a tab, its command line
//   write MODE(octal) LENGTH PATH\n<bytes>
// Answer: records of a kind byte, a big-endian u32 length and that many bytes:
//   'o' standard output or file content, 'e' standard error, 'x' the end: exit code or errno as text.
// In C, not shell: fork and exec cost a millisecond in User-mode Linux, and a scenario kills and
// reads hundreds of times.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

enum { PORT = 1023, CHUNK = 65536 };

static int connection;

static void write_all(int fd, const void *data, size_t length) {
    const char *p = data;
    while (length > 0) {
        ssize_t n = write(fd, p, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(1);
        p += n;
        length -= (size_t)n;
    }
}

static void send_record(char kind, const void *data, uint32_t length) {
    uint8_t head[5] = {(uint8_t)kind};
    uint32_t be = htonl(length);
    memcpy(head + 1, &be, 4);
    write_all(connection, head, sizeof head);
    write_all(connection, data, length);
}

static void send_end(int code) {
    char text[16];
    int n = snprintf(text, sizeof text, "%d", code);
    send_record('x', text, (uint32_t)n);
}

static void read_all(void *data, size_t length) {
    char *p = data;
    while (length > 0) {
        ssize_t n = read(connection, p, length);
        if (n <= 0) _exit(1);
        p += n;
        length -= (size_t)n;
    }
}

static void read_line(char *line, size_t size) {
    for (size_t i = 0; i + 1 < size; i++) {
        read_all(line + i, 1);
        if (line[i] == '\n') {
            line[i] = 0;
            return;
        }
    }
    _exit(1);
}

// Returns 0 at the end of the stream.
static int forward(int from, char kind) {
    static char buffer[CHUNK];
    ssize_t n = read(from, buffer, sizeof buffer);
    if (n > 0) send_record(kind, buffer, (uint32_t)n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static pid_t start_shell(const char *script, int *out, int *err) {
    int o[2], e[2];
    if (pipe2(o, O_CLOEXEC) || pipe2(e, O_CLOEXEC)) _exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGCHLD, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(o[1], 1);
        dup2(e[1], 2);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(o[1]);
    close(e[1]);
    *out = o[0];
    *err = e[0];
    return pid;
}

static void run_script(size_t length) {
    char *script = calloc(1, length + 1);
    read_all(script, length);
    int fds[2];
    pid_t pid = start_shell(script, &fds[0], &fds[1]);
    int open_streams = 2;
    while (open_streams > 0) {
        struct pollfd p[3] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}, {connection, POLLIN | POLLRDHUP, 0}};
        if (poll(p, 3, -1) < 0) continue;
        if (p[2].revents) {
            kill(-pid, SIGKILL);
            _exit(0);
        }
        for (int i = 0; i < 2; i++)
            if (p[i].revents && !forward(fds[i], i ? 'e' : 'o')) {
                fds[i] = -1;
                open_streams--;
            }
    }
    int status = 0;
    waitpid(pid, &status, 0);
    send_end(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void read_file(const char *path) {
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        send_end(errno);
        return;
    }
    while (forward(fd, 'o')) {}
    send_end(0);
}

static void write_file(const char *path, mode_t mode, size_t length) {
    static char buffer[CHUNK];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode), failed = fd < 0 ? errno : 0;
    while (length > 0) {
        size_t n = length < sizeof buffer ? length : sizeof buffer;
        read_all(buffer, n);
        length -= n;
        if (!failed && write(fd, buffer, n) != (ssize_t)n) failed = errno ? errno : EIO;
    }
    if (!failed) fchmod(fd, mode);
    send_end(failed);
}

static size_t slurp(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static void list_processes(void) {
    DIR *dir = opendir("/proc");
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[300], stat[1024], command[2048], line[4096];
        if (e->d_name[0] < '0' || e->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        size_t length = slurp(path, command, sizeof command);
        if (length == 0) continue; // a kernel thread, or gone
        for (size_t i = 0; i + 1 < length; i++)
            if (command[i] == 0 || command[i] == '\n') command[i] = ' ';
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        if (slurp(path, stat, sizeof stat) == 0) continue;
        stat[strcspn(stat, "\n")] = 0;
        int n = snprintf(line, sizeof line, "%s\t%s\n", stat, command);
        send_record('o', line, (uint32_t)n);
    }
    send_end(0);
}

static void serve(void) {
    char line[4096];
    unsigned long a, b;
    int path = 0;
    read_line(line, sizeof line);
    if (sscanf(line, "exec %lu", &a) == 1) run_script(a);
    else if (sscanf(line, "kill %lu %lu", &a, &b) == 2) send_end(kill((pid_t)b, (int)a) ? errno : 0);
    else if (strcmp(line, "ps") == 0) list_processes();
    else if (strncmp(line, "read ", 5) == 0) read_file(line + 5);
    else if (sscanf(line, "write %lo %lu %n", &a, &b, &path) == 2 && path) write_file(line + path, (mode_t)a, b);
    else send_end(EINVAL);
}

int main(void) {
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 64)) {
        perror("agent: cannot listen");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    printf("lab: agent is listening\n"); // the runner waits for this line
    fflush(stdout);
    for (;;) {
        signal(SIGCHLD, SIG_IGN); // children reap themselves
        connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0) continue;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (fork() == 0) {
            signal(SIGCHLD, SIG_DFL);
            close(listener);
            serve();
            _exit(0);
        }
        close(connection);
    }
}
