#!/usr/bin/env python3
"""Makes the layouts' tables from xkb-data, by asking libxkbcommon what each key of each layout types.

  layouts/make.py          writes layouts/*.txt
  layouts/make.py check    makes them anew and compares

Nothing in the tables is written by hand. A key is pressed in a simulated keyboard with none, Shift, AltGr or both held;
a dead key is followed by every character that has a key of its own, and libxkbcommon's compose table says what comes of it.
The format is told in the tables' own heads, and read by src/layout.rs.
"""
import ctypes
import os
import subprocess
import sys
import unicodedata
from ctypes import c_char_p, c_int, c_size_t, c_uint32, c_void_p
from pathlib import Path

HERE = Path(__file__).resolve().parent

# id, what a person calls it, xkb layout, xkb variant, the shape of the keyboard. ANSI has no key beside the left Shift.
LAYOUTS = [
    ("us", "English (US)", "us", "", "ansi"),
    ("us-intl", "English (US, international, dead keys)", "us", "intl", "ansi"),
    ("us-dvorak", "English (US, Dvorak)", "us", "dvorak", "ansi"),
    ("us-colemak", "English (US, Colemak)", "us", "colemak", "ansi"),
    ("gb", "English (UK)", "gb", "", "iso"),
    ("de", "German", "de", "", "iso"),
    ("de-nodeadkeys", "German (no dead keys)", "de", "nodeadkeys", "iso"),
    ("at", "German (Austria)", "at", "", "iso"),
    ("ch-de", "German (Switzerland)", "ch", "", "iso"),
    ("ch-fr", "French (Switzerland)", "ch", "fr", "iso"),
    ("fr", "French", "fr", "", "iso"),
    ("fr-bepo", "French (BEPO)", "fr", "bepo", "iso"),
    ("be", "Belgian", "be", "", "iso"),
    ("ca", "French (Canada)", "ca", "", "iso"),
    ("ca-multix", "Canadian (CSA)", "ca", "multix", "iso"),
    ("es", "Spanish", "es", "", "iso"),
    ("latam", "Spanish (Latin American)", "latam", "", "iso"),
    ("pt", "Portuguese", "pt", "", "iso"),
    ("br", "Portuguese (Brazil, ABNT2)", "br", "", "iso"),
    ("it", "Italian", "it", "", "iso"),
    ("nl", "Dutch", "nl", "", "iso"),
    ("dk", "Danish", "dk", "", "iso"),
    ("no", "Norwegian", "no", "", "iso"),
    ("se", "Swedish", "se", "", "iso"),
    ("fi", "Finnish", "fi", "", "iso"),
    ("is", "Icelandic", "is", "", "iso"),
    ("ee", "Estonian", "ee", "", "iso"),
    ("lv", "Latvian", "lv", "", "iso"),
    ("lt", "Lithuanian", "lt", "", "iso"),
    ("pl", "Polish", "pl", "", "iso"),
    ("cz", "Czech", "cz", "", "iso"),
    ("sk", "Slovak", "sk", "", "iso"),
    ("hu", "Hungarian", "hu", "", "iso"),
    ("ro", "Romanian", "ro", "", "iso"),
    ("hr", "Croatian", "hr", "", "iso"),
    ("si", "Slovenian", "si", "", "iso"),
    ("tr", "Turkish", "tr", "", "iso"),
    ("ru", "Russian", "ru", "", "iso"),
    ("ua", "Ukrainian", "ua", "", "iso"),
    ("bg", "Bulgarian", "bg", "", "iso"),
    ("gr", "Greek", "gr", "", "iso"),
    ("jp", "Japanese (106 keys)", "jp", "", "jis"),
]
MODEL = {"ansi": "pc105", "iso": "pc105", "jis": "jp106"}
# The keymaps of targets: evdev, which is what Linux has had since 2009.
RULES = "evdev"
# The one that all European locales share. A user's own locale may say otherwise for a few pairs.
COMPOSE_LOCALE = "en_US.UTF-8"

