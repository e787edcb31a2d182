// The picture on the wire: a YUYV canvas, and per output buffer the region that is not yet drawn.
#pragma once
#include "vivid.h"
#include <stdint.h>

struct area {
    int x, y, width, height;
};

// A black canvas of the mode's size, with the source's picture of `content` size centred on it.
void picture_reset(struct mode mode, struct mode content);

// Converts one rectangle of XRGB pixels, given in the content's coordinates.
void picture_draw(struct area a, const uint32_t *pixels);

// Brings an output buffer up to date, copying only what changed since it was last used.
void picture_copy_to(int buffer, uint8_t *memory);
