// Runs a program on a pseudo terminal whose output nobody reads.
//   with-pty PROGRAM ARGUMENTS…
// QEMU's VNC server looks for changes ever more rarely while the screen is still, down to once in
// three seconds. A second display, curses, keeps it at 30 ms; and curses wants a terminal.
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct winsize size = {.ws_row = 25, .ws_col = 80};
    int terminal, errors = dup(STDERR_FILENO), status = 0;
    if (argc < 2) return 2;
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0) {
        perror("with-pty");
        return 1;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(errors, STDERR_FILENO);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    for (char waste[4096]; read(terminal, waste, sizeof waste) > 0;) {}
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