# The keys that type something: Linux key code -> HID usage of page 7, as hid-input.c in Linux maps them (HUT 1.5, section 10).
# Function keys and the keypad, whose meaning Num Lock changes, are left out.
USAGE = {
    **{2 + i: 0x1E + i for i in range(10)}, 12: 0x2D, 13: 0x2E, 15: 0x2B,
    16: 0x14, 17: 0x1A, 18: 0x08, 19: 0x15, 20: 0x17, 21: 0x1C, 22: 0x18, 23: 0x0C, 24: 0x12, 25: 0x13, 26: 0x2F, 27: 0x30, 28: 0x28,
    30: 0x04, 31: 0x16, 32: 0x07, 33: 0x09, 34: 0x0A, 35: 0x0B, 36: 0x0D, 37: 0x0E, 38: 0x0F, 39: 0x33, 40: 0x34, 41: 0x35,
    44: 0x1D, 45: 0x1B, 46: 0x06, 47: 0x19, 48: 0x05, 49: 0x11, 50: 0x10, 51: 0x36, 52: 0x37, 53: 0x38, 57: 0x2C,
    86: 0x64,  # beside the left Shift, ISO
    89: 0x87,  # International1: ro of JIS, the slash of ABNT2
    124: 0x89,  # International3: yen
}
# Linux code 43 is sent for two usages: 0x31 is the key above Enter of ANSI keyboards, 0x32 the key left of Enter of the others.
BACKSLASH = 43
SHAPE_USAGE = {"ansi": 0x31, "iso": 0x32, "jis": 0x32}
# Keys that not every keyboard of that shape has.
MISSING = {"ansi": {86, 89, 124}, "iso": {89, 124}, "jis": {86}}
LEFT_SHIFT, ALTGR = 42, 100
HELD = [[], [LEFT_SHIFT], [ALTGR], [LEFT_SHIFT, ALTGR]]
EVDEV_OFFSET = 8
DOWN, UP = 1, 0
COMPOSING, COMPOSED = 1, 2


