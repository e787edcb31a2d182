// Times of events at two machines on one clock: the processor's time stamp counter, which every virtual machine on this one reads.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 100000 };

static uint64_t times[MOST];
// What each was, so that one that is lost shifts no other.
static int names[MOST];
static int count;
// How often Linux dropped events, as they were read too late.
static int dropped;

// Keys in turn: the letters of one row.
enum { FIRST_KEY = 16, KEYS = 10, UP = 0, DOWN = 1 };

static inline int key_of(int i) {
    return FIRST_KEY + i / 2 % KEYS;
}

static inline uint64_t stamp(void) {
    return __builtin_ia32_rdtsc();
}

static inline void note(int name) {
    if (count == MOST) return;
    names[count] = name;
    times[count++] = stamp();
}

static inline void pause_us(long us) {
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static inline double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Silence that is the end, ms: the first may be long in coming.
static inline int patience(void) {
    return count == 0 ? 30000 : 5000;
}

static double begun_at;
static uint64_t begun;

// The counter's rate is found from how far both clocks went while the program ran.
static inline void begin_clock(void) {
    begun_at = seconds();
    begun = stamp();
}

static inline void report(void) {
    while (seconds() - begun_at < 0.5) pause_us(10000);
    double rate = (double)(stamp() - begun) / (seconds() - begun_at) / 1e6;
    printf("{\"perMicrosecond\": %.4f, \"at\": [", rate);
    for (int i = 0; i < count; i++) printf("%s%llu", i ? ", " : "", (unsigned long long)times[i]);
    printf("], \"names\": [");
    for (int i = 0; i < count; i++) printf("%s%d", i ? ", " : "", names[i]);
    printf("], \"dropped\": %d}\n", dropped);
}

// Between events: never the same, so that nothing falls into step with a timer.
static inline void gap(long us) {
    pause_us(us + random() % (us / 2 + 1));
}

// Until the runner says so.
static inline void await_go(const char *file) {
    while (access(file, F_OK)) pause_us(5000);
}
