#include "picture.h"
#include <stdlib.h>
#include <string.h>

static struct mode mode;
static int offset_x, offset_y;
static uint8_t *canvas; // YUYV: two bytes per pixel, chroma shared by pairs
static struct area stale[VIVID_BUFFERS];

static void mark_stale(struct area a) {
    for (int i = 0; i < VIVID_BUFFERS; i++) {
        struct area *s = &stale[i];
        if (s->width == 0) {
            *s = a;
            continue;
        }
        int right = s->x + s->width > a.x + a.width ? s->x + s->width : a.x + a.width;
        int bottom = s->y + s->height > a.y + a.height ? s->y + s->height : a.y + a.height;
        s->x = s->x < a.x ? s->x : a.x;
        s->y = s->y < a.y ? s->y : a.y;
        s->width = right - s->x;
        s->height = bottom - s->y;
    }
}

void picture_reset(struct mode m, struct mode content) {
    mode = m;
    offset_x = (m.width - content.width) / 2 & ~1;
    offset_y = (m.height - content.height) / 2;
    size_t size = (size_t)m.width * (size_t)m.height * 2;
    canvas = realloc(canvas, size);
    for (size_t i = 0; i < size; i += 2) {
        canvas[i] = 16;
        canvas[i + 1] = 128;
    }
    memset(stale, 0, sizeof stale);
    mark_stale((struct area){0, 0, m.width, m.height});
}

// ITU-R BT.601, limited range, as an HDMI source sends it.
static void convert_row(uint8_t *restrict out, const uint32_t *restrict in, int pairs) {
    for (int i = 0; i < pairs; i++) {
        uint32_t a = in[2 * i], b = in[2 * i + 1];
        int r1 = a >> 16 & 255, g1 = a >> 8 & 255, b1 = a & 255;
        int r2 = b >> 16 & 255, g2 = b >> 8 & 255, b2 = b & 255;
        int r = (r1 + r2) >> 1, g = (g1 + g2) >> 1, bl = (b1 + b2) >> 1;
        out[4 * i] = (uint8_t)(16 + ((66 * r1 + 129 * g1 + 25 * b1 + 128) >> 8));
        out[4 * i + 1] = (uint8_t)(128 + ((-38 * r - 74 * g + 112 * bl + 128) >> 8));
        out[4 * i + 2] = (uint8_t)(16 + ((66 * r2 + 129 * g2 + 25 * b2 + 128) >> 8));
        out[4 * i + 3] = (uint8_t)(128 + ((112 * r - 94 * g - 18 * bl + 128) >> 8));
    }
}

// QEMU's rectangles begin and end on multiples of 16 pixels or at the edge, so pairs are whole.
void picture_draw(struct area a, const uint32_t *pixels) {
    struct area on = {a.x + offset_x, a.y + offset_y, a.width, a.height};
    if (on.x + on.width > mode.width || on.y + on.height > mode.height) return;
    for (int y = 0; y < a.height; y++) {
        uint8_t *row = canvas + ((size_t)(on.y + y) * (size_t)mode.width + (size_t)on.x) * 2;
        convert_row(row, pixels + (size_t)y * (size_t)a.width, a.width / 2);
    }
    mark_stale(on);
}

void picture_copy_to(int buffer, uint8_t *memory) {
    struct area s = stale[buffer];
    for (int y = s.y; y < s.y + s.height; y++) {
        size_t at = ((size_t)y * (size_t)mode.width + (size_t)s.x) * 2;
        memcpy(memory + at, canvas + at, (size_t)s.width * 2);
    }
    stale[buffer] = (struct area){0, 0, 0, 0};
}