class RuleNames(ctypes.Structure):
    _fields_ = [(name, c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


def library():
    try:
        xkb = ctypes.CDLL("libxkbcommon.so.0")
    except OSError as error:
        sys.exit(f"layouts: libxkbcommon is missing ({error}): run 'lab/setup.sh check'")
    signatures = {
        "xkb_context_new": (c_void_p, [c_int]),
        "xkb_keymap_new_from_names": (c_void_p, [c_void_p, ctypes.POINTER(RuleNames), c_int]),
        "xkb_state_new": (c_void_p, [c_void_p]),
        "xkb_state_unref": (None, [c_void_p]),
        "xkb_state_update_key": (c_int, [c_void_p, c_uint32, c_int]),
        "xkb_state_key_get_one_sym": (c_uint32, [c_void_p, c_uint32]),
        "xkb_keysym_to_utf32": (c_uint32, [c_uint32]),
        "xkb_keysym_get_name": (c_int, [c_uint32, c_char_p, c_size_t]),
        "xkb_compose_table_new_from_locale": (c_void_p, [c_void_p, c_char_p, c_int]),
        "xkb_compose_state_new": (c_void_p, [c_void_p, c_int]),
        "xkb_compose_state_reset": (None, [c_void_p]),
        "xkb_compose_state_feed": (c_int, [c_void_p, c_uint32]),
        "xkb_compose_state_get_status": (c_int, [c_void_p]),
        "xkb_compose_state_get_utf8": (c_int, [c_void_p, c_char_p, c_size_t]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(xkb, name)
        function.restype, function.argtypes = result, arguments
    return xkb


class Keyboard:
    """A layout, asked key by key."""

    def __init__(self, xkb, context, compose, layout, variant, shape):
        self.xkb, self.compose = xkb, compose
        names = RuleNames(RULES.encode(), MODEL[shape].encode(), layout.encode(), variant.encode(), b"")
        self.keymap = xkb.xkb_keymap_new_from_names(context, ctypes.byref(names), 0)
        if not self.keymap:
            sys.exit(f"layouts: xkb-data has no layout {layout}({variant})")

    def symbol(self, key, held):
        state = self.xkb.xkb_state_new(self.keymap)
        for modifier in held:
            self.xkb.xkb_state_update_key(state, modifier + EVDEV_OFFSET, DOWN)
        symbol = self.xkb.xkb_state_key_get_one_sym(state, key + EVDEV_OFFSET)
        self.xkb.xkb_state_unref(state)
        return symbol

    def name(self, symbol):
        text = ctypes.create_string_buffer(64)
        self.xkb.xkb_keysym_get_name(symbol, text, 64)
        return text.value.decode()

    def character(self, symbol):
        code = self.xkb.xkb_keysym_to_utf32(symbol)
        return chr(code) if code else ""

    def composed(self, *symbols):
        """What a sequence of symbols composes to; empty if it is no whole sequence."""
        self.xkb.xkb_compose_state_reset(self.compose)
        for symbol in symbols:
            self.xkb.xkb_compose_state_feed(self.compose, symbol)
        if self.xkb.xkb_compose_state_get_status(self.compose) != COMPOSED:
            return ""
        text = ctypes.create_string_buffer(64)
        self.xkb.xkb_compose_state_get_utf8(self.compose, text, 64)
        return text.value.decode()

    def has_altgr(self):
        return self.name(self.symbol(ALTGR, [])) in ("ISO_Level3_Shift", "Mode_switch")


def typable(text):
    """One printable character that the text, once it is composed (NFC), can hold."""
    return len(text) == 1 and unicodedata.category(text) not in ("Cc", "Cn", "Co", "Cs") and unicodedata.normalize("NFC", text) == text


def keys_of(shape):
    usage = {**USAGE, BACKSLASH: SHAPE_USAGE[shape]}
    return {key: usage[key] for key in usage if key not in MISSING[shape] or (shape == "iso" and key == 89)}


class Table:
    """The cheapest way to each character."""

    def __init__(self, keyboard, shape):
        self.keyboard = keyboard
        self.plain, self.dead, self.composed, self.symbols = {}, {}, {}, {}
        # what a keyboard types beside the cheapest way: by other keys, and by a dead key though it has a key of its own
        self.every, self.pairs = [], []
        held = HELD if keyboard.has_altgr() else HELD[:2]
        for key, usage in keys_of(shape).items():
            for level, modifiers in enumerate(held):
                self.key(usage, level, keyboard.symbol(key, modifiers))
        for name, (symbol, _) in sorted(self.dead.items(), key=lambda item: item[1][1]):
            self.compose(name, symbol)

    def key(self, usage, level, symbol):
        # Fewer modifiers first; then the keys that every keyboard has.
        stroke = (bin(level).count("1"), usage > 0x38, level, usage)
        character, name = self.keyboard.character(symbol), self.keyboard.name(symbol)
        if name.startswith("dead_"):
            self.every.append((stroke, name))
            self.better(self.dead, name, (symbol, stroke), lambda found: found[1])
        elif typable(character):
            self.every.append((stroke, character))
            if self.better(self.plain, character, stroke, lambda found: found):
                self.symbols[character] = symbol

    @staticmethod
    def better(table, key, value, cost):
        if key in table and cost(table[key]) <= cost(value):
            return False
        table[key] = value
        return True

    def compose(self, name, dead):
        for base in sorted(self.symbols):
            # What has a key of its own needs no dead one. A space beside an accent gives the accent.
            text = self.keyboard.composed(dead, self.symbols[base])
            self.pair(name, base, text)
        # Where a space does not give the accent alone, twice the same does.
        text = self.keyboard.composed(dead, dead)
        self.pair(name, None, text)

    def pair(self, name, base, text):
        if not typable(text):
            return
        if text in self.plain or self.composed.setdefault(text, (name, base)) != (name, base):
            self.pairs.append((name, base, text))


def stroke_text(stroke):
    _, _, level, usage = stroke
    return f"{usage:02x}{('', 's', 'g', 'sg')[level]}"


def lines_of(table):
    for character, stroke in sorted(table.plain.items(), key=lambda item: (item[1][3], item[1][2])):
        yield f"key {stroke_text(stroke)} {ord(character):04x} {shown(character)}"
    used = {by for by, _ in table.composed.values()} | {by for by, _, _ in table.pairs}
    simplest = {**table.plain, **{name: stroke for name, (_, stroke) in table.dead.items() if name in used}}
    for stroke, types in sorted(table.every, key=lambda item: (item[0][3], item[0][2])):
        if types in simplest and simplest[types] != stroke:
            yield f"same {stroke_text(stroke)} {stroke_text(simplest[types])} {shown(types) if len(types) == 1 else types[5:]}"
    for name, (_, stroke) in sorted(table.dead.items()):
        pairs = sorted((text, base or "") for text, (by, base) in table.composed.items() if by == name)
        others = sorted((base or "", text) for by, base, text in table.pairs if by == name)
        if pairs or others:
            yield f"dead {stroke_text(stroke)} {name[5:]}"
        for text, base in pairs:
            first = f"with {ord(base):04x}" if base else "twice"
            yield f"{first} {ord(text):04x} {shown(text)}"
        for base, text in others:
            second = f"{ord(base):04x}" if base else "twice"
            yield f"also {second} {ord(text):04x} {shown(text)}"


def shown(character):
    """For the reader alone."""
    return "" if unicodedata.category(character)[0] in "ZCM" else character


def version(package):
    query = ["dpkg-query", "-W", "-f=${Version}", package]
    found = subprocess.run(query, capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit(f"layouts: {package} is missing: run 'lab/setup.sh check'")
    return found.stdout


HEAD = """\
# {title}
# Made by layouts/make.py from xkb-data {data} ({layout}), compose table of libx11-data {compose} ({locale}). Not to be edited.
#   key STROKE CHARACTER        pressed alone; s: with Shift, g: with AltGr; numbers in hexadecimal
#   same STROKE STROKE          the first types what the second types, by which it is typed
#   dead STROKE NAME            a dead key; each "with BASE CHARACTER" below it: then BASE is typed; "twice": the same again; "also": these too, but there is a simpler way to it
"""


def render(layout_id, title, layout, variant, shape, tools):
    xkb, context, compose = tools
    table = Table(Keyboard(xkb, context, compose, layout, variant, shape), shape)
    shown_layout = f"{layout}({variant})" if variant else layout
    head = HEAD.format(
        title=title, layout=f"{shown_layout}, {MODEL[shape]}", locale=COMPOSE_LOCALE,
        data=version("xkb-data"), compose=version("libx11-data"))
    return head + f"name {title}\nxkb {MODEL[shape]} {layout} {variant}".rstrip() + "\n" + "\n".join(line.rstrip() for line in lines_of(table)) + "\n"


def render_all():
    xkb = library()
    context = xkb.xkb_context_new(0)
    table = xkb.xkb_compose_table_new_from_locale(context, COMPOSE_LOCALE.encode(), 0)
    if not table:
        sys.exit(f"layouts: there is no compose table for {COMPOSE_LOCALE}: libx11-data is missing: run 'lab/setup.sh check'")
    tools = (xkb, context, xkb.xkb_compose_state_new(table, 0))
    return {f"{layout[0]}.txt": render(*layout, tools) for layout in LAYOUTS}


def list_source():
    """The Rust side's list, so that no table is forgotten there."""
    rows = "".join(f'    ("{layout[0]}", include_str!("../layouts/{layout[0]}.txt")),\n' for layout in LAYOUTS)
    return (
        "//! The tables' list; made by layouts/make.py, not to be edited.\n\n"
        "/// Each layout's id and table.\n#[rustfmt::skip]\n"
        f"pub const TABLES: [(&str, &str); {len(LAYOUTS)}] = [\n{rows}];\n")


def main():
    # A locale's own compose file, or a person's, would change what is made.
    for variable in ("XCOMPOSEFILE", "XKB_CONFIG_ROOT", "XKB_DEFAULT_OPTIONS"):
        os.environ.pop(variable, None)
    os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    made = {HERE / name: text for name, text in render_all().items()}
    made[HERE.parent / "src/tables.rs"] = list_source()
    if sys.argv[1:] == ["check"]:
        wrong = sorted(path.name for path, text in made.items() if not path.exists() or path.read_text() != text)
        wrong += sorted(path.name for path in HERE.glob("*.txt") if path not in made)
        if wrong:
            sys.exit(f"layouts: {', '.join(wrong)} are not what {Path(__file__).name} makes with this machine's xkb-data: run it, and look at what changed")
        print(f"layouts: {len(LAYOUTS)} tables are what xkb-data gives")
        return
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    print(f"layouts: {len(LAYOUTS)} tables written")


main()
