// The virtual HDMI hardware: vivid's HDMI output (the source's side, fed by this cable) looped to
// vivid's HDMI capture input (the Pi's side, read by the device under test).
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { VIVID_BUFFERS = 4 };

struct mode {
    int width, height;
};

// Opens both nodes and joins them. False: the driver is not loaded with the lab's options.
bool vivid_open(void);

// The Pi's side loses the signal: a source-change event, and QUERY_DV_TIMINGS says ENOLINK.
void vivid_lose_signal(void);

// Drives the smallest mode that holds a picture of this size, at 60 Hz or just below, and tells the
// Pi's side. Returns the mode.
struct mode vivid_drive(struct mode picture);

// The next buffer to draw into, and its number; waits for one.
uint8_t *vivid_next_buffer(int *number);

void vivid_show(int number);
