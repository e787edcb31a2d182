#!/usr/bin/env python3
"""The text that a desktop (X or Wayland) makes of a keyboard's events, by libxkbcommon: its keymap and its compose table.

    xkb-text.py MODEL LAYOUT [VARIANT] <EVENTS

An event is a line "CODE VALUE": Linux's key code, and 1 for pressed, 0 for released.
"""
import ctypes
import sys
from ctypes import c_char_p, c_int, c_size_t, c_uint32, c_void_p

EVDEV_OFFSET = 8
NOTHING, COMPOSED = 0, 2
ACCEPTED = 1


class RuleNames(ctypes.Structure):
    _fields_ = [(name, c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def library():
    xkb = ctypes.CDLL("libxkbcommon.so.0")
    for name, result, arguments in (
        ("xkb_context_new", c_void_p, [c_int]),
        ("xkb_keymap_new_from_names", c_void_p, [c_void_p, ctypes.POINTER(RuleNames), c_int]),
        ("xkb_state_new", c_void_p, [c_void_p]),
        ("xkb_state_update_key", c_int, [c_void_p, c_uint32, c_int]),
        ("xkb_state_key_get_one_sym", c_uint32, [c_void_p, c_uint32]),
        ("xkb_state_key_get_utf8", c_int, [c_void_p, c_uint32, c_char_p, c_size_t]),
        ("xkb_compose_table_new_from_locale", c_void_p, [c_void_p, c_char_p, c_int]),
        ("xkb_compose_state_new", c_void_p, [c_void_p, c_int]),
        ("xkb_compose_state_feed", c_int, [c_void_p, c_uint32]),
        ("xkb_compose_state_get_status", c_int, [c_void_p]),
        ("xkb_compose_state_get_utf8", c_int, [c_void_p, c_char_p, c_size_t]),
    ):
        function = getattr(xkb, name)
        function.restype, function.argtypes = result, arguments
    return xkb


class Desktop:
    def __init__(self, model, layout, variant=""):
        self.xkb = xkb = library()
        context = xkb.xkb_context_new(0)
        names = RuleNames(b"evdev", model.encode(), layout.encode(), variant.encode(), b"")
        self.state = xkb.xkb_state_new(xkb.xkb_keymap_new_from_names(context, ctypes.byref(names), 0))
        table = xkb.xkb_compose_table_new_from_locale(context, b"en_US.UTF-8", 0)
        self.compose = xkb.xkb_compose_state_new(table, 0)

    def event(self, code, value):
        """The text of one event, most often none."""
        key = code + EVDEV_OFFSET
        text = self.pressed(key) if value == 1 else ""
        self.xkb.xkb_state_update_key(self.state, key, value)
        return text

    def pressed(self, key):
        symbol = self.xkb.xkb_state_key_get_one_sym(self.state, key)
        if self.xkb.xkb_compose_state_feed(self.compose, symbol) != ACCEPTED:
            return ""  # a modifier
        status = self.xkb.xkb_compose_state_get_status(self.compose)
        text = ctypes.create_string_buffer(64)
        if status == NOTHING:
            self.xkb.xkb_state_key_get_utf8(self.state, key, text, 64)
        elif status == COMPOSED:
            self.xkb.xkb_compose_state_get_utf8(self.compose, text, 64)
        return text.value.decode()


def main():
    desktop = Desktop(*sys.argv[1:])
    for line in sys.stdin:
        code, value = map(int, line.split())
        if value < 2:  # not the kernel's own repeats
            sys.stdout.buffer.write(desktop.event(code, value).encode())


main()
